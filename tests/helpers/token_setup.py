"""The stage for tests of token sources: one app of a simulated WeChat, and a client."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import gevent
import pytest
from helpers.simulated_client import APPID, SECRET

from wx_domain_exporter.config.schema_tokens import AccessToken, HttpToken, StableToken
from wx_domain_exporter.deadline import Deadline, SharedDeadline
from wx_domain_exporter.simulator.apis.token_service import PATH
from wx_domain_exporter.wechat.apis import GETWXADEVINFO
from wx_domain_exporter.wechat.authenticated_client import AuthenticatedClient
from wx_domain_exporter.wechat.client import ApiClient, Caller
from wx_domain_exporter.wechat.errors import TokenError
from wx_domain_exporter.wechat.responses import AS_JSON
from wx_domain_exporter.wechat.tokens.access_token import AccessTokenSource
from wx_domain_exporter.wechat.tokens.stable_token import StableTokenSource
from wx_domain_exporter.wechat.tokens.token_service import TokenServiceSource

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from helpers.api_clients import Recorder

    from wx_domain_exporter.clock import Clock
    from wx_domain_exporter.simulator.server import SimulatorServer
    from wx_domain_exporter.simulator.world import SimulatedApp, World
    from wx_domain_exporter.wechat.client import Credential
    from wx_domain_exporter.wechat.tokens.source import TokenSource

CALLERS = 8


@dataclass
class Stage:
    """One app of a simulated WeChat, and a client."""

    world: World
    server: SimulatorServer
    client: ApiClient
    recorder: Recorder
    appsecret: Path
    clock: Clock
    api_errors: dict[str, int] = field(default_factory=dict)

    @property
    def app(self) -> SimulatedApp:
        return self.world.apps[APPID]

    @property
    def token_calls(self) -> int:
        """The number of calls of stable_token."""
        return self.world.calls["stable_token", APPID]

    def source(self) -> StableTokenSource:
        settings = {"type": "stable_token", "appsecret": {"file": str(self.appsecret)}}
        return StableTokenSource(APPID, StableToken.model_validate(settings), self.clock)

    def token_service(self, appid: str = APPID, **settings: Any) -> TokenServiceSource:
        return TokenServiceSource(appid, http_token(self.server.url, **settings), self.clock)

    def calls_of(self, api: str, appid: str = APPID) -> int:
        return self.world.calls[api, appid]

    def fetch(self, source: TokenSource) -> Any:
        """Fetch the app's lists as a scrape does."""
        return lists_of(source, self.caller())

    def fetch_error(self, source: TokenSource) -> TokenError:
        """Fetch the app's lists, which must fail for want of a token, and return the error."""
        with pytest.raises(TokenError) as raised:
            self.fetch(source)
        return raised.value

    def caller(self, seconds: float = 30.0, client: ApiClient | None = None) -> Caller:
        deadline = SharedDeadline(Deadline.after(seconds))
        return Caller(client or self.client, deadline, self.api_errors)

    def refusal(self, source: TokenSource) -> TokenError:
        """Request a token, which must fail, and return the error."""
        with pytest.raises(TokenError) as raised:
            source.get(self.caller())
        assert SECRET not in str(raised.value)
        return raised.value


def access_token(value: str | dict[str, str]) -> AccessTokenSource:
    return AccessTokenSource(AccessToken.model_validate({"type": "access_token", "access_token": value}))


def lists_of(source: TokenSource, caller: Caller) -> Any:
    """Fetch an app's lists as a scrape does."""
    client = AuthenticatedClient(caller.client, source, caller.api_errors)
    return client.call(GETWXADEVINFO, {}, caller.deadline, AS_JSON)


def credential_of(source: TokenSource, caller: Caller) -> Credential:
    """The credential of a source."""
    return source.credential(source.get(caller))


def http_token_settings(server_url: str, **settings: Any) -> dict[str, Any]:
    """The configuration of a token source at the simulated token service."""
    pointers = {"token_pointer": "/data/access_token", "expires_in_pointer": "/data/expires_in"}
    url = f"{server_url}{PATH}?appId={{appid}}"
    return {"type": "http", "url": url, **pointers, **settings}


def http_token(server_url: str, **settings: Any) -> HttpToken:
    return HttpToken.model_validate(http_token_settings(server_url, **settings))


def together(work: Callable[[], str]) -> list[str | TokenError]:
    """Run the same function in many tasks at once, and return its results and errors."""
    results: list[str | TokenError] = []

    def run() -> None:
        try:
            results.append(work())
        except TokenError as error:
            results.append(error)

    gevent.joinall([gevent.spawn(run) for _ in range(CALLERS)], timeout=120, raise_error=True)
    assert len(results) == CALLERS
    return results
