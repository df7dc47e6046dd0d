"""The base classes of token sources: get a token for an app, and another one when WeChat rejects it."""

import contextlib
import math
import zlib
from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple

from gevent.lock import BoundedSemaphore

from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock
from wx_domain_exporter.config.secret import SecretError
from wx_domain_exporter.wechat.client import Caller, Credential
from wx_domain_exporter.wechat.errors import (
    ApiError,
    DeadlineError,
    FetchError,
    NoSecretError,
    TokenError,
    TokenOrigin,
)
from wx_domain_exporter.wechat.tokens.issued_token import IssuedToken
from wx_domain_exporter.wechat.tokens.last_refusal import LastRefusal


class CachedToken(NamedTuple):
    """A token, the monotonic time at which it was received, and the one until which it is used."""

    token: str
    received: float
    until: float


class TokenSource(ABC):
    """Provides the token of one app.

    Only one task at a time requests a token; the others wait and use its result.
    """

    type_name: ClassVar[str]
    """The type of the source in the configuration; also its name in log messages."""

    parameter: str = "access_token"
    """The query parameter in which its tokens are sent."""

    base_url: str | None = None
    """Replaces the configured `base_url` for calls with its tokens; None: it is used."""

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._lock = BoundedSemaphore()
        self._last_refusal = LastRefusal(clock)
        self._refused_at = -math.inf
        """The monotonic time of the last refusal."""
        self._rejected: str | None = None
        self._cache: CachedToken | None = None

    @property
    def component_appid(self) -> str | None:
        """Return the appid of the third-party platform that the token comes from, if it does."""
        return None

    @property
    def pause_seconds(self) -> float:
        """Return the seconds until a token is requested again, after a refusal; 0 if there is no pause."""
        return self._last_refusal.seconds_left

    def get(self, caller: Caller) -> str:
        """Return the current token.

        Raises:
            TokenError: there is none; during a pause, the refusal that caused it.
            DeadlineError: no scrape waits any more.
        """
        cached = self._cached(caller)
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
            return self._cached(caller) or self._fetch(caller)
        finally:
            self._lock.release()

    def refresh(self, rejected: str, caller: Caller, cause: ApiError | None = None) -> str:
        """Return another token than the one that WeChat rejected.

        Only the first task that reports a token as invalid requests a new one; the others get that one.

        Raises:
            TokenError: the source has no other token, which counts as a refusal.
            DeadlineError: no scrape waits any more.
        """
        with self._lock:
            cached = self._cached(caller)
            if cached is not None and cached != rejected:
                return cached
            self._cache = None
            token = self._fetch(caller)
            if token != rejected:
                return token
            self._cache = None
            reason = f": {cause}" if cause else ""
            message = f"{self.type_name}: WeChat refuses the token, and there is no other{reason}"
            raise self._refused(TokenError(message, cause=cause))

    def reject(self, token: str, message: str, cause: ApiError | None = None) -> TokenError:
        """Discard the current token and pause the source, because the token can't be used.

        Returns:
            The error to raise.
        """
        with self._lock:
            error = TokenError(f"{self.type_name}: {message}", cause=cause)
            if token == self._rejected and self._last_refusal.is_active():  # another app has just rejected it
                return error
            self._rejected = token
            if self._cache is not None and self._cache.token == token:
                self._cache = None
            return self._refused(error)

    def conflict(self, token: str, message: str) -> TokenError:
        """Discard a token that another app received too, because its responses may be those of that app.

        Returns:
            The error to raise.
        """
        return self.reject(token, message)

    def resume(self) -> None:
        """End a pause, after the configuration was read again."""
        # If the lock is held, a token is being requested now, and there is no pause to end.
        if self._lock.acquire(blocking=False):
            try:
                self._last_refusal.end()
            finally:
                self._lock.release()

    def credential(self, token: str) -> Credential:
        """Return the credential for a token of this source."""
        return Credential(token, self.parameter, self.base_url)

    @abstractmethod
    def _secret(self) -> str:
        """Return the secret with which the token is requested."""

    @abstractmethod
    def _obtain(self, secret: str, caller: Caller) -> str:
        """Return a token for the secret."""

    def is_doubtful(self, token: str, caller: Caller) -> bool:
        """Return whether the current token may have been issued for another app; see `Desyncs`."""
        cache = self._cache
        return cache is not None and cache.token == token and caller.client.desyncs.covers(cache.received)

    def _cached(self, caller: Caller) -> str | None:
        """Return the cached token; None if there is none that can be used."""
        cache = self._cache
        if cache is None or self._clock.monotonic() >= cache.until:
            return None
        return None if caller.client.desyncs.covers(cache.received) else cache.token

    def _fetch(self, caller: Caller) -> str:
        try:
            secret = self._secret()
        except SecretError as error:
            raise NoSecretError(f"{self.type_name}: no token: {error}", error.text.zh) from None
        if caller.client.desyncs.covers(self._refused_at):  # what was refused may have been another app's
            self._last_refusal.end()
        self._last_refusal.check(secret)
        try:
            token = self._obtain(secret, caller)
        except (DeadlineError, TokenError):  # a TokenError comes from another source, which pauses itself
            raise
        except FetchError as error:
            refusal = TokenError(f"{self.type_name}: no token: {error}", cause=error)
            raise self._refused(refusal) from None
        self._last_refusal.note_success()
        return token

    def _refused(self, error: TokenError) -> TokenError:
        self._refused_at = self._clock.monotonic()
        with contextlib.suppress(SecretError, TokenError):  # the next request reports it
            secret = self._secret()
            error.origin = self._origin(secret)
            self._last_refusal.note(error, secret)
        return error

    def _origin(self, secret: str) -> TokenOrigin:  # noqa: ARG002 - for sources with an AppSecret
        """Describe the source for the explanation of its refusal."""
        return TokenOrigin(self.type_name)


class CachingSource(TokenSource):
    """A source that requests tokens over the network and caches them until shortly before they expire."""

    def __init__(self, appid: str, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(clock)
        self._appid = appid

    @abstractmethod
    def _request(self, secret: str, caller: Caller) -> IssuedToken:
        """Request a token from the API or the service that issues it."""

    def _obtain(self, secret: str, caller: Caller) -> str:
        issued = self._request(secret, caller)
        now = self._clock.monotonic()
        self._cache = CachedToken(issued.token, now, now + refresh_after(issued.expires_in, self._appid))
        caller.client.observer.token_refreshed(self.type_name)
        return issued.token


def refresh_after(expires_in: float, appid: str) -> float:
    """Return the seconds after which a token is refreshed that expires in `expires_in` seconds.

    A token is used until 5 to 10 minutes before it expires; the time depends on the appid, so that a fleet
    does not refresh all tokens at once. A token that expires in less than 10 minutes is used for half of it.
    """
    margin = 300 + zlib.crc32(appid.encode()) % 300
    return max(expires_in - margin, expires_in / 2)
