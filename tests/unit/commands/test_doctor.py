from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from socket import AddressFamily
from typing import TYPE_CHECKING, Any

import pytest
from helpers.fleets import (
    APPSECRET,
    appid,
    discovering,
    platform_fleet,
    serve,
    small_fleet,
    token_service_source,
)
from helpers.simulated_client import COMPONENT, COMPONENT_SECRET, TICKET

from wx_domain_exporter import cli
from wx_domain_exporter.commands import doctor_checks
from wx_domain_exporter.commands.doctor_checks import DoctorChecks
from wx_domain_exporter.commands.doctor_report import Report
from wx_domain_exporter.diagnosis.checks import Check, State
from wx_domain_exporter.errcodes.types import BilingualText
from wx_domain_exporter.progress import Progress
from wx_domain_exporter.simulator.world import SimulatedPlatform

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from helpers.commands import Capture
    from helpers.fleets import SmallFleet

A, B = appid(0), appid(1)


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


REACHED = ("\nWeChat was reached over IPv4.", "\n通过 IPv4 访问微信。")


def report(fleet: SmallFleet, capsys: Capture, status: int, *arguments: str) -> tuple[list[str], list[str]]:
    """Run the doctor; return its sorted lines, and the blocks of the end of its report."""
    assert cli.run(["--doctor", f"--config.file={fleet.path}", *arguments]) == status
    captured = capsys.readouterr()
    assert captured.err == ""
    text = captured.out.removesuffix("\n")
    for reached in REACHED:
        text = text.replace(reached, "")
    lines, *end = text.split("\n\n")
    return sorted(lines.splitlines()), end


class TestReport:
    def test_nothing_is_wrong(self, fleet: SmallFleet, capsys: Capture) -> None:
        steps = "secret, token, IP whitelist, permission, answer (1 domain in 6 categories)"
        lines, end = report(fleet, capsys, 0)
        assert lines == [
            f"ok    {A} app 0: {steps}, quota (1 of 100000 calls used today)",
            f"ok    {B} app 1: {steps}, quota (1 of 100000 calls used today)",
        ]
        assert end == ["2 checks passed"]

    @pytest.mark.parametrize(("language", "reached"), [("en", REACHED[0]), ("zh", REACHED[1])])
    def test_tells_by_which_kind_of_address_wechat_was_reached(
        self, fleet: SmallFleet, capsys: Capture, language: str, reached: str
    ) -> None:
        assert cli.run(["--doctor", f"--config.file={fleet.path}", f"--lang={language}"]) == 0
        assert capsys.readouterr().out.endswith(f"{reached}\n")

    def test_tells_of_both_kinds_what_they_mean_for_the_ip_whitelist(self) -> None:
        report = Report("en", colour=False)
        report.add(Check("shop", State.OK, BilingualText("fine", "正常")))
        families = {AddressFamily.AF_INET6, AddressFamily.AF_INET}
        assert "reached over IPv4 and IPv6: the IP whitelist needs" in report.end(
            Progress(1, 1), [], families
        )
        assert "reached" not in report.end(Progress(1, 1), [])

    def test_the_status_of_a_failing_account_is_told(self, tmp_path: Path, capsys: Capture) -> None:
        with serve(platform_fleet(2), tmp_path) as fleet:
            [platform] = fleet.world.platforms.values()
            frozen, normal = fleet.world.authorizations[platform.component_appid]
            fleet.world.patch_authorization(platform.component_appid, frozen, {"account_status": 19})
            for one in (frozen, normal):
                fleet.world.patch(one, {"errcode": 85015})
            fleet.configure(**discovering(platform), collect={"account": True})
            _, (_, *blocks) = report(fleet, capsys, 1)
        (told,) = [block for block in blocks if block.startswith("getwxadevinfo 85015, frozen: ")]
        (other,) = [block for block in blocks if block.startswith("getwxadevinfo 85015: ")]
        assert frozen in told
        assert "→ WeChat has frozen this mini program (已冻结). The appeal is at" in told
        assert normal in other
        assert "frozen" not in other

    def test_a_failure_is_a_line_with_the_problem_and_has_its_remedy_at_the_end(
        self, fleet: SmallFleet, capsys: Capture
    ) -> None:
        fleet.world.patch(A, {"whitelisted": False})
        (first, second), (summary, block) = report(fleet, capsys, 1)
        assert first.startswith(f"FAIL  {A} app 0: IP whitelist: stable_token returned errcode 40164: ")
        assert second.startswith(f"ok    {B}")
        assert summary == "1 of 2 checks failed"
        head, who, errmsg, remedy = block.splitlines()
        assert head.startswith("stable_token 40164: The address this call came from ")
        assert who == f"  {A} app 0"
        assert errmsg.startswith("  stable_token answered errcode 40164: invalid ip 203.0.113.7 ")
        assert "rid: " in errmsg
        assert remedy.startswith(f"  → Add 203.0.113.7 to the IP whitelist of {A}: ")

    def test_failures_with_the_same_cause_are_one_block_and_the_most_come_first(
        self, tmp_path: Path, capsys: Capture
    ) -> None:
        with small_fleet(tmp_path, apps=25) as fleet:
            for number in range(24):
                fleet.world.patch(appid(number), {"whitelisted": False})
            fleet.world.patch(appid(24), {"errcode": 48001})
            lines, (summary, first, second) = report(fleet, capsys, 1)
        assert len(lines) == 25
        assert summary == "25 of 25 checks failed"
        head, who, _, remedy = first.splitlines()
        assert head.startswith("stable_token 40164 (24): ")
        assert who.count("wx") == 20
        assert who.endswith(" and 4 more")
        assert "Add 203.0.113.7 to the IP whitelist of each of these mini programs: " in remedy
        assert second.startswith("getwxadevinfo 48001: ")

    @pytest.mark.parametrize("chosen", ["--lang=zh", ""])
    def test_the_report_is_chinese_with_the_flag_or_a_chinese_locale(
        self, fleet: SmallFleet, capsys: Capture, monkeypatch: pytest.MonkeyPatch, chosen: str
    ) -> None:
        monkeypatch.setenv("LC_ALL", "C" if chosen else "zh_CN.UTF-8")
        fleet.world.patch(A, {"errcode": 48001})
        (first, second), (summary, block) = report(fleet, capsys, 1, *filter(None, [chosen]))
        assert first.startswith(f"异常 {A} app 0：权限：getwxadevinfo 返回错误码 48001：")
        assert second.startswith(f"正常 {B} app 1：密钥、token、IP 白名单、权限、返回结果（")
        assert summary == "2 项检查中 1 项异常"
        assert block.splitlines()[3].startswith("  → 请确认 token 属于该小程序")

    def test_the_flag_chooses_english_too(
        self, fleet: SmallFleet, capsys: Capture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
        assert report(fleet, capsys, 0, "--lang=en")[1] == ["2 checks passed"]

    def test_drift_is_told_apart_from_failures(self, fleet: SmallFleet, capsys: Capture) -> None:
        mine = "https://app-0.example.com"
        expected = {"requestdomain": {"exact": [f"https://{name}.example.com" for name in "abcdefg"]}}
        token = {"type": "stable_token", "appsecret": APPSECRET}
        apps = [{"appid": A, "token": token, "baseline": expected}, {"appid": B, "token": token}]
        fleet.configure(apps=apps)
        (first, second), (summary, block) = report(fleet, capsys, 1)
        missing = ", ".join(f"https://{name}.example.com" for name in "abcde")
        assert first == (
            f"DRIFT {A}: differs from its baseline: requestdomain lacks {missing} and 2 more; "
            f"requestdomain unexpectedly has {mine}"
        )
        assert second.startswith(f"ok    {B}")
        assert summary == "2 checks: 1 mini program differs from the baseline"
        assert block.startswith(f"drift: The configured domains differ from the baseline.\n  {A}\n  → If ")
        fleet.world.patch(B, {"whitelisted": False})
        _, (summary, first, second) = report(fleet, capsys, 1)
        assert summary == "1 of 2 checks failed; 1 mini program differs from the baseline"
        assert [block.partition(":")[0] for block in (first, second)] == ["stable_token 40164", "drift"]

    def test_a_used_up_quota_is_a_failure(self, fleet: SmallFleet, capsys: Capture) -> None:
        fleet.world.patch(A, {"daily_limit": 0})
        assert ": quota: getwxadevinfo returned errcode 45009: " in report(fleet, capsys, 1)[0][0]

    def test_an_unknown_quota_is_not_a_failure(self, fleet: SmallFleet, capsys: Capture) -> None:
        fleet.world.patch(A, {"quota_errcode": 48001})
        assert "quota unknown (quota/get answered errcode 48001" in report(fleet, capsys, 0)[0][0]

    def test_withheld_effective_lists_are_mentioned(self, fleet: SmallFleet, capsys: Capture) -> None:
        fleet.configure(collect={"effective": True})
        fleet.world.patch(A, {"effective_reported": False})
        (first, second), end = report(fleet, capsys, 0)
        assert "calls used today) → WeChat does not report the lists in effect: " in first
        assert "→" not in second
        assert end == ["2 checks passed"]

    def test_each_api_is_called_once_for_each_app_that_needs_it(
        self, fleet: SmallFleet, capsys: Capture
    ) -> None:
        fleet.world.patch(A, {"errcode": 48001})
        report(fleet, capsys, 1)
        assert {name: fleet.calls(name) for name in ("stable_token", "getwxadevinfo", "quota/get")} == {
            "stable_token": 2,
            "getwxadevinfo": 2,
            "quota/get": 1,
        }

    def test_a_quota_that_the_scrape_collects_is_not_asked_for_again(
        self, fleet: SmallFleet, capsys: Capture
    ) -> None:
        fleet.configure(collect={"quota": True})
        assert "quota (1 of 100000 calls used today)" in report(fleet, capsys, 0)[0][0]
        assert fleet.calls("quota/get") == 2

    def test_quotas_are_asked_for_a_few_at_a_time_until_all_are_known(
        self, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(doctor_checks, "_MAX_QUOTA_CALLS", 2)
        with small_fleet(tmp_path, apps=9) as fleet:
            lines, _ = report(fleet, capsys, 0)
        assert sum("calls used today" in line for line in lines) == 9

    def test_an_app_whose_token_another_one_receives_later_is_corrected(
        self, fleet: SmallFleet, capsys: Capture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shared_tokens = DoctorChecks._shared_tokens

        def after_a_conflict(checks: DoctorChecks) -> Iterator[Check]:
            (first, _), (second, _) = checks._passed
            token = first.wechat.token
            assert token is not None
            assert second._claim(token)
            yield from shared_tokens(checks)

        monkeypatch.setattr(DoctorChecks, "_shared_tokens", after_a_conflict)
        lines, (summary, block) = report(fleet, capsys, 1)
        assert [line[:4] for line in lines] == ["FAIL", "FAIL", "ok  ", "ok  "]
        assert all("another app received the same token" in line for line in lines[:2])
        assert summary == "2 of 2 checks failed"
        assert block.startswith("token (2): There is no token that can be used.")

    def test_a_secret_that_cannot_be_read_is_a_failure_of_its_app_alone(
        self, fleet: SmallFleet, capsys: Capture
    ) -> None:
        secrets = {A: APPSECRET, B: {"env": "WX_DOMAIN_EXPORTER_UNSET"}}
        apps = [
            {"appid": one, "token": {"type": "stable_token", "appsecret": secret}}
            for one, secret in secrets.items()
        ]
        fleet.configure(apps=apps)
        (first, second), (_, block) = report(fleet, capsys, 1)
        problem = "the environment variable WX_DOMAIN_EXPORTER_UNSET is not set"
        assert first == f"FAIL  {B}: secret: stable_token: no token: {problem}"
        assert second.startswith(f"ok    {A}: ")
        line = report(fleet, capsys, 1, "--lang=zh")[0][0]
        assert line == f"异常 {B}：密钥：密钥无法读取：环境变量 WX_DOMAIN_EXPORTER_UNSET 未设置"
        assert block.startswith(f"token secret: A secret can't be read.\n  {B}\n  → Make the file readable ")

    def test_a_fleet_without_apps_is_a_failure(self, fleet: SmallFleet, capsys: Capture) -> None:
        fleet.configure(apps=[], app_files=["none.d/*.yml"])
        assert cli.run(["--doctor", f"--config.file={fleet.path}"]) == 1
        line, summary, block = capsys.readouterr().out.split("\n\n")
        assert line == "FAIL  No mini program is monitored."
        assert summary == "1 check failed"
        assert block.startswith("no app: No mini program is monitored.\n  → List at least one under apps, ")

    def test_a_broken_app_file_is_a_failure_and_the_apps_are_checked(
        self, fleet: SmallFleet, capsys: Capture
    ) -> None:
        (fleet.path.parent / "apps.yml").write_text("mini-programs: []")
        fleet.configure(app_files=["apps.yml"])
        assert cli.run(["--doctor", f"--config.file={fleet.path}"]) == 1
        lines, _, block = capsys.readouterr().out.split("\n\n")
        first, *others = lines.splitlines()
        assert first.startswith("FAIL  ")
        assert "apps.yml:1: is not a list of apps" in first
        assert [line[:4] for line in others] == ["ok  ", "ok  "]
        assert block.startswith("app file: An app file is not valid.\n  → Correct the file; ")

    def test_a_token_service_that_is_down_is_named(self, fleet: SmallFleet, capsys: Capture) -> None:
        fleet.world.patch_token_service({"status": 503})
        tokens = {"center": token_service_source(fleet.url)}
        fleet.configure(apps=[{"appid": A, "token": "center"}], tokens=tokens)
        (line,), (_, block) = report(fleet, capsys, 1)
        service = f"token service {fleet.url.removeprefix('http://')} of tokens.center"
        assert line.endswith(f": token: http: no token: HTTP status 503 ({service})")
        assert f"  → Read the log of the {service}, " in block

    def test_a_pipe_that_is_closed_ends_the_checks(
        self, fleet: SmallFleet, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        reader, writer = os.pipe()
        os.close(reader)
        with contextlib.suppress(BrokenPipeError), os.fdopen(writer, "w") as stream:
            monkeypatch.setattr(sys, "stdout", stream)
            assert cli.run(["--doctor", f"--config.file={fleet.path}"]) == 1
            assert sys.stdout is None


class TestInterruption:
    @pytest.fixture(autouse=True)
    def _handler_of_the_tests(self) -> Iterator[None]:
        handler = signal.getsignal(signal.SIGINT)
        yield
        assert signal.getsignal(signal.SIGINT) is handler

    def test_what_is_known_is_told(
        self, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """One app answers, one fails, and 22 never answer; SIGINT comes when the first two are known."""
        checked = DoctorChecks._checked

        def interrupting(checks: DoctorChecks, *args: Any) -> Check:
            check = checked(checks, *args)
            if len(checks.pending) == 22:
                os.kill(os.getpid(), signal.SIGINT)
            return check

        monkeypatch.setattr(DoctorChecks, "_checked", interrupting)
        with small_fleet(tmp_path, apps=24) as fleet:
            fleet.world.patch(A, {"whitelisted": False})
            for number in range(2, 24):
                fleet.world.patch(appid(number), {"hang": True})
            fleet.configure(wechat={"timeout": "2m"})
            lines, (summary, failed, block) = report(fleet, capsys, 130)
        assert [line[:5] for line in lines] == ["FAIL ", "ok   "]
        first, rest = summary.split("; ")
        assert first == "Interrupted: 2 of 24 mini programs checked"
        assert rest.startswith(f"no result yet from {appid(2)} app 2, ")
        assert rest.endswith(f"{appid(21)} app 21 and 2 more.")
        assert failed == "1 of 2 checks failed"
        assert block.startswith("stable_token 40164: ")

    def test_so_is_an_interrupted_discovery(
        self, fleet: SmallFleet, platform: SimulatedPlatform, capsys: Capture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        platform.latency = 300
        run = DoctorChecks._discover

        def interrupted(checks: DoctorChecks) -> Iterator[Check | None]:
            os.kill(os.getpid(), signal.SIGINT)
            yield from run(checks)

        monkeypatch.setattr(DoctorChecks, "_discover", interrupted)
        assert cli.run(["--doctor", f"--config.file={fleet.path}", "--lang=zh"]) == 130
        assert capsys.readouterr().out == "\n已中断：尚未发现完第三方平台的小程序。\n"


@pytest.fixture
def platform(fleet: SmallFleet) -> SimulatedPlatform:
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


class TestPlatform:
    @pytest.mark.usefixtures("platform")
    def test_a_platform_has_a_line_and_so_have_its_mini_programs(
        self, fleet: SmallFleet, capsys: Capture
    ) -> None:
        (platform, app), end = report(fleet, capsys, 0)
        assert platform == f"ok    platform main {COMPONENT}: 1 mini program"
        assert app.startswith(f"ok    {A} 商城: secret, token, ")
        assert end == ["2 checks passed"]

    @pytest.mark.usefixtures("platform")
    def test_it_says_why_accounts_are_left_out(self, fleet: SmallFleet, capsys: Capture) -> None:
        fleet.world.authorize(COMPONENT, B, mini_program=False)
        config = json.loads(fleet.path.read_text())
        config["platforms"]["main"]["exclude"] = [A]
        config["apps"] = [{"appid": A, "token": {"type": "stable_token", "appsecret": APPSECRET}}]
        fleet.path.write_text(json.dumps(config))
        line = report(fleet, capsys, 0)[0][0]
        assert line == (
            f"ok    platform main {COMPONENT}: 0 mini programs; left out: 1 official account or the like, "
            "1 by include and exclude"
        )
        line = report(fleet, capsys, 0, "--lang=zh")[0][0]
        assert line == (
            f"正常 platform main {COMPONENT}：0 个小程序；未监控的账号：1 个公众号等非小程序账号、"
            "1 个被 include 和 exclude 排除"
        )

    def test_an_account_that_cannot_be_looked_up_has_a_line(
        self, fleet: SmallFleet, platform: SimulatedPlatform, capsys: Capture
    ) -> None:
        fleet.world.patch_authorization(platform.component_appid, A, {"info_errcode": 50002})
        assert cli.run(["--doctor", f"--config.file={fleet.path}"]) == 1
        first, second, *_ = capsys.readouterr().out.splitlines()
        assert first == (
            f"ok    platform main {COMPONENT}: 0 mini programs; left out: 1 that could not be looked up"
        )
        assert second.startswith(f"FAIL  platform main {A}: ")
        assert "50002" in second

    def test_a_failed_discovery_is_the_only_failure_and_names_the_platforms_own_whitelist(
        self, fleet: SmallFleet, platform: SimulatedPlatform, capsys: Capture
    ) -> None:
        platform.whitelisted = False
        (line,), (_, block) = report(fleet, capsys, 1)
        assert line.startswith(f"FAIL  platform main {COMPONENT}: IP whitelist: api_component_token returned")
        assert f"Add 203.0.113.7 to the IP whitelist of {COMPONENT}: " in block
        assert "discovery" not in block
