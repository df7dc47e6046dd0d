"""The status pages in a real browser: errors, scripts, languages, keyboard, contrast and small screens."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from helpers.browser import Browser, Tab, browser
from helpers.page_setup import (
    NO_PERMISSION,
    NOT_LISTED,
    answer,
    appid,
    bad,
    every_status,
    good,
    hosts,
    pending,
    served,
    service_of,
)

from wx_domain_exporter.wechat.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from wx_domain_exporter.apps.monitored_app import MonitoredApp

SCRIPT = '<script>document.title="pwned"</script>'
HOSTILE = f'"><img src=x onerror="document.title=1">{SCRIPT}</style></title>{SCRIPT}'
CONTRAST = """
(() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const channels = colour => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const luminance = colour => {
    const [r, g, b] = [...channels(colour)].slice(0, 3).map(x => x / 255)
      .map(x => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (channels(colour)[3] === 255) return colour;
    }
    return "white";
  };
  const ratios = [...document.body.querySelectorAll("*")]
    .filter(one => [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim()))
    .map(one => {
      const [a, b] = [luminance(getComputedStyle(one).color), luminance(behind(one))].sort((x, y) => y - x);
      return [(a + 0.05) / (b + 0.05), one.className + " " + one.textContent.slice(0, 30)];
    });
  return [ratios.length, ratios.sort((x, y) => x[0] - y[0])[0]];
})()
"""


def fleet() -> list[MonitoredApp]:
    now = time.time()
    hostile = pending(HOSTILE, 99, {"team": HOSTILE})
    answer(hostile, now - 100, requestdomain=[f"https://a.example.com/{HOSTILE}"])
    answer(hostile, now - 40, requestdomain=[*hosts(12), f"https://b.example.com/{HOSTILE}"])
    odd = bad("x" * 200, DecodeError(HOSTILE), 98, now=now)
    return [*every_status(now), hostile, odd]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as running:
        yield running


@pytest.fixture
def tab(chromium: Browser) -> Tab:
    found = chromium.tab()
    found.emulate()
    return found


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with service_of(fleet()) as service, served(service) as running:
        service.last_scrape = time.time()
        yield running


PAGES = [
    "/",
    "/?lang=zh",
    "/?q=nothing",
    *(f"/apps/{appid(number)}" for number in (1, 2, 3, 4, 5, 6, 98, 99)),
    "/apps/wx",
]


def test_the_browser_reports_a_page_that_violates_its_policy(tab: Tab, tmp_path: Path) -> None:
    page = tmp_path / "bad.html"
    policy = """<meta http-equiv="Content-Security-Policy" content="default-src 'none'">"""
    page.write_text(
        f"<!DOCTYPE html>{policy}<title>x</title><p style='color:red'>x</p>{SCRIPT}<img src='http://127.0.0.1:9/x'>"
    )
    tab.open(page.as_uri())
    assert len([complaint for complaint in tab.complaints if "Content Security Policy" in complaint]) == 3
    assert tab.evaluate("document.title") == "x"
    page.write_text(f"<!DOCTYPE html><title>x</title>{HOSTILE}")
    tab.open(page.as_uri())
    assert tab.evaluate("document.title") != "x"


def test_no_page_causes_an_error_or_another_request(tab: Tab, url: str) -> None:
    for path in PAGES:
        tab.open(url + path)
        assert tab.evaluate("getComputedStyle(document.body).margin") == "0px", "the style sheet is applied"
    expected = "Failed to load resource: the server responded with a status of 404 (Not Found)"
    assert [complaint for complaint in tab.complaints if expected not in complaint] == []
    requested = [address for address in tab.requested if not address.startswith("data:")]
    assert requested == [url + path for path in PAGES]


def test_names_and_domains_are_never_html(tab: Tab, url: str) -> None:
    for path in (f"/apps/{appid(99)}", "/", "/?q=%22%3E%3Cscript%3Edocument.title=1%3C/script%3E"):
        tab.open(url + path)
        assert "wx_domain_exporter" in tab.evaluate("document.title")
        assert tab.evaluate("document.querySelectorAll('script, img, [onerror]').length") == 0
        if "?" not in path:
            assert HOSTILE in tab.evaluate("document.body.textContent")


def test_the_language_is_the_browsers_until_the_user_chooses_one(tab: Tab, url: str) -> None:
    tab.call("Network.setExtraHTTPHeaders", headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"})
    tab.open(url)
    assert tab.evaluate("document.documentElement.lang") == "zh-CN"
    assert "异常" in tab.evaluate("document.body.innerText")
    tab.follow("document.querySelector('header [hreflang=en]').click()")
    assert tab.evaluate("document.documentElement.lang") == "en"
    tab.follow("document.querySelector('.apps th[scope=row] a').click()")
    assert tab.evaluate("document.documentElement.lang") == "en"
    tab.follow("document.querySelector('.back a').click()")
    assert tab.evaluate("[document.documentElement.lang, location.pathname]") == ["en", "/"]


def test_ten_thousand_apps_are_searched_with_the_keyboard(tab: Tab) -> None:
    now = time.time()
    apps = [good(f"app-{number:05}", number, now=now, requestdomain=hosts(8)) for number in range(9_999)]
    apps.append(bad("the-bad-one", NO_PERMISSION, 10_000, now=now))
    with service_of(apps) as service, served(service) as running:
        tab.open(running)
        assert tab.evaluate("document.querySelector('.apps th[scope=row] a').textContent") == "the-bad-one"
        assert tab.evaluate("document.querySelectorAll('.apps tbody tr').length") == 100
        seen = []
        while "q" not in seen:
            tab.key("Tab", 9)
            seen.append(tab.evaluate("document.activeElement.id || document.activeElement.className"))
            assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid", seen
        assert seen[0] == "skip"
        tab.call("Input.insertText", text="app-07777")
        tab.submit()
        assert tab.evaluate("location.search") == "?q=app-07777&sort=state"
        assert tab.evaluate(
            "[...document.querySelectorAll('.apps th[scope=row] a')].map(a => a.textContent)"
        ) == ["app-07777"]


@pytest.mark.parametrize("dark", [False, True])
def test_all_text_is_well_readable_in_light_and_in_dark(tab: Tab, url: str, *, dark: bool) -> None:
    tab.emulate(dark=dark)
    for path in ("/", f"/apps/{appid(3)}", f"/apps/{appid(4)}", f"/apps/{appid(5)}"):
        tab.open(url + path)
        number, (worst, where) = tab.evaluate(CONTRAST)
        assert number > 20
        assert worst >= 4.5, (path, where)
    background = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == ("rgb(18, 22, 28)" if dark else "rgb(246, 247, 249)")


CUT_OFF = """
[...document.querySelectorAll("main *")]
  .filter(one => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest(".sr, thead"))
  .map(one => one.outerHTML)
"""
WIDTHS = (320, 390, 768, 968, 1280, 1920)


@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_fits_the_width_of_the_screen(tab: Tab, url: str, width: int) -> None:
    tab.emulate(width=width)
    for path in PAGES:
        tab.open(url + path)
        assert tab.evaluate("document.documentElement.scrollWidth") <= width, path
        assert tab.evaluate(CUT_OFF) == [], path


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_no_violation(tab: Tab, url: str, lang: str, width: int, *, dark: bool) -> None:
    tab.emulate(dark=dark, width=width)
    for path in (*PAGES, "/?state=broken", "/nothing"):
        tab.call("Network.setExtraHTTPHeaders", headers={"Accept-Language": lang, "Accept": "text/html"})
        tab.open(url + path)
        if "lang" not in path:
            assert tab.evaluate("document.documentElement.lang.slice(0, 2)") == lang
        assert tab.axe_violations() == [], path


def test_axe_finds_what_is_wrong(tab: Tab, tmp_path: Path) -> None:
    page = tmp_path / "bad.html"
    page.write_text("<!DOCTYPE html><title>x</title><main><h1>x</h1><img src='data:,'></main>")
    tab.open(page.as_uri())
    assert [violation.split(":")[0] for violation in tab.axe_violations()] == ["html-has-lang", "image-alt"]


@pytest.fixture(scope="module")
def worst() -> Iterator[str]:
    """Ten thousand apps that fail for one cause, and their history."""
    now = time.time()
    apps = [bad(f"app-{number:05}", NOT_LISTED, number, now=now) for number in range(10_000)]
    with service_of(apps) as service, served(service) as running:
        service.last_scrape = now
        for number in range(60):
            service.fleet_history.note(apps, now - 3600 + 60 * number)
        yield running


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_first_failing_app_is_on_a_phones_first_screen(tab: Tab, worst: str, url: str, lang: str) -> None:
    tab.emulate(width=390)
    for one in (worst, url):
        tab.open(f"{one}/?lang={lang}")
        name = tab.evaluate("document.querySelector('.apps .failing th').getBoundingClientRect().bottom")
        assert name < 844


def test_labels_do_not_wrap_while_there_is_room(tab: Tab) -> None:
    app = bad("shop", NO_PERMISSION, 1, now=time.time())
    app.settings.labels.update(team="growth", region="shanghai", tier="gold")  # type: ignore[attr-defined]
    with service_of([app]) as service, served(service) as running:
        tab.open(running)
    assert (
        tab.evaluate("new Set([...document.querySelectorAll('.label')].map(one => one.offsetTop)).size") == 1
    )
    assert tab.evaluate("document.querySelectorAll('.label').length") == 3


def test_the_charts_are_drawn_without_a_script(tab: Tab, worst: str) -> None:
    tab.call("Emulation.setScriptExecutionDisabled", value=True)
    tab.open(worst)
    assert tab.evaluate("document.querySelectorAll('.bar g').length") == 60
    assert tab.evaluate("document.querySelector('.bar .failing').getBoundingClientRect().height") > 30
    colours = "['.bar', '.ticks'].map(name => getComputedStyle(document.querySelector(`${name} .failing`)))"
    assert tab.evaluate(f"[{colours}[0].fill, {colours}[1].stroke]") == ["rgb(179, 38, 30)"] * 2


def test_the_page_is_printed_without_its_form(tab: Tab, url: str) -> None:
    tab.open(url)
    hidden = "['.search', '.chips', 'footer nav'].map(name => document.querySelector(name).offsetHeight)"
    assert 0 not in tab.evaluate(hidden)
    tab.call("Emulation.setEmulatedMedia", media="print")
    tab.call("Emulation.setDeviceMetricsOverride", width=718, height=1000, deviceScaleFactor=1, mobile=False)
    assert tab.evaluate(hidden) == [0, 0, 0]
    assert tab.evaluate("getComputedStyle(document.querySelector('.apps tr')).display") == "table-row"
    assert tab.evaluate("document.documentElement.scrollWidth") <= 718


def test_the_browser_asks_again_when_the_page_is_to_be_refreshed(tab: Tab, url: str) -> None:
    tab.open(f"{url}/?refresh=5")
    tab.wait_for_load(1)
    assert tab.requested == [f"{url}/?refresh=5"] * 2
