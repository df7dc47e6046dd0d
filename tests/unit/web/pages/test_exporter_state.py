from __future__ import annotations

import time
from typing import TYPE_CHECKING

from helpers.json_text import as_json
from helpers.page_setup import CONFIGURED, NOW, PLATFORMS, service_of

from wx_domain_exporter.config import loader
from wx_domain_exporter.deadline import Deadline
from wx_domain_exporter.service import Service
from wx_domain_exporter.web.pages.exporter_state import exporter_state
from wx_domain_exporter.wechat.errors import ApiError

if TYPE_CHECKING:
    from pathlib import Path


def test_before_the_first_scrape() -> None:
    with service_of([]) as service:
        found = exporter_state(service, service.config_loaded_at + 90)
    assert (found.last_scrape, found.scraped_long_ago, found.refused) == (None, False, None)
    assert (found.refusal.shown, found.app_files.shown, found.platforms) == ([], [], [])
    assert found.config_loaded.ago.en == "1 min ago"


def test_a_scrape_is_remembered() -> None:
    with service_of([]) as service:
        before = time.time()
        service.start_scrape(service.fleet, Deadline.after(0))
        assert service.last_scrape is not None
        assert before <= service.last_scrape <= time.time()


def test_after_ten_minutes_a_scrape_is_long_ago() -> None:
    with service_of([]) as service:
        service.last_scrape = NOW
        assert not exporter_state(service, NOW + 600).scraped_long_ago
        assert exporter_state(service, NOW + 601).scraped_long_ago


def test_a_refused_configuration_is_told_until_a_good_one_comes(tmp_path: Path) -> None:
    path = tmp_path / "config.yml"
    path.write_text(as_json(CONFIGURED))
    service = Service(loader.ConfigLoader(path))
    try:
        first = service.config_loaded_at
        path.write_text("apps: []\nwrong: 1\n")
        assert not service.reload()
        found = exporter_state(service, time.time())
        assert [sentence.split(": ", 1)[1].split(":")[0] for sentence in found.refusal.shown] == [
            "wrong",
            "apps",
        ]
        assert found.refused is not None
        assert service.config_loaded_at == first
        path.write_text(as_json(CONFIGURED))
        assert service.reload()
        assert exporter_state(service, time.time()).refused is None
        assert service.config_loaded_at > first
    finally:
        service.close()


def test_broken_app_files_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("".join(f"- {{appid: wrong-{number}}}\n" for number in range(60)))
    path = tmp_path / "config.yml"
    path.write_text(as_json({**CONFIGURED, "app_files": ["*.yml"], "wechat": {}}))
    path = path.rename(tmp_path / "config.yaml")
    service = Service(loader.ConfigLoader(path))
    try:
        found = exporter_state(service, NOW).app_files
    finally:
        service.close()
    assert len(found.shown) == 50
    assert found.more > 0
    assert "a.yml: [0].appid" in found.shown[0]


def test_every_platform_says_how_its_discovery_goes() -> None:
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
