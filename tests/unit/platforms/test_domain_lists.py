from __future__ import annotations

from typing import TYPE_CHECKING

import gevent
import pytest
from helpers.samples import samples
from prometheus_client import CollectorRegistry, generate_latest
from structlog.testing import capture_logs

from wx_domain_exporter.exposition.platform_families import PlatformDomainsCollector
from wx_domain_exporter.wechat.errors import ApiError, DecodeError, FetchError

if TYPE_CHECKING:
    from helpers.discovery_setup import DiscoveryStage

    from wx_domain_exporter.platforms.domain_lists import PlatformDomains
    from wx_domain_exporter.tasks import Tasks

SERVER, JUMP = "wxa_server_domain", "wxa_jump_h5_domain"
API, EVIL, CDN = "api.example.com", "evil.example.net", "cdn.example.com"


@pytest.fixture(autouse=True)
def hosts(stage: DiscoveryStage) -> None:
    stage.patch(
        server_hosts={"published": [API], "testing": [API, CDN], "invalid": ["bad.example.com"]},
        jump_hosts={"published": None, "testing": []},
    )


def calls(stage: DiscoveryStage) -> tuple[int, int]:
    """How often each of the two APIs was called."""
    appid, count = stage.simulated.component_appid, stage.world.calls
    return count["modify_wxa_server_domain", appid], count["modify_wxa_jump_domain", appid]


def exposed(*platforms: PlatformDomains) -> str:
    registry = CollectorRegistry()
    registry.register(PlatformDomainsCollector(lambda: platforms))
    return generate_latest(registry).decode()


def shown(platform: PlatformDomains, name: str) -> dict[tuple[str, ...], float]:
    """The samples of a metric by the values of its labels, without that of the platform."""
    return {
        tuple(text for key, text in sorted(labels.items()) if key != "platform"): number
        for metric, labels, number in found(exposed(platform))
        if metric == f"wx_domain_platform_{name}"
    }


def found(text: str) -> list[tuple[str, dict[str, str], float]]:
    return [(name, dict(labels), number) for (name, labels), number in samples(text).items()]


def fail(stage: DiscoveryStage, platform: PlatformDomains) -> FetchError:
    stage.patch(domains_errcode=48001)
    platform.resume()
    platform.read_due()
    error = platform.readings[SERVER].error
    assert error is not None
    return error


class TestReading:
    def test_shows_the_lists_of_both_versions(self, stage: DiscoveryStage) -> None:
        platform = stage.own_lists()
        platform.read_due()
        assert shown(platform, "up") == {(SERVER,): 1, (JUMP,): 1}
        assert shown(platform, "domains") == {
            (SERVER, "published"): 1,
            (SERVER, "testing"): 2,
            (JUMP, "testing"): 0,
        }
        assert shown(platform, "hash").keys() == shown(platform, "domains").keys()
        assert shown(platform, "invalid_domains") == {(SERVER,): 1, (JUMP,): 0}
        assert shown(platform, "domains_limit") == {(SERVER,): 1000, (JUMP,): 300}
        times = shown(platform, "last_success_timestamp_seconds")
        assert set(times) == {(SERVER,), (JUMP,)}
        assert min(times.values()) > 1.7e9

    def test_changes_nothing_and_sends_one_body_only(self, stage: DiscoveryStage) -> None:
        platform = stage.own_lists()
        platform.read_due()
        assert calls(stage) == (1, 1)
        assert stage.simulated.domain_changes == 0
        assert stage.simulated.server_hosts.published == [API]

    def test_happens_once_in_the_interval(self, stage: DiscoveryStage) -> None:
        platform = stage.own_lists()
        for _ in range(3):
            platform.read_due()
        assert calls(stage) == (1, 1)

    def test_without_one_nothing_is_shown_but_the_limits(self, stage: DiscoveryStage) -> None:
        assert {name for name, _, _ in found(exposed(stage.own_lists()))} == {
            "wx_domain_platform_domains_limit"
        }
        assert exposed().strip() == ""


BASELINE = {
    SERVER: {"required": [API, "m.example.com"], "allowed": ["*.example.net"]},
    JUMP: {"exact": ["m.example.com"]},
}


class TestABaseline:
    def test_is_compared_with_each_version(self, stage: DiscoveryStage) -> None:
        platform = stage.own_lists(domains_baseline=BASELINE)
        stage.patch(server_hosts={"published": [API, EVIL, "m.example.com"], "testing": [API, CDN]})
        platform.read_due()
        assert shown(platform, "baseline_match") == {
            (SERVER, "published"): 1,
            (SERVER, "testing"): 0,
            (JUMP, "testing"): 0,
        }
        assert shown(platform, "missing_domain") == {
            (SERVER, "m.example.com", "testing"): 1,
            (JUMP, "m.example.com", "testing"): 1,
        }
        assert shown(platform, "unexpected_domain") == {(SERVER, CDN, "testing"): 1}

    def test_of_an_endless_list_shows_as_many_domains_as_wechat_allows(self, stage: DiscoveryStage) -> None:
        platform = stage.own_lists(domains_baseline={JUMP: {"exact": []}})
        stage.patch(jump_hosts={"testing": [f"h{number}.example.com" for number in range(1000)]})
        platform.read_due()
        assert shown(platform, "domains")[JUMP, "testing"] == 1000
        assert len(shown(platform, "unexpected_domain")) == 300


class TestAFailure:
    def test_keeps_the_last_lists_and_names_the_errcode(self, stage: DiscoveryStage) -> None:
        platform = stage.own_lists()
        platform.read_due()
        before = shown(platform, "hash")
        platform._schedules[SERVER].read_now()
        with capture_logs() as logs:
            stage.patch(domains_errcode=48001)
            platform.read_due()
        assert shown(platform, "up") == {(SERVER,): 0, (JUMP,): 1}
        assert shown(platform, "hash") == before
        assert shown(platform, "api_error") == {("modify_wxa_server_domain", SERVER, "48001"): 1}
        (log,) = logs
        assert (log["platform"], log["category"]) == ("main", SERVER)
        stage.patch(domains_errcode=0)
        platform.resume()
        platform.read_due()
        assert shown(platform, "up") == {(SERVER,): 1, (JUMP,): 1}
        assert shown(platform, "api_error") == {}

    def test_is_repeated_after_a_while_that_grows(self, stage: DiscoveryStage) -> None:
        platform = stage.own_lists()
        error = fail(stage, platform)
        assert isinstance(error, ApiError)
        assert 590 < platform._schedules[SERVER].seconds_left <= 600
        fail(stage, platform)
        assert 1190 < platform._schedules[SERVER].seconds_left <= 1200
        assert calls(stage) == (2, 2)
        platform.read_due()
        assert calls(stage) == (2, 2)

    def test_of_the_token_is_shown_with_its_api(self, stage: DiscoveryStage) -> None:
        platform = stage.own_lists()
        stage.patch(component_errcode=61005)
        platform.read_due()
        assert shown(platform, "api_error") == {
            ("api_component_token", SERVER, "61005"): 1,
            ("api_component_token", JUMP, "61005"): 1,
        }
        assert calls(stage) == (0, 0)

    @pytest.mark.parametrize(
        "body",
        [
            '{"errcode": 0, "errmsg": "ok"}',
            '{"testing_wxa_server_domain": ["a.example.com"], "testing_wxa_jump_h5_domain": 1}',
            '{"testing_wxa_server_domain": "a\\u0007.com", "testing_wxa_jump_h5_domain": "b\\u0000"}',
            "[]",
        ],
    )
    def test_of_the_answer_is_one(self, stage: DiscoveryStage, body: str) -> None:
        platform = stage.own_lists()
        stage.patch(domains_raw_body=body)
        platform.read_due()
        assert isinstance(platform.readings[SERVER].error, DecodeError)
        assert isinstance(platform.readings[JUMP].error, DecodeError)

    def test_of_our_code_ends_nothing(self, stage: DiscoveryStage, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object) -> None:
            raise ZeroDivisionError

        platform = stage.own_lists()
        monkeypatch.setattr("wx_domain_exporter.platforms.domain_lists.read_platform_lists", fail)
        platform.read_due()
        assert str(platform.readings[SERVER].error) == "internal error: ZeroDivisionError"


def test_an_answer_can_lack_the_errcode_and_have_odd_spellings(stage: DiscoveryStage) -> None:
    platform = stage.own_lists(domains_baseline={SERVER: {"exact": [API, CDN]}})
    hosts = " API.example.com ;;cdn.example.com;"
    body = f'{{"published_wxa_server_domain": "{hosts}", "testing_wxa_jump_h5_domain": ""}}'
    stage.patch(domains_raw_body=body)
    platform.read_due()
    assert shown(platform, "domains") == {(SERVER, "published"): 2, (JUMP, "testing"): 0}
    assert shown(platform, "baseline_match") == {(SERVER, "published"): 1}


def test_a_change_is_logged_with_its_domains(stage: DiscoveryStage) -> None:
    platform = stage.own_lists()
    with capture_logs() as logs:
        platform.read_due()
        assert logs == []
        stage.patch(
            server_hosts={"published": [EVIL], "testing": [f"h{number}.example.com" for number in range(30)]}
        )
        platform._schedules[SERVER].read_now()
        platform.read_due()
    published, testing = logs
    assert (published["version"], published["added"], published["removed"], published["left_out"]) == (
        "published",
        EVIL,
        API,
        0,
    )
    assert (len(testing["added"].split()), testing["left_out"]) == (20, 10)


def test_a_list_that_is_not_named_for_a_while_is_told_and_compared_with_the_one_before(
    stage: DiscoveryStage,
) -> None:
    platform = stage.own_lists()
    platform.read_due()
    told = []
    for published in (None, None, [EVIL]):
        stage.patch(server_hosts={"published": published, "testing": [API, CDN]})
        platform._schedules[SERVER].read_now()
        with capture_logs() as logs:
            platform.read_due()
        told.append([(log["event"], log["version"], log.get("added")) for log in logs])
    assert told == [
        [("WeChat does not name this list of the platform any more", "published", None)],
        [],
        [("domains of the platform changed", "published", EVIL)],
    ]


def test_a_list_that_is_named_for_the_first_time_later_on_is_a_change(stage: DiscoveryStage) -> None:
    platform = stage.own_lists()
    platform.read_due()
    stage.patch(jump_hosts={"published": [API], "testing": []})
    platform._schedules[JUMP].read_now()
    with capture_logs() as logs:
        platform.read_due()
    assert [(log["version"], log["added"], log["removed"]) for log in logs] == [("published", API, "")]


def test_a_difference_is_computed_once(stage: DiscoveryStage) -> None:
    platform = stage.own_lists(domains_baseline=BASELINE)
    platform.read_due()
    assert platform.drift(SERVER, "testing") is platform.drift(SERVER, "testing") is not None


def test_a_refused_token_of_this_reading_does_not_pause_the_source(stage: DiscoveryStage) -> None:
    platform, discovery = stage.own_lists(), stage.discovery()
    discovery.platform.component_token = platform._platform.component_token
    stage.patch(domains_errcode=40001)
    platform.read_due()
    assert shown(platform, "up") == {(SERVER,): 0, (JUMP,): 0}
    assert calls(stage) == (1, 1)
    discovery.discover()
    assert discovery.failure is None
    assert len(discovery.apps) == len(stage.appids)


def test_a_doubtful_answer_is_forgotten_and_read_again(stage: DiscoveryStage) -> None:
    platform = stage.own_lists()
    platform.read_due()
    stage.client.desyncs.note(platform.readings[JUMP].received)
    platform.read_due()
    assert calls(stage) == (1, 2)


class TestAReload:
    def test_with_another_baseline_reads_nothing(self, stage: DiscoveryStage) -> None:
        platform, other = stage.own_lists(), stage.own_lists(domains_baseline={SERVER: {"exact": [API]}})
        platform.read_due()
        assert platform.serves(platform._platform, other.settings)
        platform.settings = other.settings
        platform.read_due()
        assert calls(stage) == (1, 1)
        assert shown(platform, "baseline_match") == {(SERVER, "published"): 1, (SERVER, "testing"): 0}

    def test_with_another_token_source_reads_nothing(self, stage: DiscoveryStage) -> None:
        old, new = stage.own_lists(), stage.own_lists()
        old.read_due()
        assert not old.serves(new._platform, new.settings)
        new.inherit(old)
        new.read_due()
        assert calls(stage) == (1, 1)
        assert shown(new, "hash") == shown(old, "hash")

    def test_with_another_interval_reads_and_keeps_what_is_known_until_then(
        self, stage: DiscoveryStage
    ) -> None:
        old, new = stage.own_lists(), stage.own_lists(domains_interval="1h")
        old.read_due()
        assert not old.serves(old._platform, new.settings)
        assert not old.serves(new._platform, old.settings)
        new.inherit(old)
        assert shown(new, "domains") == shown(old, "domains")
        with capture_logs() as logs:
            stage.patch(server_hosts={"published": [EVIL], "testing": [API, CDN]})
            new.read_due()
        assert calls(stage) == (2, 2)
        assert [(log["added"], log["removed"]) for log in logs] == [(EVIL, API)]

    def test_reads_only_what_failed(self, stage: DiscoveryStage) -> None:
        platform = stage.own_lists()
        platform.read_due()
        platform._schedules[JUMP].read_now()
        stage.patch(domains_errcode=-1)
        platform.read_due()
        server, jump = calls(stage)
        platform.resume()
        stage.patch(domains_errcode=0)
        platform.read_due()
        assert calls(stage) == (server, jump + 1)


def test_it_reads_by_itself_until_it_is_stopped(stage: DiscoveryStage, tasks: Tasks) -> None:
    platform = stage.own_lists()

    def run_for_a_while() -> None:
        running = gevent.spawn(platform.run)
        while len(platform.readings) < len((SERVER, JUMP)):
            gevent.sleep(0.01)
        platform.stop()
        running.join(20)
        assert running.dead

    tasks.submit(run_for_a_while).result(60)
    assert calls(stage) == (1, 1)


def test_a_stopped_one_shows_nothing_more(stage: DiscoveryStage) -> None:
    platform = stage.own_lists()
    platform.stop()
    platform.read_due()
    assert platform.readings == {}
