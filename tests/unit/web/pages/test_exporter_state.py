from __future__ import annotations

import time
from typing import TYPE_CHECKING

from helpers.http_requests import request
from helpers.json_text import as_json
from helpers.page_setup import (
    CONFIGURED,
    NOW,
    PLATFORM,
    PLATFORMS,
    Page,
    appid,
    every_status,
    served,
    service_of,
)

from wx_domain_exporter.clock import SYSTEM_CLOCK
from wx_domain_exporter.config import loader
from wx_domain_exporter.deadline import Deadline
from wx_domain_exporter.domains.domain_list import DomainList
from wx_domain_exporter.platforms.account_lookup import FailedAccount
from wx_domain_exporter.platforms.domain_lists import Reading
from wx_domain_exporter.progress import Progress
from wx_domain_exporter.service import Service
from wx_domain_exporter.web.pages.exporter_state import exporter_state
from wx_domain_exporter.wechat.errors import ApiError
from wx_domain_exporter.wechat.platform_domains import PlatformLists

if TYPE_CHECKING:
    from pathlib import Path


def test_before_the_first_scrape() -> None:
    with service_of([]) as service:
        state = exporter_state(service, service.config_loaded_at + 90)
    assert (state.last_scrape, state.scraped_long_ago, state.rejected) == (None, False, None)
    assert (state.rejection.shown, state.app_files.shown, state.platforms) == ([], [], [])
    assert state.config_loaded.ago.en == "1 min ago"


def test_a_scrape_is_remembered() -> None:
    with service_of([]) as service:
        before = time.time()
        service.start_scrape(service.fleet, Deadline.after(0))
        assert service.last_scrape is not None
        assert before <= service.last_scrape <= time.time()


def test_after_ten_minutes_the_last_scrape_is_long_ago() -> None:
    with service_of([]) as service:
        service.last_scrape = NOW
        assert not exporter_state(service, NOW + 600).scraped_long_ago
        assert exporter_state(service, NOW + 601).scraped_long_ago


def test_a_rejected_configuration_is_shown_until_a_valid_one_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "config.yml"
    path.write_text(as_json(CONFIGURED))
    service = Service(loader.ConfigLoader(path))
    try:
        first = service.config_loaded_at
        path.write_text("apps: []\nwrong: 1\n")
        assert not service.reload()
        state = exporter_state(service, time.time())
        assert [error.en.split(": ", 1)[1].split(":")[0] for error in state.rejection.shown] == [
            "apps",
            "wrong",
        ]
        assert state.rejected is not None
        assert service.config_loaded_at == first
        path.write_text(as_json(CONFIGURED))
        assert service.reload()
        assert exporter_state(service, time.time()).rejected is None
        assert service.config_loaded_at > first
    finally:
        service.close()


def test_errors_of_app_files_are_shown(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("".join(f"- {{appid: wrong-{number}}}\n" for number in range(60)))
    path = tmp_path / "config.yml"
    path.write_text(as_json({**CONFIGURED, "app_files": ["*.yml"], "wechat": {}}))
    path = path.rename(tmp_path / "config.yaml")
    service = Service(loader.ConfigLoader(path))
    try:
        errors = exporter_state(service, NOW).app_files
    finally:
        service.close()
    assert len(errors.shown) == 50
    assert errors.more > 0
    assert "a.yml:1: [0].appid" in errors.shown[0].en


def test_every_platform_shows_the_state_of_its_discovery() -> None:
    with service_of([], platforms=PLATFORMS) as service:
        (discovery,) = service.discoveries
        main, other = exporter_state(service, NOW).platforms
        assert (main.name, main.component_appid) == ("main", "wx00000000000000c0")
        assert (main.discovers, main.complete, main.apps, main.failure) == (True, False, 0, None)
        assert (other.name, other.discovers) == ("other", False)
        discovery.complete = True
        discovery.failure = ApiError("api_get_authorizer_list", 61004, "requestIP: 203.0.113.7")
        main, _ = exporter_state(service, NOW).platforms
        assert main.complete
        assert main.failure is not None
        assert main.failure.remedy.en.startswith(
            "Add 203.0.113.7 to the IP whitelist of wx00000000000000c0: "
        )


def test_the_own_lists_of_a_platform_are_shown_with_what_is_wrong() -> None:
    main = {
        **PLATFORM,
        "collect_domains": True,
        "domains_baseline": {"wxa_server_domain": {"exact": ["api.example.com"]}},
    }
    hosts = DomainList.of(["api.example.com", "evil.example.net"])
    invalid = DomainList.of([f"h{number:02}.example.com" for number in range(30)])
    error = ApiError("modify_wxa_jump_domain", 48001, "api unauthorized")
    with service_of([], platforms={"main": main}) as service, served(service) as url:
        (platform,) = service.platform_domains
        platform.readings = {
            "wxa_server_domain": Reading(PlatformLists({"testing": hosts}, invalid), NOW - 60),
            "wxa_jump_h5_domain": Reading(error=error),
        }
        english, chinese = (Page(request(f"{url}/?lang={language}").text).text for language in ("en", "zh"))
        server, jump = exporter_state(service, NOW).platforms[0].own_lists
    assert (server.counts, server.limit, server.failure) == ({"published": None, "testing": 2}, 1000, None)
    assert (jump.read, jump.failure is None) == (None, False)
    assert "own wxa_server_domain: published not named by WeChat, testing 2 of 1,000" in english
    assert "微信未返回全网发布版，测试版 2/1,000 个" in chinese
    assert "testing_wxa_server_domain, unexpected: evil.example.net" in english
    assert "Hosts that WeChat could not verify: h00.example.com, h01.example.com" in english
    assert "… and 10 more" in english
    assert "48001" in english


def test_how_far_discovery_and_the_first_fetches_are_is_shown_and_why_accounts_are_left_out() -> None:
    apps = every_status(NOW)
    with service_of(apps, platforms=PLATFORMS) as service, served(service) as url:
        (discovery,) = service.discoveries
        discovery.progress = Progress(250, 1900)
        discovery._listed = dict.fromkeys([appid(20), appid(21), appid(22)], "")
        discovery._accounts.names = {appid(20): None, appid(21): None}
        fetched = service.fetched
        assert 0 < fetched.done < fetched.total == len(apps)
        english, chinese = (Page(request(f"{url}/?lang={language}").text).text for language in ("en", "zh"))
    assert "in progress, 0 mini programs so far (250 of 1,900 accounts looked at)" in english
    assert "已查看 1,900 个账号中的 250 个" in chinese
    assert (
        "Accounts that are left out: 2 official accounts or the like, 1 that could not be looked" in english
    )
    assert "未监控的账号：2 个公众号等非小程序账号、1 个无法查询" in chinese
    assert f"({fetched.done} fetched so far)" in english
    assert f"（已查询 {fetched.done} 个）" in chinese


def test_the_accounts_that_cannot_be_looked_up_are_shown_by_cause() -> None:
    with service_of([], platforms=PLATFORMS) as service:
        (discovery,) = service.discoveries
        for number in range(23):
            failed = discovery._accounts.failed[f"wx{number:016x}"] = FailedAccount(SYSTEM_CLOCK)
            errcode = 61003 if number else 50002
            failed.failed(ApiError("api_get_authorizer_info", errcode, f"rid: {number}"))
        frozen, unauthorized = exporter_state(service, NOW).platforms[0].failed_accounts
    assert (frozen.appids.shown, frozen.appids.more) == (["wx0000000000000000"], 0)
    assert (len(unauthorized.appids.shown), unauthorized.appids.more) == (20, 2)
    assert unauthorized.failure.api_error is not None
    assert unauthorized.failure.api_error.errcode == 61003
