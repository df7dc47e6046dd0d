"""The button that fetches all mini programs, pressed in a browser without scripts, and by another site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from helpers.browser import Browser, Tab, browser
from helpers.fleets import SmallFleet, small_fleet
from helpers.serving import serving_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as running:
        yield running


@pytest.fixture
def tab(chromium: Browser) -> Tab:
    found = chromium.tab()
    found.emulate()
    found.call("Emulation.setScriptExecutionDisabled", value=True)
    return found


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[SmallFleet]:
    with small_fleet(tmp_path) as running:
        yield running


@pytest.fixture
def url(fleet: SmallFleet) -> Iterator[str]:
    with serving_file(fleet.path) as running:
        yield running.url


def headers_of_the_post(tab: Tab) -> dict[str, Any]:
    (post,) = (
        event for event in tab.events("Network.requestWillBeSent") if event["request"]["method"] == "POST"
    )
    (sent,) = (
        event["headers"]
        for event in tab.events("Network.requestWillBeSentExtraInfo")
        if event["requestId"] == post["requestId"]
        and "Sec-Fetch-Site" in event["headers"]
        and "Origin" in event["headers"]
    )
    headers: dict[str, Any] = sent
    return headers


def test_the_button_works_with_the_keyboard_and_without_scripts(
    tab: Tab, fleet: SmallFleet, url: str
) -> None:
    tab.open(f"{url}/?lang=zh")
    assert tab.evaluate("document.body.innerText").count("尚未查询") > 2
    focused = ""
    while focused != "立即查询（每个小程序调用一次微信 API）":
        tab.key("Tab", 9)
        focused = tab.evaluate("document.activeElement.textContent")
        assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid", focused
    tab.submit()
    assert tab.evaluate("location.href") == f"{url}/?lang=zh"
    assert "尚未查询" not in tab.evaluate("document.body.innerText")
    assert "scrape_configs:\n  - job_name: wx_domain\n" in tab.evaluate("document.body.innerText")
    assert tab.evaluate("document.querySelector('.setup button').disabled") is True
    assert fleet.calls() == 2
    assert tab.complaints == []
    # Over plain HTTP from another machine, browsers send only the second of these.
    sent = headers_of_the_post(tab)
    assert (sent["Sec-Fetch-Site"], sent["Origin"]) == ("same-origin", url)


def test_the_page_of_another_site_can_not_press_it(
    tab: Tab, fleet: SmallFleet, url: str, tmp_path: Path
) -> None:
    page = tmp_path / "other.html"
    page.write_text(f"<form method=post action='{url}/-/fetch'><button>prize</button></form>")
    tab.open(page.as_uri())
    tab.follow("document.querySelector('button').click()")
    assert tab.evaluate("document.body.innerText").startswith("only the button on the status page")
    assert not fleet.calls()
