from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from helpers.http_requests import request
from helpers.page_setup import Page, appid, every_status, good, served, service_of
from helpers.waiting import wait_until

from wx_domain_exporter.web.pages import endpoints
from wx_domain_exporter.web.pages.rendering import Renderer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with service_of(every_status()) as service, served(service) as running:
        yield running


@pytest.mark.parametrize(
    ("accept", "query", "lang"),
    [
        (None, "", "en"),
        ("zh-CN,zh;q=0.9", "", "zh-CN"),
        ("fr", "", "en"),
        ("fr,zh-TW;q=0.5", "", "zh-CN"),
        ("en-US,zh;q=0.9", "", "en"),
        ("zh,en", "", "zh-CN"),
        ("zh;q=0", "", "en"),
        ("zh", "?lang=en", "en"),
        ("en", "?lang=zh", "zh-CN"),
        ("zh", "?lang=fr", "zh-CN"),
    ],
)
def test_the_language(url: str, accept: str | None, query: str, lang: str) -> None:
    headers = {} if accept is None else {"Accept-Language": accept}
    for path in ("/", f"/apps/{appid(1)}", "/apps/unknown"):
        answer = request(url + path + query, headers=headers)
        assert answer.headers["content-language"] == lang
        assert Page(answer.text).all("html") == [{"lang": lang}]


def test_a_chosen_language_stays_in_every_link_to_a_page(url: str) -> None:
    for path in ("/", f"/apps/{appid(3)}", "/apps/unknown"):
        for link in Page(request(f"{url}{path}?lang=zh").text).all("a"):
            plain = link["href"].startswith("#") or "/-/" in link["href"] or link["href"].endswith("/metrics")
            assert plain or "hreflang" in link or "lang=zh" in link["href"], link


def test_without_a_choice_no_link_has_a_language(url: str) -> None:
    links = [link for link in Page(request(url).text).all("a") if "hreflang" not in link]
    assert links
    assert not [link for link in links if "lang=" in link["href"]]


def test_a_page_is_refreshed_on_request(url: str) -> None:
    for path in ("/", f"/apps/{appid(1)}"):
        assert "refresh" not in request(url + path).headers
        answer = request(f"{url}{path}?refresh=30")
        assert answer.headers["refresh"] == "30"
        links = [link["href"] for link in Page(answer.text).all("a")]
        assert [link for link in links if "refresh=30" not in link and "/apps/" in link] == (
            [] if path == "/" else [f"..{path}"]
        ), "only the link that ends it"


@pytest.mark.parametrize(("path", "root"), [("/x", "./"), ("/a/b/c?lang=zh", "../../"), ("//", "../")])
def test_an_unknown_path_is_a_page_for_browsers_with_links_to_the_others(
    url: str, path: str, root: str
) -> None:
    answer = request(url + path, headers={"Accept": "text/html,*/*;q=0.8"})
    assert answer.status == 404
    page = Page(answer.text)
    assert "没有这个页面" in page.text or "No such page" in page.text
    assert [link["href"].partition("?")[0] for link in page.all("a")] == [
        "#content",
        root,
        "",
        "",
        root,
        f"{root}metrics",
        f"{root}-/healthy",
        f"{root}-/ready",
    ]
    assert request(url + path).text == "Not Found"


@pytest.mark.parametrize("path", ["/apps", "/apps/", f"/apps/{appid(1)}/", f"/apps/{appid(1)}/x"])
def test_other_paths_below_apps_are_404(url: str, path: str) -> None:
    assert request(url + path).status == 404


def test_one_page_is_rendered_at_a_time_and_too_many_requests_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened, lock = threading.Event(), threading.Lock()
    running: list[int] = [0, 0]
    page = Renderer.page

    def slow(renderer: Renderer, template: str, **values: Any) -> str:
        with lock:
            running[0] += 1
            running[1] = max(running)
        assert threading.current_thread() is not threading.main_thread()
        assert opened.wait(120)
        with lock:
            running[0] -= 1
        return page(renderer, template, **values)

    monkeypatch.setattr(Renderer, "page", slow)
    limit = 1 + endpoints._MAX_WAITING
    with service_of([good("x")]) as service, served(service) as url, ThreadPoolExecutor(limit + 3) as pool:
        requests = [pool.submit(request, url) for _ in range(limit + 3)]
        wait_until(lambda: sum(future.done() for future in requests) == 3, "three requests are refused")
        assert request(f"{url}/-/healthy").status == 200
        opened.set()
        statuses = sorted(future.result().status for future in requests)
        assert statuses == [200] * limit + [503] * 3
        assert running == [0, 1]
        assert request(url).status == 200
