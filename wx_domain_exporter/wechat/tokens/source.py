"""What all token sources share: one app's way to a token, and to another when that one is dead."""

import contextlib
import zlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from gevent.lock import BoundedSemaphore

from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock
from wx_domain_exporter.config.secret import SecretError
from wx_domain_exporter.wechat.client import Caller, Credential
from wx_domain_exporter.wechat.errors import ApiError, DeadlineError, FetchError, NoSecretError, TokenError
from wx_domain_exporter.wechat.tokens.last_refusal import LastRefusal


class TokenSource(ABC):
    """One app's way to a token.

    One task at a time asks WeChat; those who come meanwhile wait and take what it got.
    """

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._lock = BoundedSemaphore()
        self._last_refusal = LastRefusal(clock)
        self._rejected: str | None = None

    @property
    def component_appid(self) -> str | None:
        """Return the appid of the third-party platform that the token comes from, if it does."""
        return None

    def get(self, caller: Caller) -> str:
        """Return the token in force.

        Raises:
            TokenError: none can be had; while a pause lasts, the refusal that began it.
            DeadlineError: nobody waits any more.
        """
        cached = self._cached()
        if cached is not None:  # whatever was refused before it, and whoever asks for something else
            return cached
        if not self._lock.acquire(blocking=False):
            # Somebody is asking right now. If that is a trial after a refusal, one waits for it and not all:
            # a source that many apps share would hold up the calls of others.
            refusal = self._last_refusal.error
            if refusal is not None:
                raise refusal
            self._lock.acquire()
        try:
            return self._cached() or self._fetch(caller)
        finally:
            self._lock.release()

    def renew(self, dead: str, caller: Caller, cause: ApiError | None = None) -> str:
        """Return another token than the one that WeChat refused.

        Only the first who reports a token as dead has it fetched again; the rest get what is there by then.

        Raises:
            TokenError: there is no other one, which counts as a refusal by the source.
            DeadlineError: nobody waits any more.
        """
        with self._lock:
            cached = self._cached()
            if cached not in {None, dead}:
                return str(cached)
            self._forget()
            token = self._fetch(caller)
            if token != dead:
                return token
            self._forget()
            told = f": {cause}" if cause else ""
            refusal = f"{self.describes}: WeChat refuses the token, and there is no other{told}"
            raise self._refused(TokenError(refusal, cause=cause))

    def reject(self, token: str, why: str, cause: ApiError | None = None) -> TokenError:
        """Note that the token in force is of no use, and let the source rest for a while.

        Returns:
            What to raise.
        """
        with self._lock:
            error = TokenError(f"{self.describes}: {why}", cause=cause)
            if token == self._rejected and self._last_refusal.is_active():  # by another app, a moment ago
                return error
            self._rejected = token
            if self._cached() == token:
                self._forget()
            return self._refused(error)

    def conflict(self, token: str, why: str) -> TokenError:
        """Note that the token is another app's too, so that its answers can't be trusted.

        Returns:
            What to raise.
        """
        return self.reject(token, why)

    def resume(self) -> None:
        """End a pause: the configuration was read again."""
        # Whoever holds the lock is asking for a token right now: there is no pause to end.
        if self._lock.acquire(blocking=False):
            try:
                self._last_refusal.end()
            finally:
                self._lock.release()

    describes: ClassVar[str]
    """What log lines call the source: its type in the configuration."""

    parameter: str = "access_token"
    """The query parameter in which its tokens travel."""

    base_url: str | None = None
    """Where its tokens are used, if not at the configuration's `base_url`."""

    def credential(self, token: str) -> Credential:
        """Return a token of this source as it travels."""
        return Credential(token, self.parameter, self.base_url)

    @abstractmethod
    def _secret(self) -> str:
        """Return what proves to the source that the app may have a token."""

    @abstractmethod
    def _cached(self) -> str | None:
        """Return the token in force, if one is remembered."""

    @abstractmethod
    def _forget(self) -> None:
        """Remember no token."""

    @abstractmethod
    def _ask(self, secret: str, caller: Caller) -> str:
        """Get a token from where it is made."""

    def _fetch(self, caller: Caller) -> str:
        try:
            secret = self._secret()
        except SecretError as error:
            raise NoSecretError(f"{self.describes}: no token: {error}") from None
        self._last_refusal.check(secret)
        try:
            token = self._ask(secret, caller)
        except (DeadlineError, TokenError):  # a TokenError is that of another source, which rests itself
            raise
        except FetchError as error:
            refusal = TokenError(f"{self.describes}: no token: {error}", cause=error)
            raise self._refused(refusal) from None
        self._last_refusal.note_success()
        return token

    def _refused(self, error: TokenError) -> TokenError:
        with contextlib.suppress(SecretError, TokenError):  # the next one who asks will be told
            self._last_refusal.note(error, self._secret())
        return error


@dataclass(frozen=True, slots=True)
class Lease:
    """A token, and for how long it may be used.

    Attributes:
        token: as it travels.
        life: seconds until it ends, counted from now.
    """

    token: str
    life: float


class CachingSource(TokenSource):
    """A source whose tokens are asked for over the network and remembered until shortly before their end."""

    def __init__(self, appid: str, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(clock)
        self._appid = appid
        self._held: tuple[str, float] | None = None

    @abstractmethod
    def _lease(self, secret: str, caller: Caller) -> Lease:
        """Get a token from where it is made."""

    def _cached(self) -> str | None:
        held = self._held
        return held[0] if held is not None and self._clock.monotonic() < held[1] else None

    def _forget(self) -> None:
        self._held = None

    def _ask(self, secret: str, caller: Caller) -> str:
        lease = self._lease(secret, caller)
        self._held = lease.token, self._clock.monotonic() + usable_seconds(lease.life, self._appid)
        caller.client.observer.token_refreshed(self.describes)
        return lease.token


def usable_seconds(life: float, appid: str) -> float:
    """Return for how long a token is used that lives for `life` seconds.

    Until 5 to 10 minutes before its end, spread over the appids so that a fleet does not renew all at once;
    a token with less than 10 minutes to live, for half of them.
    """
    margin = 300 + zlib.crc32(appid.encode()) % 300
    return max(life - margin, life / 2)
