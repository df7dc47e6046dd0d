"""For tests of the status pages: apps with any status, without fetches, and a server that shows them."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from helpers.json_text import as_json

from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.apps.results import ExtraResult, FetchResult
from wx_domain_exporter.apps.status_history import FetchStatus
from wx_domain_exporter.apps.token_usage import TokenUsage
from wx_domain_exporter.config import loader
from wx_domain_exporter.config.schema_tokens import AccessToken
from wx_domain_exporter.config.settings import AppSettings
from wx_domain_exporter.domains.baseline import Expected
from wx_domain_exporter.domains.domain_list import DEFAULT_LIMITS, DOCUMENTED_CATEGORIES, domain_list
from wx_domain_exporter.service import Service
from wx_domain_exporter.web.pages.overview import Overview, overview
from wx_domain_exporter.web.pages.query import Query
from wx_domain_exporter.web.routes import WebOptions, make_web_app
from wx_domain_exporter.web.server.addresses import listen, url_of
from wx_domain_exporter.web.server.server import Server
from wx_domain_exporter.wechat.errors import ApiError, CallTimeoutError, TokenError
from wx_domain_exporter.wechat.quota import ApiRateLimit, Quota
from wx_domain_exporter.wechat.tokens.factory import make_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from wx_domain_exporter.domains.domain_list import DomainList
    from wx_domain_exporter.wechat.client import ApiClient
    from wx_domain_exporter.wechat.errors import FetchError

NOW = 1_750_000_000.0
HOUR = 3600.0
NO_PERMISSION = ApiError("getwxadevinfo", 61007, "api is unauthorized to component rid: 1")
NOT_LISTED = TokenError(
    "stable_token: no token: refused",
    cause=ApiError("stable_token", 40164, "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist"),
)
SLOW = CallTimeoutError("no whole answer within 5 s")
CONFIGURED = {
    "apps": [{"appid": "wx0000000000000000", "token": {"type": "access_token", "access_token": "canary-1"}}]
}

PLATFORM = {
    "component_appid": "wx00000000000000c0",
    "component_access_token": {"type": "access_token", "access_token": "canary-component"},
}
PLATFORMS: Mapping[str, object] = {
    "main": {**PLATFORM, "discover": True},
    "other": {**PLATFORM, "component_appid": "wx00000000000000c1"},
}


def appid(number: int) -> str:
    return f"wx{number:016x}"


def lists_of(**categories: Sequence[str]) -> dict[str, DomainList]:
    """The lists of an answer; categories that are not given are empty."""
    empty: dict[str, Sequence[str]] = dict.fromkeys(DOCUMENTED_CATEGORIES, ())
    return {name: domain_list(domains) for name, domains in {**empty, **categories}.items()}


def hosts(number: int) -> list[str]:
    return [f"https://host-{index:03}.example.com" for index in range(number)]


def pending(
    name: str,
    number: int = 0,
    labels: Mapping[str, str] | None = None,
    baseline: Mapping[str, Expected] | None = None,
) -> MonitoredApp:
    """An app that was never fetched."""
    settings = AccessToken.model_validate({"type": "access_token", "access_token": f"canary-{number}"})
    app = AppSettings(appid(number), name, labels or {}, settings, baseline or {})
    source = make_source(app.appid, settings, {})
    return MonitoredApp(app, cast("ApiClient", None), source, TokenUsage(), None)


def good(
    name: str, number: int = 0, *, age: float = 10.0, now: float = NOW, **categories: Sequence[str]
) -> MonitoredApp:
    """An app that answered `age` seconds ago."""
    app = pending(name, number)
    answer(app, now - age, **categories)
    return app


def drifted(name: str, number: int = 0, *, now: float = NOW) -> MonitoredApp:
    """An app whose lists differ from its baseline."""
    expected = Expected(frozenset(["https://api.example.com"]), frozenset(["https://*.example.com"]))
    app = pending(name, number, baseline={"requestdomain": expected})
    answer(app, now - 10, requestdomain=["https://evil.example.net", "https://www.example.com"])
    return app


def answer(app: MonitoredApp, timestamp: float, **categories: Sequence[str]) -> None:
    """Set the result of an app's last fetch to these lists."""
    lists = lists_of(**categories)
    app.history.note(lists, timestamp)
    app.last_success = timestamp
    drifts = app.drifts(lists).values()
    app.status_history.note(
        FetchStatus.OK if all(drift.matches for drift in drifts) else FetchStatus.DRIFTED, timestamp
    )
    app.last_result = FetchResult(lists, None, {}, 0.125, timestamp, timestamp)


def bad(
    name: str, error: FetchError, number: int = 0, *, age: float = 10.0, now: float = NOW
) -> MonitoredApp:
    """An app that failed `age` seconds ago."""
    app = pending(name, number)
    fail(app, error, now - age)
    return app


def fail(app: MonitoredApp, error: FetchError, timestamp: float, **api_errors: int) -> None:
    app.status_history.note(FetchStatus.FAILING, timestamp)
    app.last_result = FetchResult(None, error, api_errors, 0.5, timestamp, app.last_success)


def set_extra_result(
    app: MonitoredApp, quota: Quota | None = None, api_errors: Any = None, **effective: Sequence[str]
) -> None:
    """Set what the extra calls of an app returned."""
    lists = {name: domain_list(domains) for name, domains in effective.items()}
    app.extra_result = ExtraResult(lists, quota, api_errors or {})


def every_status(now: float = NOW) -> list[MonitoredApp]:
    """A fleet with an app of every status, not in the order of the overview."""
    changed = good("changing", 3, age=HOUR, now=now, requestdomain=["https://old.example.com"])
    answer(changed, now - 60, requestdomain=["https://new.example.com"])
    full = good("full", 5, now=now, requestdomain=hosts(190), tcpdomain=["tcp://a.example.com"])
    quota = Quota(1000, 10, 990, ApiRateLimit(5000, 60), ApiRateLimit(100, 1))
    set_extra_result(full, quota, {"get_effective_domain": 48001}, requestdomain=hosts(191)[1:])
    lapsed = good("lapsed", 6, age=2 * HOUR, now=now, requestdomain=["https://last.example.com"])
    fail(lapsed, SLOW, now - 5)
    return [
        good("shop", 1, now=now, requestdomain=["https://api.example.com"]),
        pending("new", 2),
        changed,
        bad("partner", NO_PERMISSION, 4, now=now),
        full,
        lapsed,
        bad("unlisted", NOT_LISTED, 7, now=now),
        drifted("stray", 8, now=now),
    ]


def shown(apps: Sequence[MonitoredApp], **parameters: str) -> Overview:
    """The overview for a URL's query parameters."""
    by_name = sorted(apps, key=lambda app: app.settings.name.casefold())
    return overview(by_name, DEFAULT_LIMITS, Query.of(parameters), NOW)


def names(apps: Sequence[MonitoredApp], **parameters: str) -> list[str]:
    """The names on the page for a URL's query parameters."""
    return [row.name for row in shown(apps, **parameters).rows]


@contextlib.contextmanager
def service_of(apps: Sequence[MonitoredApp], **sections: Any) -> Iterator[Service]:
    """A service with these apps; the rest of its configuration is given by sections."""
    tree = {"wechat": {"base_url": "http://127.0.0.1:9"}, **CONFIGURED, **sections}
    service = Service(loader.ConfigLoader(Path("config.yml"), as_json(tree).encode()))
    service.fleet = replace(service.fleet, by_appid={app.settings.appid: app for app in apps})
    try:
        yield service
    finally:
        service.close()


@contextlib.contextmanager
def served(service: Service, options: WebOptions | None = None) -> Iterator[str]:
    """Serve the pages on a free port; yield the URL."""
    server = Server(make_web_app(service, options or WebOptions()))
    sock = listen("127.0.0.1:0")[0]
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([sock])))
    thread.start()
    try:
        yield url_of(sock).rstrip("/")
    finally:
        server.stop()
        thread.join(120)
        assert not thread.is_alive()


class Page(HTMLParser):
    """A page as a browser sees it: its elements, and its text apart from the style."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.pieces: list[str] = []
        self.style = ""
        self._in_style = False
        self.feed(text)
        self.close()

    @property
    def text(self) -> str:
        return " ".join("".join(self.pieces).split())

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self._in_style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._in_style = self._in_style and tag != "style"

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.style += data
        else:
            self.pieces.append(data)
