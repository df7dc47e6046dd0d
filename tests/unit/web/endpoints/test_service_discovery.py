from __future__ import annotations

import contextlib
import json
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from helpers.discovery_setup import own_token
from helpers.fleets import APPSECRET, SmallFleet, appid, platform_fleet, serve
from helpers.http_requests import request
from helpers.serving import Serving, serving_file
from helpers.waiting import wait_until

from wx_domain_exporter.scrape_timeout import HEADER
from wx_domain_exporter.web.endpoints import service_discovery
from wx_domain_exporter.web.endpoints.known_lists import known_lists_of
from wx_domain_exporter.web.endpoints.sd_targets import app_groups, domain_groups

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

A, B = appid(0), appid(1)
STABLE = {"type": "stable_token", "appsecret": APPSECRET}
ODD = {
    "requestdomain": ["https://api.example.com/", "https://例子.测试"],
    "wsrequestdomain": ["wss://api.example.com", "wss://https://chat.example.com"],
    "udpdomain": ["udp://voice.example.com"],
    "bizdomain": ["https://m.example.com"],
}
IDN = "https://xn--fsqu00a.xn--0zwm56d"


@pytest.fixture
def running(fleet: SmallFleet) -> Iterator[Serving]:
    with serving_file(fleet.path) as running:
        yield running


def get(running: Serving, path: str) -> Any:
    answer = request(running.url + path)
    assert answer.status == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    return json.loads(answer.body)


def targets(running: Serving, path: str) -> list[str]:
    return [target for group in get(running, path) for target in group["targets"]]


def scrape(running: Serving) -> None:
    assert request(f"{running.url}/metrics").status == 200


class TestApps:
    def test_each_has_its_name_and_labels_and_wechat_is_not_called(
        self, fleet: SmallFleet, running: Serving
    ) -> None:
        labelled = {"appid": B, "name": "商城", "labels": {"team": "growth"}, "token": STABLE}
        fleet.configure(apps=[labelled, {"appid": A, "token": STABLE}])
        assert running.service.reload()
        assert get(running, "/sd") == [
            {"targets": [A], "labels": {"__meta_wx_domain_name": A}},
            {
                "targets": [B],
                "labels": {"__meta_wx_domain_name": "商城", "__meta_wx_domain_label_team": "growth"},
            },
        ]
        assert not fleet.world.calls

    def test_a_failing_app_is_there_too(self, fleet: SmallFleet, running: Serving) -> None:
        fleet.world.patch(A, {"errcode": 61007})
        scrape(running)
        assert targets(running, "/sd") == [A, B]


class TestDiscovery:
    @pytest.fixture
    def fleet(self, tmp_path: Path) -> Iterator[SmallFleet]:
        with serve(platform_fleet(3, 1), tmp_path) as fleet:
            [platform] = fleet.world.platforms.values()
            fleet.configure(apps=[], platforms={"main": {**own_token(platform), "discover": True}})
            yield fleet

    @pytest.mark.parametrize("path", ["/sd", "/sd/domains"])
    def test_before_it_is_complete_the_answer_is_503(
        self, fleet: SmallFleet, running: Serving, path: str
    ) -> None:
        [platform] = fleet.world.platforms
        fleet.world.patch_platform(platform, {"list_errcode": 61004})
        running.service.discover()
        answer = request(running.url + path)
        assert answer.status == 503
        assert "discovered" in answer.text
        fleet.world.patch_platform(platform, {"list_errcode": 0})
        running.service.discover()
        scrape(running)
        assert get(running, path)

    def test_the_targets_can_be_probed(self, fleet: SmallFleet, running: Serving) -> None:
        running.service.discover()
        appids = targets(running, "/sd")
        [authorizations] = fleet.world.authorizations.values()
        assert appids == sorted(one for one, granted in authorizations.items() if granted.mini_program)
        assert all(request(f"{running.url}/probe?target={one}").status == 200 for one in appids)
        other = next(one for one, granted in authorizations.items() if not granted.mini_program)
        assert request(f"{running.url}/probe?target={other}").status == 404

    def test_a_list_that_fails_later_changes_nothing(self, fleet: SmallFleet, running: Serving) -> None:
        running.service.discover()
        appids = targets(running, "/sd")
        [platform] = fleet.world.platforms
        fleet.world.patch_platform(platform, {"list_errcode": 61004})
        running.service.discover()
        assert targets(running, "/sd") == appids


class TestDomainsReadiness:
    def test_before_every_app_was_fetched_the_answer_is_503(
        self, fleet: SmallFleet, running: Serving
    ) -> None:
        for probed, missing in ((None, 2), (A, 1)):
            if probed is not None:
                request(f"{running.url}/probe?target={probed}")
            answer = request(f"{running.url}/sd/domains")
            assert answer.status == 503
            assert answer.text == f"mini programs that no scrape or probe has fetched yet: {missing}\n"
        request(f"{running.url}/probe?target={B}")
        calls = dict(fleet.world.calls)
        assert targets(running, "/sd/domains") == ["https://app-0.example.com", "https://app-1.example.com"]
        assert fleet.world.calls == calls

    def test_a_failure_is_a_trial(self, fleet: SmallFleet, running: Serving) -> None:
        fleet.world.patch(A, {"errcode": 61007})
        scrape(running)
        assert targets(running, "/sd/domains") == ["https://app-1.example.com"]

    def test_while_all_have_failed_since_the_start_the_answer_is_503(
        self, fleet: SmallFleet, running: Serving
    ) -> None:
        for one in (A, B):
            fleet.world.patch(one, {"errcode": 61007})
        scrape(running)
        answer = request(f"{running.url}/sd/domains")
        assert (answer.status, "all mini programs fail" in answer.text) == (503, True)
        fleet.world.patch(B, {"errcode": 0, "domains": {}})
        scrape(running)
        assert get(running, "/sd/domains") == []

    def test_known_lists_stay_while_an_app_fails(self, fleet: SmallFleet, running: Serving) -> None:
        scrape(running)
        before = get(running, "/sd/domains")
        fleet.world.patch(A, {"errcode": 61007})
        scrape(running)
        assert get(running, "/sd/domains") == before

    def test_it_stays_through_a_reload_that_changes_how_wechat_is_asked(
        self, fleet: SmallFleet, running: Serving
    ) -> None:
        scrape(running)
        before = get(running, "/sd/domains")
        fleet.configure(wechat={"timeout": "3s"})
        assert running.service.reload()
        assert get(running, "/sd/domains") == before

    def test_a_new_app_is_waited_for(self, fleet: SmallFleet, running: Serving) -> None:
        scrape(running)
        new = {"appid": appid(2), "token": STABLE}
        fleet.configure(apps=[{"appid": one, "token": STABLE} for one in (A, B)] + [new])
        assert running.service.reload()
        assert request(f"{running.url}/sd/domains").status == 503

    def test_lists_that_may_be_those_of_another_app_are_left_out(
        self, fleet: SmallFleet, tmp_path: Path
    ) -> None:
        token = tmp_path / "token"
        token.write_text("first")
        fleet.world.patch(A, {"access_tokens": ["first", "second"]})
        shared = [
            {"appid": A, "token": {"type": "access_token", "access_token": {"file": str(token)}}},
            {"appid": B, "token": {"type": "access_token", "access_token": "second"}},
        ]
        fleet.configure(apps=shared)
        with serving_file(fleet.path) as running:
            scrape(running)
            assert targets(running, "/sd/domains") == ["https://app-0.example.com"]
            token.write_text("second")
            scrape(running)
            assert request(f"{running.url}/sd/domains").status == 503


class TestDomains:
    @pytest.fixture
    def running(self, fleet: SmallFleet) -> Iterator[Serving]:
        fleet.world.patch(A, {"domains": ODD})
        fleet.world.patch(B, {"domains": {"requestdomain": ["https://API.example.com"]}})
        with serving_file(fleet.path) as running:
            scrape(running)
            yield running

    def test_a_url_appears_once_with_all_its_apps(self, running: Serving) -> None:
        groups = get(running, "/sd/domains")
        assert [group["targets"] for group in groups] == [
            ["https://api.example.com"],
            ["https://m.example.com"],
            [IDN],
        ]
        assert groups[0]["labels"] == {
            "__meta_wx_domain_appids": f"{A},{B}",
            "__meta_wx_domain_names": "app 0,app 1",
            "__meta_wx_domain_categories": "requestdomain,wsrequestdomain",
            "__meta_wx_domain_domain": "https://api.example.com,wss://api.example.com",
            "__meta_wx_domain_scheme": "https,wss",
            "__meta_wx_domain_host": "api.example.com",
        }

    def test_by_app_it_appears_once_for_each_app(self, running: Serving) -> None:
        groups = get(running, "/sd/domains?by=app")
        assert [group["labels"]["__meta_wx_domain_appid"] for group in groups] == [A, B, A, A]
        assert groups[1]["labels"]["__meta_wx_domain_name"] == "app 1"
        assert groups[1]["labels"]["__meta_wx_domain_category"] == "requestdomain"

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("category=bizdomain", ["https://m.example.com"]),
            (
                "category=wsrequestdomain&category=bizdomain",
                ["https://api.example.com", "https://m.example.com"],
            ),
            ("category=udpdomain", []),
            ("category=bizdomain&by=app&other=1", ["https://m.example.com"]),
        ],
    )
    def test_categories_pick(self, running: Serving, query: str, expected: list[str]) -> None:
        assert targets(running, f"/sd/domains?{query}") == expected

    @pytest.mark.parametrize(
        "query", ["category=reqestdomain", "category=", "category=bizdomain&category=tcpdomain"]
    )
    def test_an_unknown_category_is_an_error_since_an_empty_list_would_drop_all_targets(
        self, running: Serving, query: str
    ) -> None:
        answer = request(f"{running.url}/sd/domains?{query}")
        assert answer.status == 400
        assert answer.text.startswith(
            "the allowed values of category are bizdomain, downloaddomain, requestdomain, "
        )

    def test_an_undocumented_category_is_known_after_its_first_list(
        self, fleet: SmallFleet, running: Serving
    ) -> None:
        lists = {"requestdomain": [], "prefetchdnsdomain": ["https://dns.example.com"]}
        fleet.world.patch(A, {"raw_body": json.dumps({"errcode": 0, **lists})})
        scrape(running)
        assert targets(running, "/sd/domains?category=prefetchdnsdomain") == ["https://dns.example.com"]

    @pytest.mark.parametrize("query", ["by=url", "by=", "by=app&by=url"])
    def test_only_by_app_is_allowed(self, running: Serving, query: str) -> None:
        answer = request(f"{running.url}/sd/domains?{query}")
        assert (answer.status, answer.text) == (400, "the only allowed value of by is app\n")

    def test_a_change_is_there_at_once(self, fleet: SmallFleet, running: Serving) -> None:
        before = targets(running, "/sd/domains")
        fleet.world.patch(B, {"domains": {"requestdomain": ["https://new.example.com"]}})
        scrape(running)
        assert set(targets(running, "/sd/domains")) - set(before) == {"https://new.example.com"}


@contextlib.contextmanager
def hanging_scrape(running: Serving) -> Iterator[None]:
    """Scrape, and disconnect at the end of the block."""
    parts = urlsplit(running.url)
    head = f"GET /metrics HTTP/1.1\r\nHost: x\r\n{HEADER}: 120\r\n\r\n"
    with socket.create_connection((parts.hostname or "", parts.port or 0)) as client:
        client.sendall(head.encode())
        yield


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many jobs had ended before each look at the apps' lists."""
    looks: list[int] = []

    def noted(fleet: Any, finished_jobs: int, *arguments: Any) -> Any:
        looks.append(finished_jobs)
        return known_lists_of(fleet, finished_jobs, *arguments)

    monkeypatch.setattr(service_discovery, "known_lists_of", noted)
    return looks


class TestLooks:
    def test_the_lists_are_looked_at_once_a_scrape(self, running: Serving, looks: list[int]) -> None:
        for jobs in (2, 4):
            scrape(running)
            for _ in range(3):
                get(running, "/sd/domains")
            assert looks[-1] == jobs
        assert len(looks) == 2

    def test_during_a_scrape_they_are_looked_at_once_a_second(
        self, fleet: SmallFleet, running: Serving, looks: list[int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(service_discovery, "_SECONDS_BETWEEN_LOOKS", 3600.0)
        scrape(running)
        before = get(running, "/sd/domains")
        fleet.world.patch(A, {"hang": True})
        fleet.world.patch(B, {"domains": {}})
        with hanging_scrape(running):
            wait_until(lambda: running.service.scheduler.finished_jobs == 3, "one app has been fetched")
            assert get(running, "/sd/domains") == before
        after = ["https://app-0.example.com"]
        wait_until(lambda: targets(running, "/sd/domains") == after, "the scrape has ended")
        assert len(looks) == 2


@pytest.mark.parametrize("path", ["/", "/?q=example", f"/apps/{A}", "/sd", "/sd/domains"])
def test_everything_is_answered_while_a_scrape_waits_for_wechat(
    fleet: SmallFleet, running: Serving, path: str
) -> None:
    scrape(running)
    fleet.world.patch(A, {"hang": True})
    with hanging_scrape(running):
        wait_until(lambda: running.service.scheduler.finished_jobs == 3, "one app has been fetched")
        assert request(running.url + path).status == 200


class TestMadeOnce:
    @pytest.fixture
    def made(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """The questions for which an answer was made."""
        made: list[str] = []

        def noted(apps: Any, categories: Any, **how: Any) -> Any:
            made.append(f"{sorted(categories)} {how}")
            return domain_groups(apps, categories, **how)

        monkeypatch.setattr(service_discovery, "domain_groups", noted)
        return made

    def test_the_apps_are_made_again_only_when_the_configuration_changed(
        self, running: Serving, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made: list[int] = []

        def noted(apps: Any) -> Any:
            made.append(1)
            return app_groups(apps)

        monkeypatch.setattr(service_discovery, "app_groups", noted)
        for _ in range(2):
            for _ in range(3):
                scrape(running)
                assert targets(running, "/sd") == [A, B]
            assert running.service.reload()
        assert len(made) == 2

    def test_an_answer_is_made_again_only_when_something_changed(
        self, fleet: SmallFleet, running: Serving, made: list[str]
    ) -> None:
        questions = ["", "?by=app", "?category=bizdomain", "?category=bizdomain&category=bizdomain"]
        for _ in range(2):
            scrape(running)
            for question in questions:
                get(running, f"/sd/domains{question}")
        assert len(made) == 3
        fleet.world.patch(A, {"domains": {}})
        scrape(running)
        assert targets(running, "/sd/domains") == ["https://app-1.example.com"]
        assert len(made) == 4

    @pytest.mark.parametrize(("bound", "times"), [("_MAX_CACHED", 4), ("_MAX_CACHED_BYTES", 4)])
    def test_no_more_of_them_and_no_larger_ones_are_kept(
        self, running: Serving, made: list[str], monkeypatch: pytest.MonkeyPatch, bound: str, times: int
    ) -> None:
        monkeypatch.setattr(service_discovery, bound, 1 if bound == "_MAX_CACHED" else 10)
        scrape(running)
        for _ in range(2):
            assert len(targets(running, "/sd/domains")) == 2
            assert targets(running, "/sd/domains?category=bizdomain") == []
        assert len(made) == times
