from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest
from helpers.fleets import APPSECRET, SmallFleet, appid
from helpers.json_text import as_json
from helpers.samples import series, value
from helpers.services import running_service, scrape, up
from helpers.waiting import Trap
from structlog.testing import capture_logs

from wx_domain_exporter import service as service_module
from wx_domain_exporter.service import Service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

A, B = appid(0), appid(1)
ERRORS = "wx_domain_exporter_app_file_errors"
STABLE = {"type": "stable_token", "appsecret": APPSECRET}


def write(file: Path, content: str) -> None:
    before = file.stat().st_mtime_ns if file.exists() else 0
    file.write_text(content)
    os.utime(
        file, ns=(before + 10**9, before + 10**9)
    )  # a change that does not depend on the file system's clock


def listing(*appids: str) -> str:
    return as_json([{"appid": one, "token": STABLE} for one in appids])


@pytest.fixture
def file(fleet: SmallFleet, tmp_path: Path) -> Path:
    """The only app file of a configuration that has no app itself."""
    fleet.configure(apps=[], app_files=["*.apps.yml"])
    file = tmp_path / "one.apps.yml"
    write(file, listing(A))
    return file


@pytest.fixture
def service(fleet: SmallFleet, file: Path) -> Iterator[Service]:
    assert file.parent == fleet.path.parent
    with running_service(fleet.path) as service:
        yield service


class TestReloadAppFiles:
    def test_a_changed_file_changes_the_fleet(self, service: Service, file: Path) -> None:
        app = service.fleet.by_appid[A]
        assert up(scrape(service)) == {A: 1}
        write(file, listing(A, B))
        with capture_logs() as logs:
            service.reload_app_files()
        assert logs == [{"event": "app files reloaded", "log_level": "info", "apps": 2}]
        text = scrape(service)
        assert up(text) == {A: 1, B: 1}
        assert value(text, "wx_domain_exporter_apps") == 2
        assert service.fleet.by_appid[A] is app

    def test_without_a_change_nothing_happens(self, service: Service) -> None:
        before = service.fleet
        with capture_logs() as logs:
            service.reload_app_files()
        assert service.fleet is before
        assert logs == []

    def test_it_ends_no_cooldown_and_is_no_reload(
        self, fleet: SmallFleet, service: Service, file: Path
    ) -> None:
        reloaded = value(scrape(service), "wx_domain_exporter_config_last_reload_success_timestamp_seconds")
        fleet.world.patch(A, {"errcode": 45009})
        scrape(service)
        fleet.world.patch(A, {"errcode": 0})
        write(file, listing(A, B))
        service.reload_app_files()
        text = scrape(service)
        assert up(text) == {A: 0, B: 1}
        name = "wx_domain_exporter_config_last_reload_success_timestamp_seconds"
        assert value(text, name) == reloaded

    def test_only_a_reload_reads_the_configuration_itself(
        self, fleet: SmallFleet, service: Service, file: Path
    ) -> None:
        fleet.configure(apps=[], app_files=["*.apps.yml"], defaults={"labels": {"team": "growth"}})
        write(file, listing(B))
        service.reload_app_files()
        assert "growth" not in scrape(service)
        service.reload()
        assert "growth" in scrape(service)


class TestBrokenFile:
    def test_its_last_valid_content_stays_and_the_metric_shows_the_error(
        self, service: Service, file: Path
    ) -> None:
        assert series(scrape(service), ERRORS, "file") == {str(file): 0}
        write(file, "- appid: nonsense")
        with capture_logs() as logs:
            service.reload_app_files()
        errors = {log["event"] for log in logs if log["log_level"] == "error"}
        assert errors == {"app file invalid; its last valid content stays in use"}
        assert logs[0]["error"].startswith(f"{file}:1: [0].appid: is not an appid")
        text = scrape(service)
        assert up(text) == {A: 1}
        assert series(text, ERRORS, "file") == {str(file): 1}
        assert not service.knows_all_apps

    def test_the_metric_shows_files_that_are_repaired_or_removed(
        self, service: Service, file: Path, tmp_path: Path
    ) -> None:
        other = tmp_path / "two.apps.yml"
        write(other, "[")
        service.reload_app_files()
        assert series(scrape(service), ERRORS, "file") == {str(file): 0, str(other): 1}
        write(other, listing(B))
        service.reload_app_files()
        assert series(scrape(service), ERRORS, "file") == {str(file): 0, str(other): 0}
        assert service.knows_all_apps
        other.unlink()
        service.reload_app_files()
        text = scrape(service)
        assert series(text, ERRORS, "file") == {str(file): 0}
        assert up(text) == {A: 1}

    def test_one_that_is_broken_from_the_start_is_logged(self, fleet: SmallFleet, file: Path) -> None:
        write(file, "[")
        with capture_logs() as logs, running_service(fleet.path) as service:
            assert service.fleet.apps == ()
            assert series(scrape(service), ERRORS, "file") == {str(file): 1}
        assert logs[0]["event"] == "app file invalid; its apps are not monitored"


class TestThread:
    @pytest.fixture(autouse=True)
    def _often(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(service_module, "_APP_FILES_INTERVAL_SECONDS", 0.01)

    def test_a_started_service_reloads_changed_files(
        self, service: Service, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        replaced, replace = threading.Event(), Service._after_fleet_change

        def note(service: Service, *arguments: object, **more: object) -> None:
            replace(service, *arguments, **more)  # type: ignore[arg-type]
            replaced.set()

        monkeypatch.setattr(Service, "_after_fleet_change", note)
        service.start()
        write(file, listing(B))
        assert replaced.wait(120)
        assert list(service.fleet.by_appid) == [B]

    def test_after_an_unexpected_error_the_checks_go_on(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        trap = Trap(OSError())
        monkeypatch.setattr(Service, "reload_app_files", trap)
        with capture_logs() as logs:
            service.start()
            assert trap.again.wait(120)
            service.close()
        assert logs[0]["event"] == "files can't be checked for changes"
