"""The setup for tests of an app's extra calls: a fake API that answers each path as the test says."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import gevent
from helpers.api_clients import settings
from helpers.faults import Call, FaultyApi, token_for
from helpers.simulated_client import APPID
from requests.exceptions import Timeout

from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.apps.token_usage import TokenUsage
from wx_domain_exporter.clock import SYSTEM_CLOCK
from wx_domain_exporter.config.schema import Collect
from wx_domain_exporter.config.schema_tokens import AccessToken
from wx_domain_exporter.config.settings import AppSettings
from wx_domain_exporter.deadline import Deadline
from wx_domain_exporter.domains.domain_list import domain_list
from wx_domain_exporter.metrics.self_metrics import SelfMetrics
from wx_domain_exporter.scheduler.jobs import ExtraJob
from wx_domain_exporter.wechat.client import ApiClient
from wx_domain_exporter.wechat.tokens.factory import make_source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from requests import PreparedRequest

    from wx_domain_exporter.apps.results import ExtraResult
    from wx_domain_exporter.clock import Clock
    from wx_domain_exporter.http.adapter import Exchanged

SERVER = "/wxa/get_effective_domain"
WEBVIEW = "/wxa/get_effective_webviewdomain"
QUOTA = "/cgi-bin/openapi/quota/get"
LISTS = "/wxa/getwxadevinfo"
HANG = "hang"
GOOD: dict[str, Any] = {
    LISTS: {"errcode": 0, "requestdomain": ["https://a.cn"]},
    SERVER: {"errcode": 0, "effective_domain": {"requestdomain": ["https://b.cn"]}},
    WEBVIEW: {"errcode": 0, "effective_webviewdomain": ["https://m.cn"]},
    QUOTA: {"errcode": 0, "quota": {"daily_limit": 1000, "used": "10", "remain": "990"}},
}


class Stage:
    """A fake API, and an app's way to it."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.answers = dict(GOOD)
        self.invalid_tokens: set[str] = set()
        """Tokens that every path answers with errcode 42001."""
        self.self_metrics = SelfMetrics()
        self.token_usage = TokenUsage()
        self.api = FaultyApi({"it": self.behave})
        self.client: ApiClient

    async def behave(self, call: Call) -> None:
        answer = self.answers[call.request.path]
        if call.request.token in self.invalid_tokens:
            answer = {"errcode": 42001}
        if answer == HANG:
            await call.peer.hang()
        else:
            await call.answer(answer if isinstance(answer, bytes) else json.dumps(answer).encode())

    def end_calls_that_hang(self) -> None:
        """Let each call of the client that hangs time out as soon as the API has received it."""
        adapter = self.client.http._adapter
        send = adapter.send

        def send_until_received(request: PreparedRequest, **more: Any) -> Exchanged:
            if self.answers.get(urlsplit(request.url or "").path) != HANG:
                return send(request, **more)
            caller, received = gevent.getcurrent(), len(self.api.requests)

            def time_out() -> None:
                while len(self.api.requests) == received:
                    gevent.sleep(0.01)
                gevent.kill(caller, Timeout("no whole answer in time"))

            ending = gevent.spawn(time_out)
            try:
                return send(request, **more)
            finally:
                ending.kill()

        adapter.send = send_until_received  # type: ignore[assignment, method-assign]

    def asked(self, path: str) -> int:
        """How often a path was called."""
        return sum(request.path == path for request in self.api.requests)

    def make_app(
        self,
        *,
        appid: str = APPID,
        effective: bool = True,
        quota: bool = True,
        action: str | None = None,
        token: Any = None,
    ) -> MonitoredApp:
        secret = AccessToken.model_validate(
            {"type": "access_token", "access_token": token or token_for("it")}
        )
        app = AppSettings(appid, "shop", {}, secret)
        source = make_source(appid, secret, {}, self.clock)
        collect = Collect(effective=effective, quota=quota)
        return MonitoredApp(
            app, self.client, source, self.token_usage, action, collect=collect, clock=self.clock
        )


@contextmanager
def stage_of(clock: Clock = SYSTEM_CLOCK, **wechat: Any) -> Iterator[Stage]:
    stage = Stage(clock)
    with stage.api:
        stage.client = ApiClient(settings(stage.api.url, **{"timeout": "30s", **wechat}), stage.self_metrics)
        stage.end_calls_that_hang()
        try:
            yield stage
        finally:
            stage.client.close()


def run(
    app: MonitoredApp,
    seconds: float = 300.0,
    *,
    lists: bool = True,
    configured: dict[str, list[str]] | None = None,
) -> ExtraResult:
    """Run one extra job; `configured` are the app's configured lists, which it has if `lists` is true."""
    extra_job = ExtraJob(app)
    if lists:
        extra_job.configured = {name: domain_list(values) for name, values in (configured or {}).items()}
    extra_job.deadline.extend(Deadline.after(seconds))
    extra_job.run()
    assert extra_job.result is not None
    return extra_job.result
