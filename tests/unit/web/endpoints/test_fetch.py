"""The button of the status page that fetches all mini programs once, before Prometheus scrapes."""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from helpers.http_requests import Answer, request
from helpers.page_setup import Page
from helpers.serving import Serving, serving_file
from helpers.web_certificates import make_web_folder
from helpers.web_setup import PASSWORD, basic, serving, users

from wx_domain_exporter.config.loader import ConfigLoader
from wx_domain_exporter.service import Service
from wx_domain_exporter.web import manual_fetch
from wx_domain_exporter.web.manual_fetch import ManualFetch
from wx_domain_exporter.web.routes import WebOptions, make_web_app

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from helpers.fleets import SmallFleet
    from helpers.waiting import Gate

FROM_THE_PAGE = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture(name="running")
def _running(fleet: SmallFleet) -> Iterator[Serving]:
    with serving_file(fleet.path) as running:
        yield running


def press(url: str, query: str = "", **headers: str) -> Answer:
    return request(f"{url}/-/fetch{query}", method="POST", headers={**FROM_THE_PAGE, **headers})


def test_it_fetches_all_apps_once_and_leads_back(fleet: SmallFleet, running: Serving) -> None:
    answer = press(running.url)
    assert (answer.status, answer.headers["location"]) == (303, "../")
    assert fleet.calls() == 2
    page = Page(request(running.url).text)
    assert "not fetched yet" not in page.text
    assert "Prometheus has not scraped this exporter yet." in page.text
    assert fleet.calls() == 2


@pytest.mark.parametrize(
    ("query", "location"),
    [
        ("?lang=zh", "../?lang=zh"),
        ("?lang=//evil.example.com", "../"),
        ("?q=a&lang=en", "../?lang=en"),
    ],
)
def test_it_leads_back_to_the_same_language(running: Serving, query: str, location: str) -> None:
    assert press(running.url, query).headers["location"] == location


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_another_site_can_not_press_it(fleet: SmallFleet, running: Serving, site: str) -> None:
    answer = press(running.url, **{"Sec-Fetch-Site": site})
    assert (answer.status, answer.text) == (403, "only the button on the status page may ask for this\n")
    assert not fleet.calls()
    assert press(running.url).status == 303


def test_it_wants_post(fleet: SmallFleet, running: Serving) -> None:
    for method in ("GET", "HEAD", "PUT"):
        answer = request(f"{running.url}/-/fetch", method=method, headers=FROM_THE_PAGE)
        assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert not fleet.calls()


def test_two_at_once_share_one_fetch(
    fleet: SmallFleet, running: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manual_fetch, "INTERVAL_SECONDS", 0)

    async def press_twice() -> tuple[bool, bool]:
        fetch = ManualFetch(running.service)
        first, second = await asyncio.gather(fetch.run(), fetch.run())
        return first, second

    assert asyncio.run(press_twice()) == (True, True)
    assert fleet.calls() == 2
    assert asyncio.run(press_twice()) == (True, True)
    assert fleet.calls() == 4


def test_a_fresh_result_is_not_fetched_again(fleet: SmallFleet) -> None:
    fleet.configure(scrape={"min_interval": "50s"})
    with serving_file(fleet.path) as running:
        assert request(f"{running.url}/metrics").status == 200
        assert press(running.url).status == 303
    assert fleet.calls() == 2


def test_who_hangs_does_not_hold_up_the_answer(
    running: Serving, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manual_fetch, "_LONGEST_SECONDS", 0.2)
    assert press(running.url).status == 303
    assert gate.reached.is_set()


def test_it_wants_the_password_of_the_web_configuration(fleet: SmallFleet, tmp_path: Path) -> None:
    service = Service(ConfigLoader(fleet.path))
    app = make_web_app(service, WebOptions())
    with closing(service), serving(make_web_folder(tmp_path), users(alice=PASSWORD), app=app) as url:
        assert press(url).status == 401
        assert not fleet.calls()
        assert press(url, **basic()).status == 303
    assert fleet.calls() == 2


def test_it_works_once_a_minute(fleet: SmallFleet, running: Serving) -> None:
    assert press(running.url).status == 303
    answer = press(running.url)
    assert answer.status == 429
    assert 50 < int(answer.headers["retry-after"]) <= 60
    assert f"try again in {answer.headers['retry-after']} s" in answer.text
    assert fleet.calls() == 2
    page = Page(request(running.url).text)
    assert [button.get("disabled") for button in page.all("button")] == ["", None]
    assert "reload this page then" in page.text


def test_after_a_scrape_the_page_has_no_button(running: Serving) -> None:
    assert [form["action"] for form in Page(request(running.url).text).all("form")] == ["./-/fetch", "./"]
    assert request(f"{running.url}/metrics").status == 200
    assert [form["action"] for form in Page(request(running.url).text).all("form")] == ["./"]


def test_the_page_says_how_prometheus_finds_the_exporter(fleet: SmallFleet) -> None:
    with serving_file(fleet.path, WebOptions(telemetry_path="/m")) as running:
        text = request(f"{running.url}/?lang=zh").text
    host = running.url.removeprefix("http://")
    assert f"targets: [&#34;{host}&#34;]" in text
    assert "metrics_path: &#34;/m&#34;" in text
    assert 'action="./-/fetch?lang=zh"' in text
