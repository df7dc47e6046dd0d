"""The base classes of token sources: get a token for an app, and another one when WeChat rejects it."""

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
    """Provides the token of one app.

    Only one task at a time requests a token; the others wait and use its result.
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
        """Return the current token.

        Raises:
            TokenError: there is none; during a pause, the refusal that caused it.
            DeadlineError: no scrape waits any more.
        """
        cached = self._cached()
        if cached is not None:
            return cached
        if not self._lock.acquire(blocking=False):
            # Another task requests a token now. If that is a trial after a refusal, only that task waits for
            # it: many apps can share a source, and all of them waiting would delay the calls of others.
            refusal = self._last_refusal.error
            if refusal is not None:
                raise refusal
            self._lock.acquire()
        try:
            return self._cached() or self._fetch(caller)
        finally:
            self._lock.release()

    def renew(self, rejected: str, caller: Caller, cause: ApiError | None = None) -> str:
        """Return another token than the one that WeChat rejected.

        Only the first task that reports a token as invalid requests a new one; the others get that one.

        Raises:
            TokenError: the source has no other token, which counts as a refusal.
            DeadlineError: no scrape waits any more.
        """
        with self._lock:
            cached = self._cached()
            if cached not in {None, rejected}:
                return str(cached)
            self._forget()
            token = self._fetch(caller)
            if token != rejected:
                return token
            self._forget()
            reason = f": {cause}" if cause else ""
            message = f"{self.describes}: WeChat refuses the token, and there is no other{reason}"
            raise self._refused(TokenError(message, cause=cause))

    def reject(self, token: str, why: str, cause: ApiError | None = None) -> TokenError:
        """Discard the current token and pause the source, because the token can't be used.

        Returns:
            The error to raise.
        """
        with self._lock:
            error = TokenError(f"{self.describes}: {why}", cause=cause)
            if token == self._rejected and self._last_refusal.is_active():  # another app has just rejected it
                return error
            self._rejected = token
            if self._cached() == token:
                self._forget()
            return self._refused(error)

    def conflict(self, token: str, why: str) -> TokenError:
        """Discard a token that another app received too, because its responses may be those of that app.

        Returns:
            The error to raise.
        """
        return self.reject(token, why)

    def resume(self) -> None:
        """End a pause, after the configuration was read again."""
        # If the lock is held, a token is being requested now, and there is no pause to end.
        if self._lock.acquire(blocking=False):
            try:
                self._last_refusal.end()
            finally:
                self._lock.release()

    describes: ClassVar[str]
    """The type of the source in the configuration; also its name in log messages."""

    parameter: str = "access_token"
    """The query parameter in which its tokens are sent."""

    base_url: str | None = None
    """Replaces the configured `base_url` for calls with its tokens; None: it is used."""

    def credential(self, token: str) -> Credential:
        """Return the credential for a token of this source."""
        return Credential(token, self.parameter, self.base_url)

    @abstractmethod
    def _secret(self) -> str:
        """Return the secret with which the token is requested."""

    @abstractmethod
    def _cached(self) -> str | None:
        """Return the cached token; None if there is none."""

    @abstractmethod
    def _forget(self) -> None:
        """Discard the cached token."""

    @abstractmethod
    def _ask(self, secret: str, caller: Caller) -> str:
        """Request a token."""

    def _fetch(self, caller: Caller) -> str:
        try:
            secret = self._secret()
        except SecretError as error:
            raise NoSecretError(f"{self.describes}: no token: {error}") from None
        self._last_refusal.check(secret)
        try:
            token = self._ask(secret, caller)
        except (DeadlineError, TokenError):  # a TokenError comes from another source, which pauses itself
            raise
        except FetchError as error:
            refusal = TokenError(f"{self.describes}: no token: {error}", cause=error)
            raise self._refused(refusal) from None
        self._last_refusal.note_success()
        return token

    def _refused(self, error: TokenError) -> TokenError:
        with contextlib.suppress(SecretError, TokenError):  # the next request reports it
            self._last_refusal.note(error, self._secret())
        return error


@dataclass(frozen=True, slots=True)
class Lease:
    """A token and its lifetime.

    Attributes:
        token: the token.
        life: seconds from now until it expires.
    """

    token: str
    life: float


class CachingSource(TokenSource):
    """A source that requests tokens over the network and caches them until shortly before they expire."""

    def __init__(self, appid: str, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(clock)
        self._appid = appid
        self._held: tuple[str, float] | None = None

    @abstractmethod
    def _lease(self, secret: str, caller: Caller) -> Lease:
        """Request a token."""

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
    """Return for how many seconds a token with a lifetime of `life` seconds is used.

    A token is used until 5 to 10 minutes before it expires; the time depends on the appid, so that a fleet
    does not renew all tokens at once. A token that expires in less than 10 minutes is used for half of that.
    """
    margin = 300 + zlib.crc32(appid.encode()) % 300
    return max(life - margin, life / 2)
