"""The access tokens of a simulated WeChat: which there are, whom they belong to and how long they hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from wx_domain_exporter.simulator.platforms import Authorization

RENEWAL_MARGIN = 300.0
"""Seconds before its end from which a token is replaced, and for which a replaced one stays valid."""

REMEMBERED_TOKENS = 16
"""Tokens kept per series; of older ones nobody can tell that they were ever valid."""

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@dataclass(frozen=True, slots=True)
class Series:
    """The tokens of which each one follows the one before.

    Attributes:
        kind: `stable`, `plain`, `elsewhere`, `cloudbase`, `component` or `authorizer`.
        appid: Of the app or the platform that the tokens belong to.
        component_appid: Of the platform that an authorizer's tokens were made for.
    """

    kind: str
    appid: str
    component_appid: str = ""


@dataclass(eq=False, slots=True)
class Token:
    """An access token; `revoked` ones are unknown to the API, those after `expires_at` expired."""

    value: str = field(repr=False)
    series: Series
    expires_at: float
    revoked: bool = False
    authorization: Authorization | None = None

    @property
    def appid(self) -> str:
        """Of the app or the platform it belongs to."""
        return self.series.appid


class TokenStore:
    """All tokens. Needs a lock around it.

    Args:
        clock: Unix time.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._tokens: dict[str, Token] = {}
        self._by_appid: dict[str, list[Token]] = {}
        self._current: dict[Series, Token] = {}

    def find(self, value: str) -> Token | None:
        """The token, in whatever state."""
        return self._tokens.get(value)

    def current(self, series: Series) -> Token | None:
        """The newest token of a series that is not revoked, expired or not."""
        token = self._current.get(series)
        return None if token is None or token.revoked else token

    def of(self, appid: str, kind: str = "", component_appid: str = "") -> list[Token]:
        """The tokens of an app or a platform, of one kind or of all, of one platform or of all."""
        return [
            token
            for token in self._by_appid.get(appid, [])
            if kind in {"", token.series.kind} and component_appid in {"", token.series.component_appid}
        ]

    def usable(self, series: Series, lifetime: float) -> Token | None:
        """The newest token of a series unless it nears its end."""
        token = self.current(series)
        fresh = token is not None and token.expires_at - self._clock() >= margin(lifetime)
        return token if fresh else None

    def renew(self, series: Series, lifetime: float, rng: Random, *, revoke: bool = False) -> Token:
        """A new token; the one before is revoked, or holds for five more minutes unless it has expired."""
        before = self._current.get(series)
        if before is not None and revoke:
            before.revoked = True
        elif before is not None and before.expires_at > self._clock():
            before.expires_at = self._clock() + margin(lifetime)
        value = f"{rng.randrange(60, 100)}_{''.join(rng.choices(_ALPHABET, k=148))}"
        token = Token(value, series, self._clock() + lifetime)
        self._current[series] = token
        self._keep(token)
        self._forget_old(series)
        return token

    def adopt(self, value: str, series: Series) -> None:
        """Know a token that was made elsewhere and has no end; one that is known already stays as it is."""
        known = self._tokens.get(value)
        if known is None or known.series != series:
            self._keep(Token(value, series, float("inf")))

    def _keep(self, token: Token) -> None:
        self._tokens[token.value] = token
        self._by_appid.setdefault(token.appid, []).append(token)

    def _forget_old(self, series: Series) -> None:
        same = [token for token in self._by_appid[series.appid] if token.series == series]
        for token in same[:-REMEMBERED_TOKENS]:
            self._by_appid[series.appid].remove(token)
            del self._tokens[token.value]


def margin(lifetime: float) -> float:
    """How long before its end a token is replaced.

    A shorter life than the real 7200 s needs a shorter margin, or every call would make a token.
    """
    return min(RENEWAL_MARGIN, lifetime / 2)
