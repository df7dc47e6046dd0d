from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.page_setup import every_status

from wx_domain_exporter.config.loader import ConfigLoader
from wx_domain_exporter.deadline import Deadline
from wx_domain_exporter.fleet_history import FleetHistory, ScrapeTotals
from wx_domain_exporter.service import Service

if TYPE_CHECKING:
    from helpers.fleets import SmallFleet


def test_it_counts_the_apps_by_how_their_last_fetches_ended() -> None:
    history = FleetHistory()
    history.note(every_status(), 1.0)
    assert history.scrapes == (ScrapeTotals(1.0, failing=3, drifted=1, ok=3),)


def test_the_last_sixty_scrapes_are_kept() -> None:
    history = FleetHistory()
    for number in range(61):
        history.note([], number)
    assert [totals.timestamp for totals in history.scrapes] == list(range(1, 61))


def test_a_scrape_of_all_apps_is_added_when_it_is_done(fleet: SmallFleet) -> None:
    service = Service(ConfigLoader(fleet.path))
    try:
        for app in (None, service.fleet.apps[:1]):
            service.start_scrape(service.fleet, Deadline.after(30), app).wait(30)
        (totals,) = service.fleet_history.scrapes
        assert (totals.failing, totals.drifted, totals.ok) == (0, 0, 2)
        assert totals.timestamp <= (service.last_scrape or 0)
    finally:
        service.close()
