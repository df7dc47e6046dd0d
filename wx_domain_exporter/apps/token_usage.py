"""Who uses which token: an answer carries no appid, so a token of two apps would mix up their lists."""

import math
from collections import deque
from collections.abc import Callable, Mapping

from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock

OnConflict = Callable[[], None]
"""Tells an app that another one receives its token."""

_MEMORY = 3 * 3600.0
"""Seconds for which a token is still somebody's who has another one by now: WeChat's tokens end before."""


class TokenUsage:
    """Remembers each token with all apps that received it; whoever shares one can't be trusted with it.

    That one of them gets another token later does not say whose the shared one was: it stays shared as long
    as it can live, for all who have it.
    """

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._token_of: dict[str, str] = {}
        self._users: dict[str, dict[str, float]] = {}
        """By token, its users, each with the time until which that counts."""
        self._tokens: dict[str, tuple[str, ...]] = {}
        """By app, all tokens that it counts as a user of: one, nearly always."""
        self._past: deque[tuple[float, str, str]] = deque()
        self._owners: dict[str, OnConflict] = {}
        """By app, who is told; the same one claims for it."""
        self._only_those = False
        """Whether nobody else may claim."""

    def put_in_force(self, owners: Mapping[str, OnConflict]) -> None:
        """Say who is told of which app, and claims for it; other apps are forgotten."""
        self._owners, self._only_those = dict(owners), True
        for appid in self._tokens.keys() - owners.keys():
            self.forget(appid)

    def claim(self, appid: str, token: str, owner: OnConflict) -> bool:
        """Note that an app uses a token now, instead of the one before.

        Args:
            appid: the app.
            token: what it received.
            owner: who claims. A fetch of before the last reload, of an app that this dropped or changed, may
                still be on its way: it does not count.

        Returns:
            Whether another app received the token too.
        """
        if self._token_of.get(appid) != token or self._owners.get(appid) != owner:
            self._change(appid, token, owner)
        return self.shared(appid, token)

    def shared(self, appid: str, token: str | None) -> bool:
        """Whether another app received a token, whatever is still known of this one."""
        users = self._users.get(token) if token is not None else None
        if users is None or users.keys() <= {appid}:  # nearly always, and one operation
            return False
        now = self._clock.monotonic()
        return any(one != appid and until > now for one, until in dict(users).items())

    def current(self, appid: str) -> str | None:
        """Return the token that an app uses."""
        return self._token_of.get(appid)

    def forget(self, appid: str) -> None:
        """Forget all that an app received: somebody has changed where its tokens come from."""
        self._token_of.pop(appid, None)
        for token in self._tokens.get(appid, ()):
            self._drop(token, appid)

    def _change(self, appid: str, token: str, owner: OnConflict) -> None:
        if not self._only_those:
            self._owners[appid] = owner
        if self._owners.get(appid) != owner or self._token_of.get(appid) == token:
            return
        self._forget_old()
        self._release(appid)
        self._token_of[appid] = token
        users = self._users.setdefault(token, {})
        users[appid] = math.inf
        self._tokens[appid] = (*self._others(appid, token), token)
        if len(users) > 1:
            for on_conflict in [self._owners[one] for one in users if one in self._owners]:
                on_conflict()

    def _release(self, appid: str) -> None:
        token = self._token_of.pop(appid, None)
        if token is not None:
            until = self._clock.monotonic() + _MEMORY
            self._users[token][appid] = until
            self._past.append((until, token, appid))

    def _forget_old(self) -> None:
        now = self._clock.monotonic()
        while self._past and self._past[0][0] < now:
            until, token, appid = self._past.popleft()
            if self._users.get(token, {}).get(appid) == until:
                self._drop(token, appid)

    def _drop(self, token: str, appid: str) -> None:
        users = self._users[token]
        users.pop(appid, None)
        if not users:
            del self._users[token]
        self._tokens[appid] = self._others(appid, token)
        if not self._tokens[appid]:
            del self._tokens[appid]

    def _others(self, appid: str, token: str) -> tuple[str, ...]:
        return tuple(one for one in self._tokens.get(appid, ()) if one != token)
