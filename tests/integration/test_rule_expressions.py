"""Every expression of the shipped rules has a result in a real Prometheus after each kind of fault."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
from helpers.exporter_process import exporter
from helpers.fleets import APPSECRET, SmallFleet, appid, own_platform, serve
from helpers.json_text import as_json
from helpers.programs import OWN
from helpers.real_prometheus import configured_prometheus
from helpers.real_victoriametrics import AT_ONCE, victoria_metrics
from helpers.shipped_rules import RULE_FILES, expressions, ruled_prometheus, written_rules
from helpers.waiting import wait_until

from wx_domain_exporter.simulator.app_settings import SimulatedApp
from wx_domain_exporter.simulator.world import SimulatedPlatform, World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from helpers.exporter_process import Exporter
    from helpers.real_prometheus import Prometheus

APPS = 12
FIRST: tuple[dict[str, object], ...] = (
    {"errcode": 48001},
    {"errcode": 61003},
    {"whitelisted": False, "invalidate_tokens": True},
    {"errcode": 85015},
)
"""The faults of the first four apps, one class each; few enough for an alert for each app."""
SECOND: tuple[dict[str, object], ...] = (
    {"token_errcode": 40125, "invalidate_tokens": True},
    {"daily_limit": 0},
    {"hang": True},
)
"""The faults of the next three apps."""
UNRELEASED, LISTED, GONE, ELSEWHERE, SPENT = map(appid, range(7, APPS))
LISTS = {
    "requestdomain": ["https://a.example.com", "https://b.example.com"],
    "udpdomain": ["udp://c.example.com"],
}
LIMITS = {"requestdomain": 2}
BASELINE = {"requestdomain": {"exact": ["https://a.example.com", "https://b.example.com"]}}
PLATFORM = appid(99)


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[SmallFleet]:
    world = World()
    for number in range(APPS):
        world.add(SimulatedApp(appid=appid(number), name=f"app {number}", appsecret=APPSECRET, domains=LISTS))
    world.patch(SPENT, {"daily_limit": 10_000})
    for _ in range(9_000):
        world.spend_quota("getwxadevinfo", world.apps[SPENT])
    world.add_platform(SimulatedPlatform(component_appid=PLATFORM, component_appsecret=APPSECRET))
    world.patch_platform(PLATFORM, {"server_hosts": {"published": ["a.example.com"]}})
    world.authorize(PLATFORM, SPENT).account_status = 19
    with serve(world, tmp_path) as running:
        yield running


def configure(fleet: SmallFleet, *without: str) -> None:
    token = {"type": "stable_token", "appsecret": APPSECRET}
    fleet.configure(
        apps=[
            {"appid": one, "name": f"app {number}", "token": token}
            for number, one in enumerate(map(appid, range(APPS)))
            if one not in without
        ],
        scrape={"timeout_offset": "100ms"},
        collect={"effective": True, "quota": True, "account": True},
        limits=LIMITS,
        baselines={LISTED: BASELINE},
        platforms={
            "main": own_platform(
                fleet.world.platforms[PLATFORM],
                discover=True,
                discover_interval="1s",
                collect_domains=True,
                # Another interval makes the exporter read the lists again at once.
                domains_interval="1h" if without else "1d",
                domains_baseline={"wxa_server_domain": {"exact": ["a.example.com"]}},
            )
        },
        app_files=["apps.d/*.yml"],
    )


@pytest.fixture
def program(fleet: SmallFleet, tmp_path: Path) -> Iterator[Exporter]:
    (tmp_path / "apps.d").mkdir()
    configure(fleet)
    with exporter(f"--config.file={fleet.path}") as running:
        yield running


@pytest.fixture
def second(fleet: SmallFleet, tmp_path: Path) -> Iterator[Exporter]:
    """A second exporter with results that get old, in which an app fails that is up in the first one."""
    token = {"type": "stable_token", "appsecret": APPSECRET}
    wrong = {"type": "stable_token", "appsecret": "f" * 32}
    apps = [{"appid": ELSEWHERE, "token": wrong}, {"appid": appid(50), "name": "only here", "token": token}]
    fleet.world.add(SimulatedApp(appid=appid(50), appsecret=APPSECRET, domains=LISTS))
    path = tmp_path / "second.yml"
    path.write_text(
        as_json(
            {
                "wechat": {"base_url": fleet.url},
                "scrape": {"min_interval": "1h"},
                "limits": LIMITS,
                "apps": apps,
            }
        )
    )
    with exporter(f"--config.file={path}") as running:
        yield running


class ExpressionResults:
    """Tracks which expressions have had a result, and in which servers not yet."""

    def __init__(self, *servers: Prometheus) -> None:
        self._expressions = dict(expressions(written_rules("--scrape-interval=1s")))
        self.missing = {name: list(servers) for name in self._expressions}
        self.update()

    def update(self) -> None:
        for name, servers in list(self.missing.items()):
            servers[:] = [server for server in servers if not server.query(self._expressions[name])]
            if not servers:
                del self.missing[name]

    def wait_for(self, *names: str) -> None:
        """Wait until all of these have had a result."""

        def complete() -> bool:
            self.update()
            return not self.missing.keys() & set(names)

        try:
            wait_until(complete, "all have a result")
        except AssertionError as error:
            missing = {name: servers for name, servers in self.missing.items() if name in names}
            raise AssertionError(missing) from error


def break_one_of_each_kind(world: World, folder: Path) -> tuple[str, ...]:
    """What then has a result: four classes of failures, and all that can be said of lists."""
    for number, fault in enumerate(FIRST):
        world.patch(appid(number), fault)
    world.patch(LISTED, {"domains": {"requestdomain": ["https://a.example.com", "https://evil.example.net"]}})
    world.patch(UNRELEASED, {"effective": {"requestdomain": ["https://a.example.com"]}})
    (folder / "apps.d" / "broken.yml").write_text("- nonsense")
    return (
        *(
            f"appid:wx_domain_down:class{name}"
            for name in ("address", "authorization", "permission", "other")
        ),
        *(
            "WxDomainAddressRefused",
            "WxDomainAuthorizationLost",
            "WxDomainPermissionDenied",
            "WxDomainAppDown",
        ),
        *("WxDomainRequiredMissing", "WxDomainUnexpectedDomain", "WxDomainListEmpty", "WxDomainNotInForce"),
        *("WxDomainListChanged", "WxDomainNearLimit", "WxDomainExportersDisagree", "WxDomainScrapeFailed"),
        *("WxDomainAppFileBroken", "WxDomainFiguresStale", "WxDomainQuotaNearlyUsed"),
        "WxDomainAccountRestricted",
        *("appid_category_domain:wx_domain_info:added", "appid_category_domain:wx_domain_info:removed"),
    )


def break_others(fleet: SmallFleet) -> tuple[str, ...]:
    """What then has a result: the other classes, quotas, and who disappears; to be read by a reload."""
    world = fleet.world
    for number in range(len(FIRST)):
        world.patch(appid(number), {"errcode": 0, "whitelisted": True})
    for number, fault in enumerate(SECOND, len(FIRST)):
        world.patch(appid(number), fault)
    body = '{"published_wxa_server_domain": "b.example.com"}'  # without jump domains
    world.patch_platform(PLATFORM, {"info_errcode": 50001, "domains_raw_body": body})
    for number in range(100, 105):
        world.add(SimulatedApp(appid=appid(number), appsecret=APPSECRET))
        world.authorize(PLATFORM, appid(number))
    configure(fleet, GONE)
    return (
        *(f"appid:wx_domain_down:class{name}" for name in ("token", "quota", "deadline")),
        *("WxDomainTokenFailing", "WxDomainQuotaExhausted", "WxDomainScrapeDeadline", "WxDomainScrapeSlow"),
        *("WxDomainAppsGone", "WxDomainDiscoveryFailing"),
        *("WxDomainPlatformListChanged", "WxDomainPlatformDrift", "WxDomainPlatformListsUnread"),
    )


def let_fail_now_and_then(world: World, one: str, server: Prometheus, results: ExpressionResults) -> None:
    """Until there is a result of this: an alert that asks how often an app comes back."""
    for _ in range(15):
        for errcode, up in ((85015, 0), (0, 1)):
            world.patch(one, {"errcode": errcode})
            server.wait_for(f'wx_domain_up{{appid="{one}"}} == {up}')
        results.update()
        if "WxDomainAppUnsteady" not in results.missing:
            break


@pytest.fixture
def copies(tmp_path: Path) -> Iterator[list[Prometheus]]:
    """Servers that get the samples of another one: VictoriaMetrics, and the older Prometheus."""
    receiving = "--web.enable-remote-write-receiver"
    with (
        victoria_metrics(tmp_path / "victoria-metrics", AT_ONCE) as other,
        configured_prometheus(tmp_path / "older", {}, receiving, release=OWN) as older,
    ):
        yield [other, older]


FAILING_RULES = {
    "groups": [
        {
            "name": "wx_domain_failing",
            "rules": [{"record": "many_to_many", "expr": 'up{job="wx_domain"} + on () up{job="wx_domain"}'}],
        }
    ]
}
"""Two rows on both sides, which Prometheus refuses to match."""


def test_each_expression_has_a_result_in_prometheus_2_and_3_and_in_victoriametrics(
    fleet: SmallFleet, program: Exporter, second: Exporter, copies: list[Prometheus], tmp_path: Path
) -> None:
    targets = [program.url, second.url, "http://127.0.0.1:1"]
    (tmp_path / "prometheus").mkdir()
    (tmp_path / "prometheus" / "failing.rules.yml").write_text(as_json(FAILING_RULES))
    # With the flag there is a scrape_timeout_seconds, of one second.
    with ruled_prometheus(
        tmp_path / "prometheus", targets, "--enable-feature=extra-scrape-metrics", copies=copies
    ) as server:
        results = ExpressionResults(server, *copies)
        results.wait_for("WxDomainAbsent")
        server.wait_for(f"count(appid_category:wx_domain_domains:named) == {6 * (APPS + 1)}")

        results.wait_for(*break_one_of_each_kind(fleet.world, tmp_path))

        let_fail_now_and_then(fleet.world, LISTED, server, results)

        names = break_others(fleet)
        program.send(signal.SIGHUP)
        results.wait_for(*names)

        fleet.path.write_text("- nonsense")
        program.send(signal.SIGHUP)
        for number in range(len(FIRST) + 1):
            fleet.world.patch(appid(number), {"errcode": 85015})
        results.wait_for("wx_domain_down:many", "WxDomainManyAppsDown", "WxDomainConfigReloadFailed")
        results.wait_for("WxDomainRulesFailing")

        # Only a busy machine makes Prometheus leave out an evaluation; but it counts them.
        missed = 'prometheus_rule_group_iterations_missed_total{rule_group=~".*;wx_domain_.*"}'
        server.wait_for(f"count({missed}) == 6")
        assert set(results.missing) <= {"WxDomainRulesMissed"}


def test_prometheus_evaluates_each_file_in_both_languages(release: str, tmp_path: Path) -> None:
    for file in RULE_FILES:
        for lang in ("en", "zh"):
            flags = (f"--lang={lang}", "--scrape-interval=1s", "--status-url=http://localhost:12324")
            (tmp_path / f"{lang}.{file.name}").write_text(written_rules(file.name, *flags))
    files = len(RULE_FILES) * 2 + 1
    with ruled_prometheus(tmp_path, [], release=release) as server:

        def evaluated() -> bool:
            groups = server.get("/api/v1/rules")["groups"]
            health = [rule["health"] for group in groups for rule in group["rules"]]
            assert "err" not in health
            return len({group["file"] for group in groups}) == files and "unknown" not in health

        wait_until(evaluated, "all rules are evaluated")
