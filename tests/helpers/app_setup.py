"""The setup for tests of one app: a simulated WeChat and a client of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from helpers.simulated_client import APPID, SECRET

from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.apps.token_usage import TokenUsage
from wx_domain_exporter.config.schema_tokens import AccessToken, StableToken, TokenConfig
from wx_domain_exporter.config.settings import AppSettings
from wx_domain_exporter.deadline import Deadline, SharedDeadline
from wx_domain_exporter.wechat.tokens.factory import make_source

if TYPE_CHECKING:
    from helpers.clocks import Clock, StoppedClock

    from wx_domain_exporter.apps.results import FetchResult
    from wx_domain_exporter.simulator.server import SimulatorServer
    from wx_domain_exporter.simulator.world import SimulatedApp, World
    from wx_domain_exporter.wechat.client import ApiClient


@dataclass
class Stage:
    world: World
    wechat_clock: Clock
    server: SimulatorServer
    client: ApiClient
    clock: Clock | StoppedClock
    token_usage: TokenUsage = field(default_factory=TokenUsage)

    @property
    def app(self) -> SimulatedApp:
        return self.world.apps[APPID]

    def make_app(self, appid: str = APPID, action: str | None = None, **token: Any) -> MonitoredApp:
        settings: TokenConfig = StableToken.model_validate({"type": "stable_token", "appsecret": SECRET})
        if token:
            settings = AccessToken.model_validate({"type": "access_token", "access_token": token})
        return self.make_app_with(settings, appid, action)

    def make_app_with(
        self, settings: TokenConfig, appid: str = APPID, action: str | None = None
    ) -> MonitoredApp:
        app = AppSettings(appid, "shop", {}, settings)
        source = make_source(appid, settings, {}, self.clock)
        return MonitoredApp(app, self.client, source, self.token_usage, action, clock=self.clock)

    def let_calls_take(self, seconds: float) -> None:
        """Change the client's timeout."""
        self.client.timeout = self.client.http._full_timeout = seconds

    def calls(self) -> tuple[int, int]:
        """How often getwxadevinfo and stable_token were called for the app."""
        return self.world.calls["getwxadevinfo", APPID], self.world.calls["stable_token", APPID]


def fetch(app: MonitoredApp, seconds: float = 30.0) -> FetchResult:
    return app.fetch(SharedDeadline(Deadline.after(seconds)))
