from __future__ import annotations

import base64
import hashlib
import re
import time
from dataclasses import replace
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest
from helpers.http_requests import Answer, request
from helpers.page_setup import (
    NO_PERMISSION,
    NOT_LISTED,
    NOW,
    PLATFORMS,
    Page,
    appid,
    bad,
    every_status,
    good,
    hosts,
    lists_of,
    pending,
    served,
    service_of,
)
from jinja2 import UndefinedError

from wx_domain_exporter.apps.results import ExtraResult
from wx_domain_exporter.apps.status_history import FetchStatus
from wx_domain_exporter.errcodes.types import BilingualText
from wx_domain_exporter.service import RejectedConfig
from wx_domain_exporter.web.pages import texts
from wx_domain_exporter.web.pages.rendering import Renderer
from wx_domain_exporter.wechat.account_status import AccountStatus
from wx_domain_exporter.wechat.errors import ApiError, DecodeError, Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

HOSTILE = """'"><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}{% raw %}&amp;"""
CONTROLS = "\u202egnp.exe\u2066\u200f\x00\x1b[31m\u2028\ufeff"
PAGES = ["/", "/?sort=age", *(f"/apps/{appid(number)}" for number in range(1, 8)), "/apps/unknown"]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """An app in every state, and every problem that the exporter itself can have."""
    with service_of(every_status(time.time()), platforms=PLATFORMS) as service:
        service.rejected_config = RejectedConfig(NOW, [BilingualText(HOSTILE, f"配置有误：{HOSTILE}")])
        service.last_scrape = NOW
        (discovery,) = service.discoveries
        discovery.failure = DecodeError(HOSTILE)
        with served(service) as running:
            yield running


def placeholders(text: str) -> list[str]:
    """The placeholders of a text, which a template fills in."""
    return sorted(re.findall(r"\{\w+\}", text))


def in_chinese(url: str) -> Answer:
    return request(url, headers={"Accept-Language": "zh-CN"})


class TestEscaping:
    def test_names_labels_domains_and_errors_are_escaped(self) -> None:
        hostile = good(HOSTILE, 1, requestdomain=[f"https://{HOSTILE}"], xdomain=[HOSTILE])
        hostile.settings.labels["team"] = HOSTILE  # type: ignore[index]
        broken = bad("broken", DecodeError(HOSTILE), 2)
        with service_of([hostile, broken]) as service, served(service) as url:
            for path in ("/", f"/?q={'%22%3E%3Cscript%3E'}", f"/apps/{appid(1)}", f"/apps/{appid(2)}"):
                page = Page(request(url + path).text)
                assert page.all("script") == page.all("img") == [], path
                assert not [one for _, one in page.elements if any(name.startswith("on") for name in one)], (
                    path
                )
            whole = Page(request(f"{url}/apps/{appid(1)}").text).text
            assert whole.count(HOSTILE) >= 3
            assert HOSTILE in Page(request(f"{url}/apps/{appid(2)}").text).text

    def test_control_and_direction_characters_are_escaped(self) -> None:
        app = good(f"shop{CONTROLS}", 1, requestdomain=["https://\u202emoc.elpmaxe"])
        with service_of([app]) as service, served(service) as url:
            for path in ("/", f"/apps/{appid(1)}"):
                text = request(url + path).text
                assert not set(CONTROLS) & set(text) - set("gnp.exe[31m")
                assert r"shop\u202egnp.exe\u2066\u200f\x00\x1b[31m\u2028\ufeff" in text
            assert r"https://\u202emoc.elpmaxe" in text

    def test_text_between_backticks_is_code(self, url: str) -> None:
        text = request(f"{url}/apps/{appid(6)}").text
        assert "<code>wechat.timeout</code>" in text
        assert "`" not in Page(text).text

    def test_a_search_comes_back_as_it_was_typed(self, url: str) -> None:
        page = Page(request(f"{url}/?q=a%22b%3Ci%3E").text)
        (field,) = [one for one in page.all("input") if one.get("name") == "q"]
        assert field["value"] == 'a"b<i>'


class TestPolicy:
    @pytest.mark.parametrize("path", PAGES)
    def test_the_style_sheet_matches_the_policy_and_nothing_else_is_loaded(self, url: str, path: str) -> None:
        answer = request(url + path)
        policy = dict(
            part.strip().partition(" ")[::2] for part in answer.headers["content-security-policy"].split(";")
        )
        page = Page(answer.text)
        digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
        assert policy == {
            "default-src": "'none'",
            "style-src": f"'sha256-{digest}'",
            "img-src": "data:",
            "form-action": "'self'",
            "base-uri": "'none'",
            "frame-ancestors": "'none'",
        }
        assert len(page.style) > 1000
        assert len(page.all("style")) == 1
        assert not [one for _, one in page.elements if "style" in one or "src" in one]
        assert all(one["href"].startswith("data:image/svg+xml,") for one in page.all("link"))
        assert "@import" not in page.style
        assert "url(" not in page.style

    def test_all_links_are_relative(self, url: str) -> None:
        for path in PAGES:
            for link in Page(request(url + path).text).all("a"):
                root = "../" if path.startswith("/apps/") else "./"
                assert link["href"].startswith((root, "#", "?")), (path, link)

    @pytest.mark.parametrize("path", PAGES)
    def test_the_other_headers(self, url: str, path: str) -> None:
        headers = request(url + path).headers
        assert headers["content-type"] == "text/html; charset=utf-8"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["vary"] == "Accept-Language, Accept-Encoding"
        assert headers["cache-control"] == "private, no-cache"


class TestContent:
    @pytest.mark.parametrize("lang", ["en", "zh"])
    @pytest.mark.parametrize("path", PAGES)
    def test_no_page_shows_an_internal_value(self, url: str, path: str, lang: str) -> None:
        page = Page(request(f"{url}{path}{'&' if '?' in path else '?'}lang={lang}").text)
        assert page.all("h1")
        for word in ("None", "Undefined", "Text(", "{count}", "{ago}", "object at", "canary"):
            assert word not in page.text
            assert not [one for _, one in page.elements if word in str(one)]

    def test_the_overview_explains_each_cause_once(self, url: str) -> None:
        page = Page(request(url).text)
        assert "stable_token 40164 1 mini program The address" in page.text
        assert f"What to doAdd 203.0.113.7 to the IP whitelist of {appid(7)}" in page.text
        assert (
            "timeout 1 mini program There was no complete answer in time. no whole answer within 5 s"
            in page.text
        )
        assert page.text.count("Add 203.0.113.7") == 1
        assert {"href": "./?state=stable_token+40164"} in page.all("a")
        assert "stable_token 40164 failing for" in page.text
        assert "last success 2 h ago" in page.text
        assert "no success since the start" in page.text

    def test_the_overview_shows_failures_in_chinese_too(self, url: str) -> None:
        text = Page(in_chinese(url).text).text
        assert "stable_token 40164 1 个小程序" in text
        assert f"请将 203.0.113.7 加入 {appid(7)} 的 IP 白名单" in text
        assert "启动以来未成功" in text
        assert "接近上限" in text
        assert f"配置有误：{HOSTILE}" in text
        assert "截至 北京时间 20" in text

    def test_the_remedy_of_several_mini_programs_names_none_of_them(self) -> None:
        apps = [bad("x", NOT_LISTED, 1), bad("y", NOT_LISTED, 2)]
        with service_of(apps) as service, served(service) as url:
            english, chinese = request(url), in_chinese(url)
        assert "to the IP whitelist of each of these mini programs:" in Page(english.text).text
        assert "请将 203.0.113.7 加入每个相关小程序的 IP 白名单" in Page(chinese.text).text

    def test_from_the_fourth_cause_on_they_are_collapsed(self) -> None:
        apps = [bad(str(code), ApiError("getwxadevinfo", code, ""), code) for code in range(1, 24)]
        with service_of(apps) as service, served(service) as url:
            page = Page(request(url).text)
        assert "Other causes (20)" in page.text
        assert len([one for one in page.all("a") if one["href"].startswith("./?state=getwxadevinfo")]) == 20

    def test_an_unknown_state_is_an_error(self, url: str) -> None:
        answer = request(f"{url}/?state=%3Cbroken%3E")
        page = Page(answer.text)
        assert answer.status == 400
        assert "There is no state “<broken>”. The states are failing, drifted," in page.text
        assert not [one for one in page.all("table") if one["class"] == "apps"]
        assert request(f"{url}/?state=40125").status == 200

    def test_a_filter_by_cause_is_among_the_chips(self, url: str) -> None:
        page = Page(request(f"{url}/?state=stable_token+40164").text)
        assert "stable_token 40164 1" in page.text
        assert "1 shown" in page.text

    def test_the_last_scrapes_and_fetches_are_charts_with_a_text(self) -> None:
        apps = every_status()
        with service_of(apps) as service, served(service) as url:
            for timestamp in (NOW - 60, NOW):
                service.fleet_history.note(apps, timestamp)
            overview, app = Page(request(url).text), Page(request(f"{url}/apps/{appid(3)}").text)
        bar, *ticks = [one for one in overview.all("svg") if one.get("role") == "img"]
        assert bar["aria-label"].count("3 failing, 1 drifted, 3 ok") == 2
        assert ticks[0]["aria-label"] == "Last fetches: 1 ok, 1 failing"
        assert len(ticks) == 7
        (only,) = [one for one in app.all("svg") if one.get("role") == "img"]
        assert only["aria-label"] == "Last fetches: 2 ok"

    def test_the_overview_shows_the_last_changes(self, url: str) -> None:
        text = Page(request(url).text).text
        assert "Last changes" in text
        assert (
            "changing requestdomain Added: +https://new.example.com Removed: −https://old.example.com" in text
        )

    def test_before_the_first_scrape_the_page_says_why_it_is_empty(self) -> None:
        with service_of([pending("x")]) as service, served(service) as url:
            page = Page(request(url).text)
            assert "Prometheus has not scraped this exporter yet" in page.text
            assert page.all("svg") == []
            service.last_scrape = NOW
            assert "No data yet" not in Page(request(url).text).text

    def test_the_page_of_ten_thousand_apps_with_one_cause_is_small(self) -> None:
        apps = [bad(f"app-{number}", NOT_LISTED, number) for number in range(10_000)]
        for app in apps:
            for number in range(60):
                app.status_history.note(FetchStatus(1 + number % 3), NOW + number)
        with service_of(apps) as service, served(service) as url:
            for number in range(60):
                service.fleet_history.note(apps, NOW + number)
            answer = request(url)
        assert "10,000 mini programs" in Page(answer.text).text
        assert len(answer.text.encode()) < 200_000

    def test_the_overview_shows_the_state_of_the_exporter(self, url: str) -> None:
        text = Page(request(url).text).text
        assert "A configuration was rejected" in text
        assert HOSTILE in text
        assert "The last scrape was" in text
        assert "main wx00000000000000c0 ✕ failing 0 mini programs known decode" in text
        assert "other wx00000000000000c1 off (discover: false)" in text

    def test_an_app_shows_its_configured_and_effective_domains(self, url: str) -> None:
        page = Page(request(f"{url}/apps/{appid(5)}").text)
        assert "requestdomain wx.request ▲ 190 of 200 nearly full · 190 in effect" in page.text
        assert (
            "Configured, but not in effect until the next release +https://host-000.example.com" in page.text
        )
        assert "Still in effect, but no longer configured −https://host-190.example.com" in page.text
        assert page.text.count("https://host-001.example.com") == 1
        assert "10 of 1,000 calls used, 990 left" in page.text
        assert "Rate limit5,000 calls in 60 s" in page.text
        assert "Rate limit for third-party platforms100 calls in 1 s" in page.text
        assert "get_effective_domain 48001" in page.text

    @pytest.mark.parametrize(("number", "full"), [(179, False), (180, True), (250, True)])
    def test_the_meter_and_the_words_beside_it_agree(self, number: int, *, full: bool) -> None:
        app = good("x", 1, requestdomain=hosts(number))
        with service_of([app]) as service, served(service) as url:
            page = Page(request(f"{url}/apps/{appid(1)}").text)
        meters = [one["class"] for one in page.all("svg") if one["class"].startswith("meter")]
        assert meters[0] == ("meter full" if full else "meter")
        assert meters[1:] == ["meter"] * 5
        assert (f"▲ {number} of 200 nearly full" in page.text) is full

    def test_problems_of_apps_that_do_not_fail_are_shown(self, monkeypatch: pytest.MonkeyPatch) -> None:
        withheld = good("x", 2, requestdomain=hosts(1))
        withheld.extra_result = ExtraResult({}, None, {}, withheld=True)
        with service_of([pending("new", 1), withheld]) as service, served(service) as url:
            monkeypatch.setattr(service, "is_ungranted", lambda app: app.appid == appid(1))
            texts = [Page(request(f"{url}/apps/{appid(number)}").text).text for number in (1, 2)]
        assert "it had not granted the platform permission set 18" in texts[0]
        assert "WeChat does not report the lists in effect: get_effective_domain or" in texts[1]
        for text in texts:
            assert ("permission set 18" in text) != ("does not report" in text)

    def test_a_failing_app_whose_account_is_frozen_says_where_the_appeal_is(self) -> None:
        with service_of([bad("x", NO_PERMISSION, 1)]) as service, served(service) as url:
            service.fleet = replace(service.fleet, account_status=lambda _: AccountStatus.FROZEN)
            english, chinese = (
                Page(request(f"{url}/apps/{appid(1)}?lang={language}").text).text for language in ("en", "zh")
            )
        assert "WeChat has frozen this mini program (已冻结). The appeal is at mp.weixin.qq.com" in english
        assert "该小程序已被微信冻结。申诉入口在 mp.weixin.qq.com" in chinese

    def test_an_app_shows_how_its_lists_changed(self, url: str) -> None:
        text = Page(request(f"{url}/apps/{appid(3)}").text).text
        assert "requestdomain Added: +https://new.example.com Removed: −https://old.example.com" in text

    def test_the_overview_shows_differences_from_the_baseline(self, url: str) -> None:
        text = Page(request(f"{url}/?state=drifted").text).text
        assert "≠ drifted stray" in text
        assert "−requestdomain, missing: https://api.example.com" in text
        assert "+requestdomain, unexpected: https://evil.example.net" in text
        assert "https://www.example.com" not in text

    def test_an_app_shows_differences_from_its_baseline(self, url: str) -> None:
        text = Page(request(f"{url}/apps/{appid(8)}").text).text
        assert (
            "Differences from the baseline requestdomain "
            "Missing: required, but not configured −https://api.example.com "
            "Unexpected: configured, but not allowed +https://evil.example.net"
        ) in text
        assert "baseline" not in Page(request(f"{url}/apps/{appid(1)}").text).text
        assert "缺少：基线要求，但未配置" in in_chinese(f"{url}/apps/{appid(8)}").text

    def test_the_lists_of_a_failing_app_are_marked_as_old(self, url: str) -> None:
        text = Page(request(f"{url}/apps/{appid(6)}").text).text
        assert "these are the lists of the last successful answer" in text
        assert "https://last.example.com" in text

    def test_an_unknown_app_is_404(self, url: str) -> None:
        for answer, text in (
            (request(f"{url}/apps/{appid(77)}"), "No such mini program"),
            (in_chinese(f"{url}/apps/%3Cscript%3E"), "没有这个小程序"),
        ):
            assert answer.status == 404
            assert text in Page(answer.text).text

    def test_older_changes_are_collapsed(self) -> None:
        app = good("x", 1)
        for number in range(1, 16):
            app.history.note(lists_of(requestdomain=hosts(number)), NOW)
        with service_of([app]) as service, served(service) as url:
            page = Page(request(f"{url}/apps/{appid(1)}").text)
        assert len(page.all("details")) == 1
        assert "Older changes (5)" in page.text

    def test_pages_link_to_the_previous_and_the_next_one(self) -> None:
        apps = [pending(f"{number:03}", number) for number in range(201)]
        with service_of(apps) as service, served(service) as url:
            page = Page(request(f"{url}/?sort=name&page=2&lang=en").text)
        links = {one["rel"]: one["href"] for one in page.all("a") if "rel" in one}
        assert len([one for one in page.all("a") if one.get("rel") == "next"]) == 2, "above and below"
        assert links == {"prev": "./?sort=name&lang=en", "next": "./?sort=name&page=3&lang=en"}
        assert "101–200 of 201" in page.text
        assert "Page 2 of 3" in page.text

    def test_the_form_keeps_state_and_language(self, url: str) -> None:
        page = Page(request(f"{url}/?state=failing&lang=zh&sort=age&refresh=60").text)
        hidden = {one["name"]: one["value"] for one in page.all("input") if one.get("type") == "hidden"}
        assert hidden == {"state": "failing", "lang": "zh", "refresh": "60"}
        assert [one["value"] for one in page.all("option") if "selected" in one] == ["age"]

    def test_the_markup_suits_screen_readers(self, url: str) -> None:
        for path in PAGES:
            page = Page(request(url + path).text)
            tags = [tag for tag, _ in page.elements]
            assert [tags.count(one) for one in ("header", "main", "footer", "h1")] == [1, 1, 1, 1], path
            assert all("scope" in one for one in page.all("th")), path
            assert all("aria-label" in one for one in page.all("nav")), path
            labelled = {one["for"] for one in page.all("label")}
            assert all(one["id"] in labelled for one in page.all("input") if one.get("type") != "hidden"), (
                path
            )
            ids = [one["id"] for _, one in page.elements if "id" in one]
            assert len(ids) == len(set(ids)), path
            for _, one in page.elements:
                assert set(one.get("aria-labelledby", "").split()) <= set(ids), path


class TestTemplates:
    def test_a_missing_value_is_an_error(self) -> None:
        with pytest.raises(UndefinedError):
            Renderer().page("not_found.html", chinese=False)

    def test_none_is_an_error(self) -> None:
        template = Renderer()._environment.from_string("{{ x }}")
        with pytest.raises(TypeError, match="None"):
            template.render(x=None)


class TestTexts:
    def test_every_text_has_both_languages_with_the_same_placeholders(self) -> None:
        for name, text in {**texts.TEXTS, **texts.REASONS, **texts.CATEGORY_NAMES}.items():
            assert text.en, name
            assert text.zh, name
            assert placeholders(text.en) == placeholders(text.zh), name
            assert text.en.count("{") == len(placeholders(text.en)), name
        same = {name for name, text in texts.TEXTS.items() if text.en == text.zh}
        assert same == set()

    def test_every_text_is_used(self) -> None:
        folder = files("wx_domain_exporter.web.pages") / "templates"
        everything = "".join(one.read_text() for one in folder.iterdir() if one.name.endswith(".html"))
        by_status = {"failing", "changed", "pending", "ok"}
        for name in texts.TEXTS.keys() - by_status:
            assert re.search(rf"\bt\.{name}\b", everything) or name.startswith("sort_"), name

    def test_every_reason_has_a_text(self) -> None:
        assert texts.REASONS.keys() == set(Reason)
