from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpers.clocks import StoppedClock
from helpers.fleets import small_fleet
from structlog.testing import capture_logs

from wx_domain_exporter.config.loader import ConfigLoader
from wx_domain_exporter.deadline import Deadline
from wx_domain_exporter.progress import Progress
from wx_domain_exporter.scheduler.first_fetches import FirstFetches
from wx_domain_exporter.service import Service

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def logged(fetches: Sequence[tuple[float, bool, bool]], done: int = 96) -> list[tuple[int, int]]:
    """What is logged of 100 apps.

    Args:
        fetches: the time of each fetch, whether it is the app's first one, and whether no other one waits.
        done: how many apps were fetched when the first of these fetches has ended.
    """
    clock = StoppedClock()
    first_fetches = FirstFetches(lambda: Progress(done, 100), clock)
    with capture_logs() as logs:
        for now, is_first, is_last in fetches:
            clock.now = now
            first_fetches.note_fetch(is_first=is_first, is_last=is_last)
    return [(log["done"], log["total"]) for log in logs]


def test_a_fleet_that_is_fetched_at_once_is_not_logged() -> None:
    assert logged([(0, True, False), *[(4, True, False)] * 3, (4, True, True), (60, False, True)]) == []


def test_a_large_fleet_is_logged_every_5_seconds_and_at_its_end() -> None:
    fetches = [(0, True, False), (5, True, False), (9, True, False), (10, True, False), (11, True, True)]
    assert logged(fetches) == [(97, 100), (99, 100), (100, 100)]


def test_what_a_scrape_left_out_is_logged_once() -> None:
    fetches = [(0, True, False), (5, True, False), (6, True, True), (60, False, False), (66, False, True)]
    assert logged(fetches) == [(97, 100), (98, 100)]


def test_nothing_is_logged_after_all_apps_were_fetched() -> None:
    fetches = [(0, True, False), (5, True, True), (60, False, False), (120, False, True)]
    assert logged(fetches, done=99) == [(100, 100)]


def test_the_service_counts_its_apps_and_begins_again_with_a_new_fleet(tmp_path: Path) -> None:
    clock = StoppedClock()
    with small_fleet(tmp_path, apps=3) as fleet:
        service = Service(ConfigLoader(fleet.path), clock)

        def scrape() -> list[Any]:
            with capture_logs() as logs:
                clock.now += 6
                service.start_scrape(service.fleet, Deadline.after(60), service.fleet.apps[:2]).wait(60)
            return [log for log in logs if log["event"] == "apps fetched for the first time"]

        assert service.fetched == Progress(0, 3)
        scrape()
        assert service.fetched == Progress(2, 3)
        (line,) = scrape()
        assert (line["done"], line["total"]) == (2, 3)
        assert scrape() == []
        assert service.reload()
        scrape()
        (line,) = scrape()
        assert (line["done"], line["total"]) == (2, 3)
        service.close()
