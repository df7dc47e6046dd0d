from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from helpers.configurations import load
from helpers.fleets import APPSECRET, SmallFleet, appid, small_fleet
from helpers.samples import series, value
from helpers.services import LONG, scrape, serving, token_requests, up
from structlog.testing import capture_logs

from wx_domain_exporter import service as service_module
from wx_domain_exporter.config import loader
from wx_domain_exporter.config.secret import SecretError
from wx_domain_exporter.deadline import Deadline
from wx_domain_exporter.platforms.registry import PlatformRegistry
from wx_domain_exporter.service import Service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from wx_domain_exporter.config.settings import Settings


A, B = appid(0), appid(1)
SELF = "wx_domain_exporter_"
STABLE = {"type": "stable_token", "appsecret": APPSECRET}


@pytest.fixture
def service(fleet: SmallFleet) -> Iterator[Service]:
    with serving(fleet) as running:
        yield running


class TestReload:
    def reload(self, fleet: SmallFleet, service: Service, **sections: Any) -> None:
        fleet.configure(**sections)
        with capture_logs() as logs:
            assert service.reload()
        last = {"event": "configuration reloaded", "log_level": "info", "apps": len(service.fleet.apps)}
        assert logs == [last]

    def test_a_reload_after_the_end_of_the_exporter_is_no_failure(
        self, fleet: SmallFleet, service: Service
    ) -> None:
        fleet.configure()
        assert service.reload()
        service.close()
        with capture_logs() as logs:
            assert not service.reload()
        assert not logs
        assert service.rejected_config is None

    def test_what_is_unchanged_is_kept(self, fleet: SmallFleet, service: Service) -> None:
        scrape(service)
        before = service.fleet
        self.reload(fleet, service)
        assert service.fleet is not before
        assert service.fleet.apps == before.apps
        assert service.fleet.client is before.client
        scrape(service)
        assert token_requests(fleet) == 2

    def test_new_labels_keep_tokens_and_history(self, fleet: SmallFleet, service: Service) -> None:
        good = series(scrape(service), "wx_domain_last_success_timestamp_seconds", "appid")
        fleet.world.patch(A, {"errcode": 61007})
        self.reload(fleet, service, defaults={"labels": {"team": "growth"}})
        text = scrape(service)
        assert series(text, "wx_domain_app_info", "team") == {"growth": 1}
        assert value(text, "wx_domain_last_success_timestamp_seconds", appid=A) == good[A]
        assert token_requests(fleet) == 2

    def test_a_new_baseline_is_compared_with_known_lists(self, fleet: SmallFleet, service: Service) -> None:
        sections = {"scrape": {"min_interval": "1h"}, "baselines": {A: {"bizdomain": {"exact": []}}}}
        self.reload(fleet, service, **sections)
        assert series(scrape(service), "wx_domain_baseline_match", "category") == {"bizdomain": 1}
        calls = fleet.calls()
        other = {"bizdomain": {"required": ["https://m.example.com"]}, "requestdomain": {"exact": []}}
        self.reload(fleet, service, **sections | {"baselines": {A: other}})
        text = scrape(service)
        assert series(text, "wx_domain_baseline_match", "category") == {"bizdomain": 0, "requestdomain": 0}
        assert series(text, "wx_domain_missing_domain", "domain") == {"https://m.example.com": 1}
        assert fleet.calls() == calls

    def test_other_settings_of_the_client_keep_tokens(self, fleet: SmallFleet, service: Service) -> None:
        scrape(service)
        before = service.fleet
        self.reload(fleet, service, wechat={"timeout": "4s", "action": "getbizdomain"})
        assert service.fleet.client is not before.client
        text = scrape(service)
        assert set(series(text, "wx_domain_domains", "category")) == {"bizdomain"}
        assert token_requests(fleet) == 2

    def test_a_new_token_source_gets_a_new_token(self, fleet: SmallFleet, service: Service) -> None:
        scrape(service)
        fleet.world.patch(A, {"appsecret": "f" * 32})
        other = {"type": "stable_token", "appsecret": "f" * 32}
        self.reload(fleet, service, apps=[{"appid": A, "token": other}, {"appid": B, "token": STABLE}])
        assert up(scrape(service)) == {A: 1, B: 1}
        assert fleet.world.calls["stable_token", A] == 2
        assert fleet.world.calls["stable_token", B] == 1

    def test_another_base_url_needs_new_tokens(self, fleet: SmallFleet, service: Service) -> None:
        scrape(service)
        self.reload(fleet, service, wechat={"base_url": fleet.url.replace("127.0.0.1", "localhost")})
        assert up(scrape(service)) == {A: 1, B: 1}
        assert token_requests(fleet) == 4

    def test_changes_of_collect_keep_tokens(self, fleet: SmallFleet, service: Service) -> None:
        scrape(service)
        self.reload(fleet, service, collect={"effective": True, "quota": True})
        text = scrape(service)
        assert set(series(text, "wx_domain_effective_domains", "appid")) == {A, B}
        assert set(series(text, "wx_domain_api_quota_used", "appid")) == {A, B}
        self.reload(fleet, service, collect={"quota": True})
        text = scrape(service)
        assert "wx_domain_effective_domains" not in text
        assert set(series(text, "wx_domain_api_quota_used", "appid")) == {A, B}
        assert fleet.calls("quota/get") == 2
        assert token_requests(fleet) == 2

    def test_apps_come_and_go(self, fleet: SmallFleet, service: Service) -> None:
        scrape(service)
        fleet.world.add(fleet.world.apps[A].model_copy(update={"appid": appid(7)}))
        self.reload(fleet, service, apps=[{"appid": one, "token": STABLE} for one in (appid(7), B)])
        text = scrape(service)
        assert up(text) == {appid(7): 1, B: 1}
        assert A not in text
        assert value(text, f"{SELF}apps") == 2
        assert value(text, f"{SELF}config_hash") == load(fleet.path).hash

    def test_an_app_that_was_removed_no_longer_shares_its_token(
        self, fleet: SmallFleet, service: Service
    ) -> None:
        fleet.world.patch(A, {"access_tokens": ["the one token"]})
        token = {"type": "access_token", "access_token": "the one token"}
        for one in (A, B):
            self.reload(fleet, service, apps=[{"appid": one, "token": token}])
            assert up(scrape(service)) == {one: 1}

    def test_a_late_fetch_of_a_replaced_app_claims_no_token(
        self, fleet: SmallFleet, service: Service
    ) -> None:
        old = service.fleet.by_appid[A]
        apps = []
        for one, token in ((A, "its own"), (B, "another one")):
            fleet.world.patch(one, {"access_tokens": [token]})
            apps.append({"appid": one, "token": {"type": "access_token", "access_token": token}})
        self.reload(fleet, service, apps=apps)
        service._token_usage.claim(A, "another one", old.forget_answers)
        for _ in range(2):
            assert up(scrape(service)) == {A: 1, B: 1}

    def test_a_running_scrape_keeps_its_apps(self, fleet: SmallFleet, service: Service) -> None:
        fleet.world.patch(A, {"latency": 0.3})
        jobs = service.start_scrape(service.fleet, Deadline.after(LONG))
        self.reload(fleet, service, apps=[{"appid": B, "token": STABLE}], wechat={"timeout": "4s"})
        jobs.wait(LONG)
        assert [app.settings.appid for app in jobs.apps] == [A, B]
        assert [result.reason for result in jobs.results] == [None, None]

    def test_it_resizes_the_workers(self, tmp_path: Path) -> None:
        with small_fleet(tmp_path, apps=8, latency=0.1) as fleet:
            fleet.configure(wechat={"max_concurrency": 1})
            with serving(fleet) as service:
                self.reload(fleet, service, wechat={"max_concurrency": 4})
                scrape(service)
            assert fleet.world.peak_in_flight == 4

    @pytest.mark.parametrize(
        ("settings", "errcode"),
        [({"errcode": 45009}, 45009), ({"whitelisted": False}, 40164)],
        ids=["quota", "refused token"],
    )
    def test_it_ends_a_cooldown(
        self, fleet: SmallFleet, service: Service, settings: dict[str, object], errcode: int
    ) -> None:
        fleet.world.patch(A, settings)
        for _ in range(3):
            assert series(scrape(service), "wx_domain_api_error", "errcode") == {str(errcode): 1}
        fleet.world.patch(A, {"errcode": 0, "whitelisted": True})
        calls = fleet.world.calls["getwxadevinfo", A] + fleet.world.calls["stable_token", A]
        assert up(scrape(service))[A] == 0
        assert fleet.world.calls["getwxadevinfo", A] + fleet.world.calls["stable_token", A] == calls
        self.reload(fleet, service)
        assert up(scrape(service))[A] == 1


class TestFailedReload:
    def test_it_changes_only_the_gauge_and_the_log(self, fleet: SmallFleet, service: Service) -> None:
        scrape(service)
        before, gauges = service.fleet, self_gauges(scrape(service))
        fleet.configure(wechat={"timeout": "fast"}, apps=[{"appid": "nonsense", "token": STABLE}])
        with capture_logs() as logs:
            assert not service.reload()
        assert [log["event"] for log in logs] == ["configuration rejected; the previous one stays in use"] * 2
        assert [log["error"].split(": ")[1] for log in logs] == ["wechat.timeout", "apps[0].appid"]
        assert {log["log_level"] for log in logs} == {"error"}
        assert service.fleet is before
        assert self_gauges(scrape(service)) == {**gauges, f"{SELF}config_last_reload_successful": 0}
        assert token_requests(fleet) == 2

    def test_without_a_client_nothing_changes_either(
        self, fleet: SmallFleet, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def vanished(*_: object, **__: object) -> None:
            raise SecretError("the secret file is missing", "密钥文件不存在")

        before = service.fleet
        fleet.configure(wechat={"timeout": "4s", "max_concurrency": 1})
        monkeypatch.setattr(service_module, "ApiClient", vanished)
        with capture_logs() as logs:
            assert not service.reload()
        assert [log["error"] for log in logs] == ["wechat: the secret file is missing"]
        assert service.fleet is before
        assert up(scrape(service)) == {A: 1, B: 1}

    def test_after_an_unexpected_error_the_next_reload_succeeds(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: object, **__: object) -> None:
            raise RuntimeError("can't start new thread")

        with monkeypatch.context() as patch, capture_logs() as logs:
            patch.setattr(PlatformRegistry, "configure", broken)
            assert not service.reload()
        assert [log["event"] for log in logs] == ["unexpected error in a reload"]
        assert self_gauges(scrape(service))[f"{SELF}config_last_reload_successful"] == 0
        assert service.rejected_config is not None
        assert [error.en for error in service.rejected_config.errors] == ["internal error: RuntimeError"]
        assert service.reload()
        assert self_gauges(scrape(service))[f"{SELF}config_last_reload_successful"] == 1

    def test_it_ends_no_cooldown(self, fleet: SmallFleet, service: Service) -> None:
        fleet.world.patch(A, {"errcode": 45009})
        scrape(service)
        fleet.path.write_text("apps: []")
        service.reload()
        fleet.world.patch(A, {"errcode": 0})
        assert up(scrape(service))[A] == 0
        assert fleet.world.calls["getwxadevinfo", A] == 1

    def test_a_valid_configuration_after_it_is_loaded(self, fleet: SmallFleet, service: Service) -> None:
        good = fleet.path.read_text()
        fleet.path.write_text("apps: []")
        service.reload()
        fleet.path.write_text(good)
        assert service.reload()
        assert self_gauges(scrape(service))[f"{SELF}config_last_reload_successful"] == 1


def self_gauges(text: str) -> dict[str, float]:
    names = ("apps", "config_hash", "config_last_reload_successful")
    times = ("config_last_reload_success_timestamp_seconds",)
    values = {f"{SELF}{name}": value(text, f"{SELF}{name}") for name in names + times}
    return {name: number for name, number in values.items() if number is not None}


class OneAtATime(loader.ConfigLoader):
    """Counts loads that overlap with another one."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.loads = self.overlaps = 0
        self._free = threading.Semaphore()

    def load(self) -> Settings:
        self.loads += 1
        if not self._free.acquire(blocking=False):
            self.overlaps += 1
            return super().load()
        try:
            return super().load()
        finally:
            self._free.release()


def test_reloads_run_one_at_a_time(fleet: SmallFleet) -> None:
    loader = OneAtATime(fleet.path)
    service = Service(loader)
    threads = [threading.Thread(target=service.reload) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)
    service.close()
    assert (loader.loads, loader.overlaps) == (17, 0)


class TestAutoReload:
    def test_only_a_changed_file_is_read_again(self, fleet: SmallFleet, service: Service) -> None:
        with capture_logs() as logs:
            service.reload_if_changed()
            assert not logs
            fleet.path.write_text("apps: [")
            service.reload_if_changed()
            service.reload_if_changed()
            assert [log["log_level"] for log in logs] == ["error"]  # what is invalid is reported once
            assert service.rejected_config is not None
            fleet.configure(scrape={"timeout": "7s"})
            service.reload_if_changed()
            service.reload_if_changed()
        assert [log["log_level"] for log in logs] == ["error", "info"]
        assert service.fleet.settings.scrape.timeout == 7
        assert service.rejected_config is None

    def test_a_demo_has_no_file_to_reload(self, fleet: SmallFleet) -> None:
        assert not loader.ConfigLoader(fleet.path, fleet.path.read_bytes()).changed()
