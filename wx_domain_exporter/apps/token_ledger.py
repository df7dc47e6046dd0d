"""Who uses which token: an answer carries no appid, so a token of two apps would mix up their lists."""

import math
import threading
import time
from collections import deque
from collections.abc import Callable

_MEMORY = 3 * 3600.0
"""Seconds for which a token is still somebody's who has another one by now: WeChat's tokens end before."""


class TokenLedger:
    """Remembers each token with all apps that received it; whoever shares one can't be trusted with it.

    That one of them gets another token later does not say whose the shared one was: it stays shared as long
    as it can live, for all who have it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._token_of: dict[str, str] = {}
        self._users: dict[str, dict[str, float]] = {}
        """By token, its users, each with the time until which that counts."""
        self._tokens: dict[str, tuple[str, ...]] = {}
        """By app, all tokens that it counts as a user of: one, nearly always."""
        self._past: deque[tuple[float, str, str]] = deque()
        self._first_end = math.inf
        """When the first of those ends."""
        self._on_conflict: dict[str, Callable[[], None]] = {}
        self._watched: set[str] | None = None

    def join(self, appid: str, on_conflict: Callable[[], None]) -> None:
        """Have an app told, at once and by whatever thread, when another one receives its token."""
        with self._lock:
            self._on_conflict[appid] = on_conflict

    def claim(self, appid: str, token: str) -> None:
        """Note that an app uses a token now, instead of the one before."""
        with self._lock:
            # A fetch of an app that the last reload dropped may still be on its way.
            dropped = self._watched is not None and appid not in self._watched
            if dropped or self._token_of.get(appid) == token:
                return
            self._forget_old()
            self._release(appid)
            self._token_of[appid] = token
            users = self._users.setdefault(token, {})
            users[appid] = math.inf
            self._tokens[appid] = (*self._others(appid, token), token)
            told = [self._on_conflict[one] for one in users if one in self._on_conflict]
            if len(users) == 1:
                return
        for on_conflict in told:
            on_conflict()

    def shared(self, appid: str, token: str | None) -> bool:
        """Whether another app received a token, whatever is still known of this one."""
        if self._first_end < time.monotonic():
            with self._lock:
                self._forget_old()
        # Every fetch asks this several times. To compare the users is one operation, which needs no lock.
        users = self._users.get(token) if token is not None else None
        return users is not None and not users.keys() <= {appid}

    def current(self, appid: str) -> str | None:
        """Return the token that an app uses."""
        return self._token_of.get(appid)

    def forget(self, appid: str) -> None:
        """Forget all that an app received: somebody has changed where its tokens come from."""
        with self._lock:
            self._token_of.pop(appid, None)
            for token in self._tokens.get(appid, ()):
                self._drop(token, appid)

    def keep_only(self, appids: set[str]) -> None:
        """Forget the apps that are watched no longer."""
        with self._lock:
            self._watched = appids
            gone = self._tokens.keys() - appids
            self._on_conflict = {appid: told for appid, told in self._on_conflict.items() if appid in appids}
        for appid in gone:
            self.forget(appid)

    def _release(self, appid: str) -> None:
        token = self._token_of.pop(appid, None)
        if token is not None:
            until = time.monotonic() + _MEMORY
            self._users[token][appid] = until
            self._past.append((until, token, appid))
            self._first_end = self._past[0][0]

    def _forget_old(self) -> None:
        now = time.monotonic()
        while self._past and self._past[0][0] < now:
            until, token, appid = self._past.popleft()
            if self._users.get(token, {}).get(appid) == until:
                self._drop(token, appid)
        self._first_end = self._past[0][0] if self._past else math.inf

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
