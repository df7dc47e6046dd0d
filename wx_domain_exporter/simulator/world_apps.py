"""The part of the simulated WeChat's state that concerns mini programs, their tokens and quotas."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wx_domain_exporter.simulator.app_settings import CATEGORIES, SimulatedApp
from wx_domain_exporter.simulator.settings import change_settings
from wx_domain_exporter.simulator.token_store import Token, TokenSeries, TokenStore
from wx_domain_exporter.simulator.world_calls import CallWorld

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DEFAULT_DAILY_LIMIT = 100_000
"""The daily limit that `quota/get` reports for an app without a `daily_limit`."""

_BEIJING_OFFSET = 8 * 3600
_DAY = 24 * 3600


@dataclass(eq=False, repr=False)
class AppWorld(CallWorld):
    """Holds the mini programs. The arguments are those of `CallWorld`.

    Attributes:
        apps: The mini programs by appid.
        tokens: All access tokens; use it with `lock` held.
    """

    apps: dict[str, SimulatedApp] = field(init=False, default_factory=dict)
    _used: Counter[tuple[str, str, int]] = field(init=False, default_factory=Counter)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.tokens = TokenStore(self.clock)

    def add(self, app: SimulatedApp) -> SimulatedApp:
        """Add an app and the tokens in its settings.

        Raises:
            ValueError: The appid is in use.
        """
        with self.lock:
            if app.appid in self.apps:
                raise ValueError(f"{app.appid} is already in use")
            self.apps[app.appid] = app
            self._adopt_tokens(app)
        return app

    def patch(self, appid: str, settings: Mapping[str, object]) -> None:
        """Change settings of an app, all of them or none, and run the requested actions.

        Args:
            appid: Of a known app.
            settings: New values of `SimulatedApp`'s attributes, and the actions `expire_tokens`,
                `invalidate_tokens` and `reset_quota`, each with the value true.

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
            requested = change_settings(app, settings, actions, frozenset({"appid"}))
            self._adopt_tokens(app)
            for action in requested:
                action()

    def stable_token(self, app: SimulatedApp, *, force_refresh: bool = False) -> Token:
        """The current stable token, or a new one if that expires soon or with `force_refresh`.

        A replaced token stays valid for five minutes; `force_refresh` revokes it at once.
        """
        series = TokenSeries("stable", app.appid)
        with self.lock:
            usable = None if force_refresh else self.tokens.usable(series, app.token_lifetime)
            if usable is not None:
                return usable
            return self.tokens.renew(series, app.token_lifetime, self.random(app.appid), revoke=force_refresh)

    def plain_token(self, app: SimulatedApp) -> Token:
        """A new token as `/cgi-bin/token` makes it; the previous one is revoked."""
        with self.lock:
            series = TokenSeries("plain", app.appid)
            return self.tokens.renew(series, app.token_lifetime, self.random(app.appid), revoke=True)

    def find_token(self, value: str) -> Token | None:
        """The token with this value, expired or not; None if it is unknown or revoked."""
        token = self.tokens.find(value)
        return None if token is None or token.revoked else token

    def expire_tokens(self, appid: str) -> None:
        """Expire all tokens of the app: calls with them get 42001."""
        with self.lock:
            self._expire(self.tokens.tokens_of(appid))

    def invalidate_tokens(self, appid: str) -> None:
        """Revoke all tokens of the app: calls with them get 40001."""
        with self.lock:
            self._revoke(self.tokens.tokens_of(appid))

    def spend_quota(self, api: str, app: SimulatedApp, calls: int = 1) -> bool:
        """Count calls against the app's quota of today (Beijing time); False if the quota is exceeded."""
        with self.lock:
            self._used[api, app.appid, self._today()] += calls
            return app.daily_limit is None or self.used_quota(api, app) <= app.daily_limit

    def used_quota(self, api: str, app: SimulatedApp) -> int:
        """The calls of today (Beijing time) that count against the app's quota."""
        with self.lock:
            return self._used[api, app.appid, self._today()]

    def reset_quota(self, appid: str) -> None:
        """Forget the app's calls of today, as for its quota."""
        with self.lock:
            for key in [key for key in self._used if key[1] == appid]:
                del self._used[key]

    def domains(self, app: SimulatedApp) -> dict[str, list[str]]:
        """The lists as configured now: all documented categories, and any other category that the app has."""
        with self.lock:
            lists = {category: list(app.domains.get(category, [])) for category in CATEGORIES}
            lists |= {
                category: list(values) for category, values in app.domains.items() if category not in lists
            }
            interval = (self.clock() - app.changes_from) // app.changes_every if app.changes_every else -1
            if interval % 2 == 0:
                lists["requestdomain"].append(app.changing_domain)
            return lists

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
            self.tokens.adopt(value, TokenSeries("external", app.appid))
        for value in app.cloudbase_tokens:
            self.tokens.adopt(value, TokenSeries("cloudbase", app.appid))
