"""The mini programs of a simulated WeChat, with their tokens and quotas."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wx_domain_exporter.simulator.apps import CATEGORIES, SimulatedApp, change
from wx_domain_exporter.simulator.tokens import Series, Token, TokenStore
from wx_domain_exporter.simulator.world_calls import CallWorld

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DEFAULT_DAILY_LIMIT = 100_000
"""What `quota/get` names for an app without a `daily_limit`."""

_BEIJING_OFFSET = 8 * 3600
_DAY = 24 * 3600


@dataclass(eq=False, repr=False)
class AppWorld(CallWorld):
    """Knows the mini programs. The arguments are those of `CallWorld`.

    Attributes:
        apps: The mini programs by appid.
        tokens: All access tokens; hold the lock to use it.
    """

    apps: dict[str, SimulatedApp] = field(init=False, default_factory=dict)
    _used: Counter[tuple[str, str, int]] = field(init=False, default_factory=Counter)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.tokens = TokenStore(self.clock)

    def add(self, app: SimulatedApp) -> SimulatedApp:
        """Make an app known, with the tokens it brings.

        Raises:
            ValueError: The appid is known already.
        """
        with self.lock:
            if app.appid in self.apps:
                raise ValueError(f"{app.appid} is known already")
            self.apps[app.appid] = app
            self._adopt_tokens(app)
        return app

    def patch(self, appid: str, settings: Mapping[str, object]) -> None:
        """Change settings of an app, all or none, and do what `expire_tokens` and the like ask for.

        Args:
            appid: Of a known app.
            settings: New values of `SimulatedApp`'s attributes; besides them `expire_tokens`,
                `invalidate_tokens` and `reset_quota`, each true.

        Raises:
            KeyError: No such app.
            ValueError: A key or a value is not allowed.
        """
        with self.lock:
            app = self.apps[appid]
            actions: dict[str, Callable[[], None]] = {
                "expire_tokens": lambda: self.expire_tokens(appid),
                "invalidate_tokens": lambda: self.invalidate_tokens(appid),
                "reset_quota": lambda: self.reset_quota(appid),
            }
            asked = change(app, settings, actions, frozenset({"appid"}))
            self._adopt_tokens(app)
            for action in asked:
                action()

    def stable_token(self, app: SimulatedApp, *, force_refresh: bool = False) -> Token:
        """The stable token in force, or a new one where that nears its end.

        The one before stays valid for five minutes then, but is revoked at once by `force_refresh`.
        """
        series = Series("stable", app.appid)
        with self.lock:
            usable = None if force_refresh else self.tokens.usable(series, app.token_lifetime)
            if usable is not None:
                return usable
            return self.tokens.renew(series, app.token_lifetime, self.random(app.appid), revoke=force_refresh)

    def plain_token(self, app: SimulatedApp) -> Token:
        """A new token as `/cgi-bin/token` makes it: the one before it is worth nothing from now on."""
        with self.lock:
            series = Series("plain", app.appid)
            return self.tokens.renew(series, app.token_lifetime, self.random(app.appid), revoke=True)

    def find_token(self, value: str) -> Token | None:
        """The token, expired or not, unless it is unknown or revoked."""
        token = self.tokens.find(value)
        return None if token is None or token.revoked else token

    def expire_tokens(self, appid: str) -> None:
        """Let all tokens of the app end now: calls with them get 42001."""
        with self.lock:
            self._expire(self.tokens.of(appid))

    def invalidate_tokens(self, appid: str) -> None:
        """Revoke all tokens of the app: calls with them get 40001."""
        with self.lock:
            self._revoke(self.tokens.of(appid))

    def spend_quota(self, api: str, app: SimulatedApp) -> bool:
        """Take one call off the app's quota of today (Beijing time); False if it is used up."""
        with self.lock:
            self._used[api, app.appid, self._today()] += 1
            return app.daily_limit is None or self.used_quota(api, app) <= app.daily_limit

    def used_quota(self, api: str, app: SimulatedApp) -> int:
        """How many calls of today (Beijing time) count against the app's quota."""
        with self.lock:
            return self._used[api, app.appid, self._today()]

    def reset_quota(self, appid: str) -> None:
        """Give the app its whole quota of today back."""
        with self.lock:
            for key in [key for key in self._used if key[1] == appid]:
                del self._used[key]

    def domains(self, app: SimulatedApp) -> dict[str, list[str]]:
        """The lists as configured right now: all documented categories and what the app has besides."""
        with self.lock:
            found = {category: list(app.domains.get(category, [])) for category in CATEGORIES}
            found |= {
                category: list(values) for category, values in app.domains.items() if category not in found
            }
            if app.changes_every and int(self.clock() // app.changes_every) % 2 == 0:
                found["requestdomain"].append(app.changing_domain)
            return found

    def _expire(self, tokens: list[Token]) -> None:
        for token in tokens:
            token.expires_at = min(token.expires_at, self.clock())

    @staticmethod
    def _revoke(tokens: list[Token]) -> None:
        for token in tokens:
            token.revoked = True

    def _today(self) -> int:
        return int((self.clock() + _BEIJING_OFFSET) // _DAY)

    def _adopt_tokens(self, app: SimulatedApp) -> None:
        for value in app.access_tokens:
            self.tokens.adopt(value, Series("elsewhere", app.appid))
        for value in app.cloudbase_tokens:
            self.tokens.adopt(value, Series("cloudbase", app.appid))
