"""The stage for tests of token sources: one app of a simulated WeChat, and who asks for its tokens."""

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

    from wx_domain_exporter.clock import Clock
    from wx_domain_exporter.simulator.server import SimulatorServer
    from wx_domain_exporter.simulator.world import SimulatedApp, World
    from wx_domain_exporter.wechat.client import Credential
    from wx_domain_exporter.wechat.tokens.source import TokenSource

CALLERS = 8


@dataclass
class Recorder:
    refreshed: list[str] = field(default_factory=list)
    noted: list[tuple[str, int | str]] = field(default_factory=list)
    """Each call's API, with its errcode or the reason for which it failed."""

    def answered(self, api: str, errcode: int, seconds: float) -> None:  # noqa: ARG002 - the observer's
        self.noted.append((api, errcode))

    def failed(self, api: str, reason: str, seconds: float) -> None:  # noqa: ARG002 - as above
        self.noted.append((api, str(reason)))

    def token_refreshed(self, source: str) -> None:
        self.refreshed.append(source)


@dataclass
class Stage:
    """One app of a simulated WeChat, and who asks for its tokens."""

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
    def asked(self) -> int:
        return self.world.calls["stable_token", APPID]

    def source(self) -> StableTokenSource:
        settings = {"type": "stable_token", "appsecret": {"file": str(self.appsecret)}}
        return StableTokenSource(APPID, StableToken.model_validate(settings), self.clock)

    def token_service(self, appid: str = APPID, **settings: Any) -> TokenServiceSource:
        return TokenServiceSource(appid, http_token(self.server.url, **settings), self.clock)

    def asked_of(self, api: str, appid: str = APPID) -> int:
        return self.world.calls[api, appid]

    def use(self, source: TokenSource) -> Any:
        """Ask for the app's lists as a scrape does."""
        return lists_of(source, self.caller())

    def unusable(self, source: TokenSource) -> TokenError:
        """Let a scrape find that no token does."""
        with pytest.raises(TokenError) as raised:
            self.use(source)
        return raised.value

    def caller(self, seconds: float = 30.0, client: ApiClient | None = None) -> Caller:
        deadline = SharedDeadline(Deadline.after(seconds))
        return Caller(client or self.client, deadline, self.api_errors)

    def refused(self, source: TokenSource) -> TokenError:
        with pytest.raises(TokenError) as raised:
            source.get(self.caller())
        assert SECRET not in str(raised.value)
        return raised.value


def access_token(value: str | dict[str, str]) -> AccessTokenSource:
    return AccessTokenSource(AccessToken.model_validate({"type": "access_token", "access_token": value}))


def lists_of(source: TokenSource, caller: Caller) -> Any:
    """Ask for an app's lists as a scrape does."""
    client = AuthenticatedClient(caller.client, source, caller.api_errors)
    return client.call(GETWXADEVINFO, {}, caller.deadline, AS_JSON)


def credential_of(source: TokenSource, caller: Caller) -> Credential:
    """The token of a source as it travels."""
    return source.credential(source.get(caller))


def http_token_settings(server_url: str, **settings: Any) -> dict[str, Any]:
    """What a configuration says of the simulated token service."""
    pointers = {"token_pointer": "/data/access_token", "expires_in_pointer": "/data/expires_in"}
    where = f"{server_url}{PATH}?appId={{appid}}"
    return {"type": "http", "url": where, **pointers, **settings}


def http_token(server_url: str, **settings: Any) -> HttpToken:
    return HttpToken.model_validate(http_token_settings(server_url, **settings))


def together(work: Callable[[], str]) -> list[str | TokenError]:
    """Let many tasks do the same at the same time."""
    results: list[str | TokenError] = []

    def run() -> None:
        try:
            results.append(work())
        except TokenError as error:
            results.append(error)

    gevent.joinall([gevent.spawn(run) for _ in range(CALLERS)], timeout=120, raise_error=True)
    assert len(results) == CALLERS
    return results
