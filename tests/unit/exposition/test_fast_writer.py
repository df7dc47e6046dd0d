"""The fast writer writes byte for byte what prometheus_client writes, in every format."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Gauge

from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.apps.results import ExtraResult, FetchResult
from wx_domain_exporter.apps.token_usage import TokenUsage
from wx_domain_exporter.config.schema import Collect
from wx_domain_exporter.config.settings import AppSettings
from wx_domain_exporter.domains.baseline import Expected
from wx_domain_exporter.domains.domain_list import DomainList
from wx_domain_exporter.exposition import cached_lines, fast_writer
from wx_domain_exporter.exposition.collector import DomainCollector
from wx_domain_exporter.exposition.fast_writer import FastWriter
from wx_domain_exporter.exposition.line_templates import escaped, number, templates_of
from wx_domain_exporter.exposition.results import AppResult, ScrapeResults
from wx_domain_exporter.fleet import no_account_status
from wx_domain_exporter.metrics.definitions import GAUGES
from wx_domain_exporter.web.negotiation import choose_encoder
from wx_domain_exporter.wechat.account_status import AccountStatus
from wx_domain_exporter.wechat.errors import ApiError, DeadlineError, QuotaError, TokenError
from wx_domain_exporter.wechat.quota import Quota

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wx_domain_exporter.exposition.line_templates import Encoder

OPENMETRICS = "application/openmetrics-text;version=1.0.0"
FORMATS = [
    "text/plain;version=0.0.4",
    *(
        f"{base};escaping={escaping}"
        for base in ("text/plain;version=1.0.0", OPENMETRICS)
        for escaping in ("allow-utf-8", "underscores")
    ),
]
LABEL_KEYS = ("a_first", "env", "zone")
CATEGORIES = ("requestdomain", "bizdomain", "udpdomain", "newdomain")
whole_fleets = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Generating a fleet can take long on a busy machine."""
UNUSED: Any = None
"""For what calls WeChat: no test here makes a call."""

# Any character of a label value, and often one with a meaning in a line or in a template.
ODD_CHARACTERS = '\\"\n{}%,=# 0\ue000\ue001'
CHARACTERS = st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from(ODD_CHARACTERS))
LABELS = st.text(CHARACTERS, max_size=8)
# A list of domains is kept as lines, so a domain has no line feed: `domains.normal_form` refuses it.
DOMAINS = LABELS.map(lambda text: text.replace("\n", "")).filter(bool)
LISTS = st.lists(DOMAINS, max_size=3).map(DomainList.of)
LISTS_OF_AN_APP = st.dictionaries(st.sampled_from(CATEGORIES), LISTS, max_size=3)
COUNTS = st.integers(0, 2**53)
SECONDS = st.one_of(st.floats(0, 1e3), st.floats(1.7e9, 1.8e9))
ERRORS = st.sampled_from(
    [
        ApiError("getwxadevinfo", 61007, "no"),
        QuotaError("getwxadevinfo", 45009, "no"),
        TokenError("no"),
        DeadlineError("no"),
    ]
)
ERRCODES = st.dictionaries(
    st.sampled_from(["getwxadevinfo", "stable_token"]), st.integers(-1, 99999), max_size=2
)
QUOTAS = st.none() | st.builds(Quota, COUNTS, COUNTS, COUNTS)
DOMAIN_SETS = st.frozensets(DOMAINS, max_size=2)
EXPECTED = st.builds(Expected, DOMAIN_SETS, st.none() | DOMAIN_SETS)
BASELINES = st.dictionaries(st.sampled_from(CATEGORIES), EXPECTED, max_size=2)


@st.composite
def apps(draw: st.DrawFn, collect: Collect) -> list[MonitoredApp]:
    return [
        MonitoredApp(
            AppSettings(
                appid=f"wx{place:016x}",
                name=draw(LABELS),
                labels=draw(st.dictionaries(st.sampled_from(LABEL_KEYS), LABELS)),
                token=UNUSED,
                baseline=draw(BASELINES),
            ),
            UNUSED,
            UNUSED,
            TokenUsage(),
            None,
            collect=collect,
        )
        for place in range(draw(st.integers(0, 3)))
    ]


@st.composite
def fetch_results(draw: st.DrawFn) -> FetchResult:
    lists, timestamp = draw(st.none() | LISTS_OF_AN_APP), draw(SECONDS)
    return FetchResult(
        categories=lists,
        error=draw(ERRORS) if lists is None else None,
        api_errors=draw(ERRCODES),
        seconds=draw(SECONDS),
        timestamp=timestamp,
        last_success=draw(st.sampled_from([None, timestamp]) | SECONDS),
    )


EXTRA_RESULTS = st.builds(ExtraResult, LISTS_OF_AN_APP, QUOTAS, ERRCODES)


@st.composite
def scrapes_of_a_fleet(draw: st.DrawFn) -> list[ScrapeResults]:
    """Three scrapes of one fleet; lists that stay the same are the same objects, as in the exporter."""
    collect = Collect(domains=draw(st.booleans()), max_domains=draw(st.integers(0, 6)))
    fleet = draw(apps(collect))
    results = ScrapeResults(
        apps=[AppResult(app, draw(fetch_results()), draw(EXTRA_RESULTS)) for app in fleet],
        label_keys=draw(st.sampled_from([LABEL_KEYS, ()])),
        limits=draw(st.dictionaries(st.sampled_from(CATEGORIES), COUNTS)),
        collect=collect,
        seconds=draw(SECONDS),
        account_status=draw(st.sampled_from([no_account_status, lambda _: AccountStatus.FROZEN])),
    )
    scrapes = [results]
    for _ in range(2):
        unchanged = [draw(st.booleans()) for _ in fleet]
        later = [
            app if stays else AppResult(app.app, draw(fetch_results()), draw(EXTRA_RESULTS))
            for app, stays in zip(scrapes[-1].apps, unchanged, strict=True)
        ]
        scrapes.append(replace(results, apps=later, seconds=draw(SECONDS)))
    return scrapes


def registry_of(results: ScrapeResults) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(DomainCollector(lambda: results))
    return registry


def written(writer: FastWriter, results: ScrapeResults, encode: Encoder) -> bytes:
    return "".join(writer.write(results, encode)).encode() + encode(CollectorRegistry())


@whole_fleets
@given(scrapes=scrapes_of_a_fleet(), formats=st.lists(st.sampled_from(FORMATS), min_size=3, max_size=3))
def test_whole_scrapes_are_written_as_prometheus_client_writes_them(
    scrapes: list[ScrapeResults], formats: list[str]
) -> None:
    writer = FastWriter()
    for results, accept in zip(scrapes, formats, strict=True):
        encode, _ = choose_encoder(accept)
        assert written(writer, results, encode) == encode(registry_of(results))


@whole_fleets
@given(scrapes=scrapes_of_a_fleet(), names=st.sets(st.sampled_from([gauge.name for gauge in GAUGES])))
def test_so_are_the_families_of_a_selection(scrapes: list[ScrapeResults], names: set[str]) -> None:
    encode, _ = choose_encoder(OPENMETRICS)
    text = "".join(FastWriter().write(scrapes[0], encode, names)).encode()
    assert text + encode(CollectorRegistry()) == encode(registry_of(scrapes[0]).restricted_registry(names))


@given(value=st.floats(allow_nan=False, allow_infinity=False) | st.integers(0, 2**60))
@example(999999.0)
@example(1e6)
@example(1e16)
@example(-2e6)
def test_a_number_is_written_as_prometheus_client_writes_it(value: float) -> None:
    assert one_sample(value, "").decode().endswith(f" {number(value)}\n"), (
        "prometheus_client writes numbers in another way than `number` of exposition/line_templates.py"
    )


@given(label=LABELS)
def test_a_label_is_written_as_prometheus_client_writes_it(label: str) -> None:
    assert f'{{label="{escaped(label)}"}}' in one_sample(0, label).decode(), (
        "prometheus_client escapes labels in another way than `escaped` of exposition/line_templates.py"
    )


def one_sample(value: float, label: str) -> bytes:
    registry = CollectorRegistry()
    Gauge("gauge", "help", ["label"], registry=registry).labels(label).set(value)
    return choose_encoder("")[0](registry)


def test_formats_that_differ_only_in_their_heads_share_their_lines() -> None:
    lines = [templates_of(choose_encoder(accept)[0], LABEL_KEYS).lines for accept in FORMATS]
    assert all(mapping is lines[0] for mapping in lines)


class TestCache:
    """Cached lines are reused while the app's lists, its baseline and the line templates stay the same."""

    @pytest.fixture
    def written_apps(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """The AppIDs of the apps whose lines were written to be cached, in their order."""
        appids: list[str] = []
        original = cached_lines.cached_lines_of

        def note(app: AppResult, *arguments: Any) -> Any:
            appids.append(app.appid)
            return original(app, *arguments)

        monkeypatch.setattr(fast_writer, "cached_lines_of", note)
        return appids

    def test_unchanged_lists_are_written_once_in_all_formats(self, written_apps: list[str]) -> None:
        writer, results = FastWriter(), results_of_apps(A=LISTS_OF_A, B={})
        for accept in FORMATS:
            written(writer, results, choose_encoder(accept)[0])
        assert written_apps == ["A", "B"]

    def test_an_app_that_failed_meanwhile_is_not_written_again(self, written_apps: list[str]) -> None:
        writer, good = FastWriter(), results_of_apps(A=LISTS_OF_A)
        for results in (good, failed(good), good):
            written(writer, results, choose_encoder("")[0])
        assert written_apps == ["A"]

    def test_an_app_with_another_configuration_is_written_again(self, written_apps: list[str]) -> None:
        writer = FastWriter()
        for _ in range(2):  # a reload makes a new app, which inherits the lists
            written(writer, results_of_apps(A=LISTS_OF_A), choose_encoder("")[0])
        assert written_apps == ["A", "A"]

    def test_an_app_that_is_gone_is_forgotten(self, written_apps: list[str]) -> None:
        writer, results = FastWriter(), results_of_apps(A=LISTS_OF_A)
        for scrape in (results, results_of_apps(), results):
            written(writer, scrape, choose_encoder("")[0])
        assert written_apps == ["A", "A"]


LISTS_OF_A = {"requestdomain": DomainList.of(["https://a.example.com"])}


def results_of_apps(**lists: Mapping[str, DomainList]) -> ScrapeResults:
    """A scrape of apps with these lists, whose fetches succeeded."""
    app_results = [
        AppResult(
            MonitoredApp(AppSettings(appid, appid, {}, UNUSED), UNUSED, UNUSED, TokenUsage(), None),
            FetchResult(app_lists, None, {}, 0.1, 1.7e9, 1.7e9),
            ExtraResult({}, None, {}),
        )
        for appid, app_lists in lists.items()
    ]
    return ScrapeResults(app_results, (), {}, Collect(), 0.2)


def failed(results: ScrapeResults) -> ScrapeResults:
    """The same scrape, in which all fetches failed."""
    result = FetchResult(None, DeadlineError("no"), {}, 0.1, 1.7e9, None)
    return replace(results, apps=[app._replace(result=result) for app in results.apps])
