from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from helpers.collector_setup import BAD, GOOD, apps_of, scrape, serving, small_world, text_of
from helpers.samples import series, value
from helpers.waiting import wait_until

from wx_domain_exporter.deadline import Deadline
from wx_domain_exporter.domains.domain_list import domain_list
from wx_domain_exporter.simulator.world import CATEGORIES

if TYPE_CHECKING:
    from wx_domain_exporter.simulator.world import World


@pytest.fixture
def world() -> World:
    return small_world()


class TestEffective:
    def test_an_app_has_the_lists_in_force_next_to_the_configured_ones(self, world: World) -> None:
        world.apps[GOOD].effective = {"requestdomain": ["https://www.qq.com"], "bizdomain": ["https://M.cn/"]}
        with serving(world, collect={"effective": True}) as service:
            text = scrape(service)
        assert value(text, "wx_domain_domains", appid=GOOD, category="bizdomain") == 0
        assert value(text, "wx_domain_effective_domains", appid=GOOD, category="bizdomain") == 1
        expected = domain_list(["https://m.cn"]).hash
        assert value(text, "wx_domain_effective_hash", appid=GOOD, category="bizdomain") == expected
        assert set(series(text, "wx_domain_effective_hash", "category")) == {*CATEGORIES, "tcpdomain"}
        assert value(text, "wx_domain_domains", appid=GOOD, category="requestdomain") == 1

    def test_equal_lists_have_equal_hashes(self, world: World) -> None:
        del world.apps[BAD]
        with serving(world, collect={"effective": True}) as service:
            text = scrape(service)
        effective = series(text, "wx_domain_effective_hash", "category")
        assert series(text, "wx_domain_hash", "category").items() <= effective.items()

    def test_an_app_that_fails_has_none(self, world: World) -> None:
        with serving(world, collect={"effective": True}) as service:
            assert apps_of(scrape(service), "wx_domain_effective_domains") == {GOOD}
            world.apps[GOOD].errcode = 61007
            text = scrape(service)
        assert (
            apps_of(text, "wx_domain_effective_domains") == apps_of(text, "wx_domain_effective_hash") == set()
        )

    def test_what_wechat_withholds_is_absent_and_not_0(self, world: World) -> None:
        world.apps[GOOD].effective_reported = False
        with serving(world, collect={"effective": True}) as service:
            text = scrape(service)
        assert value(text, "wx_domain_domains", appid=GOOD, category="requestdomain") == 1
        assert apps_of(text, "wx_domain_effective_domains") == set()
        assert apps_of(text, "wx_domain_effective_hash") == set()
        assert apps_of(text, "wx_domain_fetch_error") == {BAD}

    def test_its_failure_leaves_the_app_up_and_shows_its_errcode(self, world: World) -> None:
        world.apps[GOOD].effective_errcode = 48001
        with serving(world, collect={"effective": True}) as service:
            text = scrape(service)
        assert value(text, "wx_domain_up", appid=GOOD) == 1
        assert value(text, "wx_domain_domains", appid=GOOD, category="requestdomain") == 1
        for api in ("get_effective_domain", "get_effective_webviewdomain"):
            assert value(text, "wx_domain_api_error", appid=GOOD, api=api, errcode="48001") == 1
        assert apps_of(text, "wx_domain_fetch_error") == {BAD}
        assert apps_of(text, "wx_domain_effective_domains") == set()

    def test_only_what_misses_the_deadline_is_left_out(self, world: World) -> None:
        del world.apps[BAD]
        with serving(world, collect={"effective": True}) as service:
            before = scrape(service)
            world.apps[GOOD].effective_hang = True
            jobs = service.start_scrape(service.fleet, Deadline.after(20.0))
            wait_until(lambda: world.calls["get_effective_domain", GOOD] == 2, "the extra calls begin")
            text = text_of(service, jobs)
        assert apps_of(before, "wx_domain_effective_domains") == {GOOD}
        assert value(text, "wx_domain_up", appid=GOOD) == 1
        assert series(text, "wx_domain_hash", "category") == series(before, "wx_domain_hash", "category")
        assert apps_of(text, "wx_domain_effective_domains") == set()


class TestQuota:
    def test_an_app_has_the_quota_of_its_day(self, world: World) -> None:
        world.apps[GOOD].daily_limit = 1000
        with serving(world, collect={"quota": True}) as service:
            texts = [scrape(service), scrape(service)]
        for text in texts:
            figures = {"api_quota_limit": 1000, "api_quota_used": 1, "api_quota_remaining": 999}
            for name, figure in figures.items():
                assert value(text, f"wx_domain_{name}", appid=GOOD, api="getwxadevinfo") == figure
        assert world.calls["quota/get", GOOD] == 1

    def test_an_app_that_fails_with_an_errcode_has_it_too(self, world: World) -> None:
        world.apps[GOOD].daily_limit = 0
        with serving(world, collect={"quota": True}) as service:
            text = scrape(service)
        assert value(text, "wx_domain_fetch_error", appid=GOOD, reason="quota") == 1
        assert value(text, "wx_domain_api_quota_remaining", appid=GOOD, api="getwxadevinfo") == 0
        assert apps_of(text, "wx_domain_api_quota_limit") == {GOOD, BAD}

    def test_an_app_without_a_token_has_none(self, world: World) -> None:
        world.apps[GOOD].whitelisted = False
        with serving(world, collect={"quota": True}) as service:
            text = scrape(service)
        assert apps_of(text, "wx_domain_api_quota_limit") == {BAD}

    def test_its_failure_leaves_the_app_up_and_shows_its_errcode(self, world: World) -> None:
        world.apps[GOOD].quota_errcode = 76022
        with serving(world, collect={"quota": True}) as service:
            texts = [scrape(service), scrape(service)]
        for text in texts:
            assert value(text, "wx_domain_up", appid=GOOD) == 1
            assert value(text, "wx_domain_api_error", appid=GOOD, api="quota/get", errcode="76022") == 1
            assert apps_of(text, "wx_domain_api_quota_limit") == {BAD}
        assert world.calls["quota/get", GOOD] == 1
