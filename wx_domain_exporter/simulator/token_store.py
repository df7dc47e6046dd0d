"""The access tokens of the simulated WeChat: whose they are, and until when they are valid."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from wx_domain_exporter.simulator.platform_settings import Authorization

RENEWAL_MARGIN = 300.0
"""A token is replaced this many seconds before it expires; a replaced token stays valid for as long."""

REMEMBERED_TOKENS = 16
"""Tokens kept per series; older ones are answered like tokens that never existed."""

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@dataclass(frozen=True, slots=True)
class TokenSeries:
    """Names a sequence of tokens, each of which replaces the previous one.

    Attributes:
        kind: `stable`, `plain`, `external`, `cloudbase`, `component` or `authorizer`.
        appid: The appid of the app, or the component_appid of the platform, that owns the tokens.
        component_appid: The platform that an authorizer's tokens were made for.
    """

    kind: str
    appid: str
    component_appid: str = ""


@dataclass(eq=False, slots=True)
class Token:
    """An access token. The APIs do not know a revoked one; one past `expires_at` (Unix time) has expired."""

    value: str = field(repr=False)
    series: TokenSeries
    expires_at: float
    revoked: bool = False
    authorization: Authorization | None = None

    @property
    def appid(self) -> str:
        """The appid of its owner."""
        return self.series.appid


class TokenStore:
    """All tokens. Its methods must be called with the world's lock held.

    Args:
        clock: Unix time.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._tokens: dict[str, Token] = {}
        self._by_appid: dict[str, list[Token]] = {}
        self._current: dict[TokenSeries, Token] = {}

    def find(self, value: str) -> Token | None:
        """The token with this value, valid or not."""
        return self._tokens.get(value)

    def current(self, series: TokenSeries) -> Token | None:
        """The newest token of a series, expired or not, unless it is revoked."""
        token = self._current.get(series)
        return None if token is None or token.revoked else token

    def tokens_of(self, appid: str, kind: str = "", component_appid: str = "") -> list[Token]:
        """The tokens of an owner; with `kind` or `component_appid`, those of that kind or platform only."""
        return [
            token
            for token in self._by_appid.get(appid, [])
            if kind in {"", token.series.kind} and component_appid in {"", token.series.component_appid}
        ]

    def usable(self, series: TokenSeries, lifetime: float) -> Token | None:
        """The newest token of a series, unless it is due to be replaced."""
        token = self.current(series)
        valid = token is not None and token.expires_at - self._clock() >= margin(lifetime)
        return token if valid else None

    def renew(self, series: TokenSeries, lifetime: float, rng: Random, *, revoke: bool = False) -> Token:
        """A new token. The previous one is revoked, or stays valid for five minutes if it has not expired."""
        previous = self._current.get(series)
        if previous is not None and revoke:
            previous.revoked = True
        elif previous is not None and previous.expires_at > self._clock():
            previous.expires_at = self._clock() + margin(lifetime)
        value = f"{rng.randrange(60, 100)}_{''.join(rng.choices(_ALPHABET, k=148))}"
        token = Token(value, series, self._clock() + lifetime)
        self._current[series] = token
        self._keep(token)
        self._forget_old(series)
        return token

    def adopt(self, value: str, series: TokenSeries) -> None:
        """Add a token from outside, which never expires; one that is in the store already stays as it is."""
        known = self._tokens.get(value)
        if known is None or known.series != series:
            self._keep(Token(value, series, float("inf")))

    def _keep(self, token: Token) -> None:
        self._tokens[token.value] = token
        self._by_appid.setdefault(token.appid, []).append(token)

    def _forget_old(self, series: TokenSeries) -> None:
        tokens = [token for token in self._by_appid[series.appid] if token.series == series]
        for token in tokens[:-REMEMBERED_TOKENS]:
            self._by_appid[series.appid].remove(token)
            del self._tokens[token.value]


def margin(lifetime: float) -> float:
    """Seconds before its expiry at which a token is replaced.

    At most half the lifetime, because otherwise short lifetimes would make every call renew the token.
    """
    return min(RENEWAL_MARGIN, lifetime / 2)
