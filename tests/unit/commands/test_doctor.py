from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from helpers.fleets import appid, small_fleet
from helpers.simulated_client import COMPONENT, COMPONENT_SECRET, TICKET

from wx_domain_exporter import cli
from wx_domain_exporter.commands import doctor
from wx_domain_exporter.commands.doctor import Line, prefers_chinese_locale, summary
from wx_domain_exporter.config.loader import ConfigLoader
from wx_domain_exporter.service import Service
from wx_domain_exporter.simulator.world import SimulatedPlatform

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.commands import Capture
    from helpers.fleets import SmallFleet

    from wx_domain_exporter.apps.monitored_app import MonitoredApp
    from wx_domain_exporter.apps.results import FetchResult

A, B = appid(0), appid(1)


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


def report(fleet: SmallFleet, capsys: Capture, status: int) -> list[str]:
    assert cli.run(["--doctor", f"--config.file={fleet.path}"]) == status
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out.splitlines()


class TestReport:
    def test_nothing_is_wrong(self, fleet: SmallFleet, capsys: Capture) -> None:
        steps = "secret, token, IP whitelist, permission, answer (1 domain in 6 categories)"
        assert report(fleet, capsys, 0) == [
            f"ok   {A} app 0: {steps}, quota (1 of 100000 calls used today)",
            f"ok   {B} app 1: {steps}, quota (1 of 100000 calls used today)",
            "2 checks passed",
        ]

    def test_a_failure_is_one_line_with_problem_and_remedy(self, fleet: SmallFleet, capsys: Capture) -> None:
        fleet.world.patch(A, {"whitelisted": False})
        first, second, last = report(fleet, capsys, 1)
        assert first.startswith(f"FAIL {A} app 0: IP whitelist: stable_token returned errcode 40164: ")
        assert f"→ Add 203.0.113.7 to the IP whitelist of {A}: " in first
        assert second.startswith(f"ok   {B}")
        assert last == "1 of 2 checks failed"

    def test_the_report_is_chinese_with_a_chinese_locale(
        self, fleet: SmallFleet, capsys: Capture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
        fleet.world.patch(A, {"errcode": 48001})
        first, second, last = report(fleet, capsys, 1)
        assert first.startswith(f"异常 {A} app 0: 权限: getwxadevinfo 返回错误码 48001：")
        assert second.startswith(f"正常 {B} app 1: 密钥、token、IP 白名单、权限、返回结果（")
        assert last == "2 项中 1 项有问题"

    def test_a_used_up_quota_is_a_failure(self, fleet: SmallFleet, capsys: Capture) -> None:
        fleet.world.patch(A, {"daily_limit": 0})
        assert ": quota: getwxadevinfo returned errcode 45009: " in report(fleet, capsys, 1)[0]

    def test_an_unknown_quota_is_not_a_failure(self, fleet: SmallFleet, capsys: Capture) -> None:
        fleet.world.patch(A, {"quota_errcode": 48001})
        assert "quota unknown (quota/get answered errcode 48001" in report(fleet, capsys, 0)[0]

    def test_withheld_effective_lists_are_mentioned(self, fleet: SmallFleet, capsys: Capture) -> None:
        fleet.configure(collect={"effective": True})
        fleet.world.patch(A, {"effective_reported": False})
        first, second, last = report(fleet, capsys, 0)
        assert "calls used today) → WeChat does not report the lists in effect: " in first
        assert "→" not in second
        assert last == "2 checks passed"

    def test_each_api_is_called_once_for_each_app(self, fleet: SmallFleet, capsys: Capture) -> None:
        fleet.world.patch(A, {"errcode": 48001})
        report(fleet, capsys, 1)
        assert {name: fleet.calls(name) for name in ("stable_token", "getwxadevinfo", "quota/get")} == {
            "stable_token": 2,
            "getwxadevinfo": 2,
            "quota/get": 2,
        }

    def test_a_quota_that_the_scrape_collects_is_not_asked_for_again(
        self, fleet: SmallFleet, capsys: Capture
    ) -> None:
        fleet.configure(collect={"quota": True})
        assert "quota (1 of 100000 calls used today)" in report(fleet, capsys, 0)[0]
        assert fleet.calls("quota/get") == 2

    def test_closing_the_report_ends_the_calls(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        calls: list[str] = []
        go_on = threading.Event()

        def quota_of(app: MonitoredApp, _: FetchResult) -> None:
            calls.append(app.settings.appid)
            if app.settings.appid != A:
                assert go_on.wait(120)

        monkeypatch.setattr(doctor, "_quota_of", quota_of)
        with small_fleet(tmp_path, apps=20) as fleet:
            service = Service(ConfigLoader(fleet.path))
            before = set(threading.enumerate())
            lines = doctor.check_all(service, chinese=False)
            assert A in next(lines).text
            lines.close()
            go_on.set()
            for thread in set(threading.enumerate()) - before:
                if thread.name.startswith("ThreadPool"):
                    thread.join(120)
            service.close()
        assert A in calls
        assert len(calls) < 20

    def test_a_secret_that_cannot_be_read_is_a_failure_of_its_app(
        self, fleet: SmallFleet, capsys: Capture
    ) -> None:
        token = {"type": "stable_token", "appsecret": {"file": "gone"}}
        fleet.configure(apps=[{"appid": A, "token": token}])
        assert cli.run(["--doctor", f"--config.file={fleet.path}"]) == 1
        assert f"FAIL {A}: secret: stable_token: no token: the secret file" in capsys.readouterr().out

    def test_a_fleet_without_apps_is_a_failure(self, fleet: SmallFleet, capsys: Capture) -> None:
        fleet.configure(apps=[], app_files=["none.d/*.yml"])
        assert cli.run(["--doctor", f"--config.file={fleet.path}"]) == 1
        assert capsys.readouterr().out.startswith("FAIL no mini program is monitored")

    def test_a_broken_app_file_is_a_failure_and_the_apps_are_checked(
        self, fleet: SmallFleet, capsys: Capture
    ) -> None:
        (fleet.path.parent / "apps.yml").write_text("mini-programs: []")
        fleet.configure(app_files=["apps.yml"])
        assert cli.run(["--doctor", f"--config.file={fleet.path}"]) == 1
        first, *others = capsys.readouterr().out.splitlines()
        assert first.startswith("FAIL ")
        assert "apps.yml:1: is not a list of apps" in first
        assert [line[:4] for line in others[:2]] == ["ok  ", "ok  "]


class TestPlatform:
    @pytest.fixture
    def platform(self, fleet: SmallFleet) -> SimulatedPlatform:
        platform = fleet.world.add_platform(
            SimulatedPlatform(
                component_appid=COMPONENT,
                component_appsecret=COMPONENT_SECRET,
                component_verify_ticket=TICKET,
            )
        )
        fleet.world.authorize(COMPONENT, A, nick_name="商城")
        settings = {
            "component_appid": COMPONENT,
            "own_component_token": True,
            "component_appsecret": COMPONENT_SECRET,
            "component_verify_ticket": TICKET,
            "discover": True,
        }
        fleet.configure(apps=[], platforms={"main": settings})
        return platform

    @pytest.mark.usefixtures("platform")
    def test_a_platform_has_a_line_and_so_have_its_mini_programs(
        self, fleet: SmallFleet, capsys: Capture
    ) -> None:
        first, second, _ = report(fleet, capsys, 0)
        assert first == f"ok   platform main {COMPONENT}: 1 mini program"
        assert second.startswith(f"ok   {A} 商城: secret, token, ")

    def test_an_account_that_cannot_be_looked_up_has_a_line(
        self, fleet: SmallFleet, platform: SimulatedPlatform, capsys: Capture
    ) -> None:
        fleet.world.patch_authorization(platform.component_appid, A, {"info_errcode": 50002})
        assert cli.run(["--doctor", f"--config.file={fleet.path}"]) == 1
        first, second, *_ = capsys.readouterr().out.splitlines()
        assert first == f"ok   platform main {COMPONENT}: 0 mini programs"
        assert second.startswith(f"FAIL platform main {A}: ")
        assert "50002" in second

    def test_the_remedy_names_the_platforms_own_whitelist(
        self, fleet: SmallFleet, platform: SimulatedPlatform, capsys: Capture
    ) -> None:
        platform.whitelisted = False
        assert cli.run(["--doctor", f"--config.file={fleet.path}"]) == 1
        first = capsys.readouterr().out.splitlines()[0]
        assert first.startswith(f"FAIL platform main {COMPONENT}: IP whitelist: api_component_token returned")
        assert f"Add 203.0.113.7 to the IP whitelist of {COMPONENT}: " in first


def test_one_check_is_counted_in_the_singular() -> None:
    passed, failed = Line(ok=True, text=""), Line(ok=False, text="")
    assert summary([passed], chinese=False) == "1 check passed"
    assert summary([failed], chinese=False) == "1 of 1 check failed"


@pytest.mark.parametrize(
    ("environment", "chinese"),
    [
        ({}, False),
        ({"LANG": "zh_CN.UTF-8"}, True),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, False),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_TW"}, True),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, True),
    ],
    ids=str,
)
def test_the_locale_decides(environment: dict[str, str], chinese: bool) -> None:  # noqa: FBT001 - expected
    assert prefers_chinese_locale(environment) is chinese
