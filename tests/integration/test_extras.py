"""Effective lists and quota: the running exporter while these APIs work, fail and hang."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from helpers.exporter_process import exporter
from helpers.extra_calls_setup import HANG, LISTS, QUOTA, SERVER, WEBVIEW, stage_of
from helpers.faults import token_for
from helpers.fleets import SmallFleet, appid, small_fleet
from helpers.json_text import as_json
from helpers.samples import samples, series, value
from helpers.simulated_client import APPID

if TYPE_CHECKING:
    from pathlib import Path

NEEDED = ("up", "domains", "hash", "info", "fetch_duration_seconds", "fetch_timestamp_seconds")


def test_an_effective_list_that_differs_has_another_hash(fleet: SmallFleet) -> None:
    fleet.world.patch(appid(1), {"effective": {"requestdomain": ["https://old.example.com"]}})
    fleet.configure(collect={"effective": True})
    with exporter(f"--config.file={fleet.path}") as program:
        text = program.scrape()
    for one, same in ((appid(0), True), (appid(1), False)):
        labels = {"appid": one, "category": "requestdomain"}
        configured = value(text, "wx_domain_hash", **labels)
        assert configured is not None
        assert (value(text, "wx_domain_effective_hash", **labels) == configured) is same
        assert value(text, "wx_domain_effective_domains", **labels) == 1


def test_effective_lists_that_hang_for_all_apps_affect_nothing_else(tmp_path: Path) -> None:
    apps = 12
    with small_fleet(tmp_path, apps=apps) as fleet:
        for number in range(apps):
            fleet.world.patch(appid(number), {"effective_hang": True})
        fleet.configure(
            wechat={"timeout": "2m", "max_concurrency": 4}, collect={"effective": True, "quota": True}
        )
        with exporter(f"--config.file={fleet.path}") as program:
            for scrape in range(1, 4):
                # Answered at the deadline: the calls that hang last longer than the client would wait.
                text = program.scrape(timeout=8)
                assert series(text, "wx_domain_up", "appid") == {appid(number): 1 for number in range(apps)}
                for name in NEEDED:
                    assert len(series(text, f"wx_domain_{name}", "appid")) == apps
                assert "wx_domain_effective_" not in text
                assert fleet.calls() == scrape * apps
            assert fleet.calls("get_effective_domain") > 0
            # So does the end of the program.
            assert program.stop(signal.SIGTERM) == 0


def test_effective_lists_that_hang_for_one_app_are_there_for_the_others(tmp_path: Path) -> None:
    apps = 40
    with small_fleet(tmp_path, apps=apps) as fleet:
        hanging = appid(0)
        fleet.world.patch(hanging, {"effective_hang": True})
        fleet.configure(wechat={"timeout": "5s", "max_concurrency": 8}, collect={"effective": True})
        with exporter(f"--config.file={fleet.path}") as program:
            program.scrape(timeout=20)
            for _ in range(2):
                text = program.scrape(timeout=20)
                assert set(series(text, "wx_domain_up", "appid").values()) == {1}
                effective = set(series(text, "wx_domain_effective_hash", "appid"))
                assert effective == {appid(number) for number in range(apps)} - {hanging}


def test_an_app_without_the_permission_is_up_and_shows_the_errcode(fleet: SmallFleet) -> None:
    fleet.world.patch(appid(1), {"effective_errcode": 48001})
    fleet.configure(collect={"effective": True})
    with exporter(f"--config.file={fleet.path}") as program:
        texts = [program.scrape() for _ in range(3)]
    for text in texts:
        assert series(text, "wx_domain_up", "appid") == {appid(0): 1, appid(1): 1}
        errors = [dict(labels) for name, labels in samples(text) if name == "wx_domain_api_error"]
        assert {(error["appid"], error["api"], error["errcode"]) for error in errors} == {
            (appid(1), "get_effective_domain", "48001"),
            (appid(1), "get_effective_webviewdomain", "48001"),
        }
        assert set(series(text, "wx_domain_effective_hash", "appid")) == {appid(0)}
    assert program.log.count("call fails") == 2


def test_a_quota_of_strings_is_read_and_fetched_once_in_ten_minutes(tmp_path: Path) -> None:
    with stage_of() as stage:
        stage.answers[QUOTA] = {"errcode": 0, "quota": {"daily_limit": "1000", "used": "7", "remain": "993"}}
        stage.answers[LISTS] = {"errcode": 45009}
        token = {"type": "access_token", "access_token": token_for("it")}
        file = tmp_path / "config.yml"
        tree = {
            "wechat": {"base_url": stage.api.url},
            "collect": {"quota": True},
            "apps": [{"appid": APPID, "token": token}],
        }
        file.write_text(as_json(tree))
        with exporter(f"--config.file={file}") as program:
            texts = [program.scrape() for _ in range(3)]
        calls = (stage.asked(QUOTA), stage.asked(LISTS), stage.asked(SERVER))
    for text in texts:
        labels = {"appid": APPID, "api": "getwxadevinfo"}
        quota = [
            value(text, f"wx_domain_api_quota_{name}", **labels) for name in ("limit", "used", "remaining")
        ]
        assert quota == [1000, 7, 993]
        assert value(text, "wx_domain_fetch_error", appid=APPID, reason="quota") == 1
    assert calls == (1, 1, 0)


def test_business_domains_that_hang_leave_the_server_domains(tmp_path: Path) -> None:
    with stage_of() as stage:
        stage.answers[WEBVIEW] = HANG
        token = {"type": "access_token", "access_token": token_for("it")}
        file = tmp_path / "config.yml"
        tree = {
            "wechat": {"base_url": stage.api.url, "timeout": "5s"},
            "collect": {"effective": True},
            "apps": [{"appid": APPID, "token": token}],
        }
        file.write_text(as_json(tree))
        with exporter(f"--config.file={file}") as program:
            texts = [program.scrape() for _ in range(2)]
    for text in texts:
        effective = series(text, "wx_domain_effective_domains", "category")
        assert effective["requestdomain"] == 1
        assert "bizdomain" not in effective
        assert value(text, "wx_domain_up", appid=APPID) == 1
