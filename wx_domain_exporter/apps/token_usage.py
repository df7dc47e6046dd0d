"""Which app uses which token: an answer names no AppID, so a token of two apps could swap their lists."""

import math
from collections import deque
from collections.abc import Callable, Mapping

from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock

OnConflict = Callable[[], None]
"""Called when another app receives the same token as an app."""

_MEMORY_SECONDS = 3 * 3600.0
"""How long a replaced token still counts as the app's: longer than WeChat's tokens are valid."""


class TokenUsage:
    """Remembers which apps received each token: no app may use one that another app received too.

    When one of two apps gets a new token, it remains unknown whose the shared one was: it stays shared, for
    all apps that still use it, until it has expired.
    """

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._current: dict[str, str] = {}
        """The token that each app uses now."""
        self._users: dict[int, dict[str, float]] = {}
        """By the hash of a token, its apps, each with the time until which it counts as a user.

        A hash, because replaced tokens are remembered for hours and may be long. Python keeps it with the
        text, so it costs nothing.
        """
        self._since: dict[str, float] = {}
        """By app, the monotonic time since which it uses its token."""
        self._tokens: dict[str, tuple[int, ...]] = {}
        """By app, the hashes of all tokens of which it counts as a user: nearly always one."""
        self._replaced: deque[tuple[float, int, str]] = deque()
        """Replaced tokens: the time until which each counts, its hash, and its app."""
        self._on_conflict: dict[str, OnConflict] = {}
        """By app, its conflict handler. A claim with another handler comes from an app that was replaced."""
        self._apps_are_set = False
        """Whether `set_apps` was called: since then, only its apps may claim tokens."""

    def set_apps(self, on_conflict: Mapping[str, OnConflict]) -> None:
        """Set the apps that may claim tokens, each with its conflict handler, and forget all others."""
        self._on_conflict, self._apps_are_set = dict(on_conflict), True
        for appid in self._tokens.keys() - on_conflict.keys():
            self.forget(appid)

    def claim(self, appid: str, token: str, on_conflict: OnConflict) -> bool:
        """Note that an app uses a token from now on, in place of its previous one.

        Args:
            appid: the app.
            token: the token that it received.
            on_conflict: the app's conflict handler. A fetch of an app that a reload has replaced may still be
                running: its handler is not the one of `set_apps`, and its claim has no effect.

        Returns:
            Whether another app received the token too.
        """
        self._change(appid, token, on_conflict)
        return self.is_shared(appid, token)

    def is_shared(self, appid: str, token: str | None) -> bool:
        """Whether another app received the token, even if this app's own use of it is forgotten."""
        users = self._users.get(hash(token)) if token is not None else None
        if users is None or users.keys() <= {appid}:  # the usual case, kept fast
            return False
        now = self._clock.monotonic()
        return any(user != appid and until > now for user, until in dict(users).items())

    def current_token(self, appid: str) -> str | None:
        """Return the token that an app uses; None if it has none."""
        return self._current.get(appid)

    def forget_since(self, since: float) -> None:
        """Forget the apps that got their tokens since a monotonic time: the tokens may be other apps'."""
        for appid in [appid for appid, begin in self._since.items() if begin >= since]:
            self.forget(appid)

    def forget(self, appid: str) -> None:
        """Forget all tokens of an app, because its token source was changed."""
        self._current.pop(appid, None)
        self._since.pop(appid, None)
        for key in self._tokens.get(appid, ()):
            self._remove_user(key, appid)

    def _change(self, appid: str, token: str, on_conflict: OnConflict) -> None:
        if not self._apps_are_set:
            self._on_conflict[appid] = on_conflict
        if self._on_conflict.get(appid) != on_conflict or self._current.get(appid) == token:
            return
        self._forget_expired()
        self._replace_current(appid)
        self._current[appid] = token
        self._since[appid] = self._clock.monotonic()
        key = hash(token)
        users = self._users.setdefault(key, {})
        users[appid] = math.inf
        self._tokens[appid] = (*self._tokens_except(appid, key), key)
        if len(users) > 1:
            for handler in [self._on_conflict[user] for user in users if user in self._on_conflict]:
                handler()

    def _replace_current(self, appid: str) -> None:
        token = self._current.pop(appid, None)
        if token is not None:
            until = self._clock.monotonic() + _MEMORY_SECONDS
            self._users[hash(token)][appid] = until
            self._replaced.append((until, hash(token), appid))

    def _forget_expired(self) -> None:
        now = self._clock.monotonic()
        while self._replaced and self._replaced[0][0] < now:
            until, key, appid = self._replaced.popleft()
            if self._users.get(key, {}).get(appid) == until:
                self._remove_user(key, appid)

    def _remove_user(self, key: int, appid: str) -> None:
        users = self._users[key]
        users.pop(appid, None)
        if not users:
            del self._users[key]
        self._tokens[appid] = self._tokens_except(appid, key)
        if not self._tokens[appid]:
            del self._tokens[appid]

    def _tokens_except(self, appid: str, excluded: int) -> tuple[int, ...]:
        return tuple(key for key in self._tokens.get(appid, ()) if key != excluded)
