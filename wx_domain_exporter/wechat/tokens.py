"""Token sources: each is one app's way to a token that WeChat takes, and to another when that one is dead."""

import contextlib
import threading
import time
import zlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from wx_domain_exporter.errcodes import Action, look_up
from wx_domain_exporter.schema import AccessToken, StableToken
from wx_domain_exporter.schema import TokenSource as TokenSettings
from wx_domain_exporter.secret import Secret, SecretError
from wx_domain_exporter.wechat.answer import JsonObject
from wx_domain_exporter.wechat.client import STABLE_TOKEN, Caller
from wx_domain_exporter.wechat.errors import ApiError, DeadlineError, DecodeError, FetchError, TokenError
from wx_domain_exporter.wechat.pause import Pause

SECONDS_BETWEEN_TRIALS = {Action.DAILY_QUOTA: 1800.0, Action.MINUTE_QUOTA: 60.0}
"""How long an API whose quota is used up is left alone."""

_LONGEST_LIFE = 30 * 86400.0


class TokenSource(ABC):
    """One app's way to a token.

    One thread at a time asks WeChat; those who come meanwhile wait and take what it got.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pause = Pause()

    def get(self, caller: Caller) -> str:
        """Return the token in force.

        Raises:
            TokenError: none can be had; while a pause lasts, the refusal that began it.
            DeadlineError: nobody waits any more.
        """
        with self._lock:
            return self._cached() or self._fetch(caller)

    def renew(self, dead: str, caller: Caller) -> str:
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
            raise self._refused(
                TokenError(f"{self.describes}: WeChat refuses the token, and there is no other")
            )

    def reject(self, token: str, why: str) -> TokenError:
        """Note that the token in force is of no use, and let the source rest for a while.

        Returns:
            What to raise.
        """
        with self._lock:
            if self._cached() == token:
                self._forget()
            return self._refused(TokenError(f"{self.describes}: {why}"))

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
                self._pause.end()
            finally:
                self._lock.release()

    describes: ClassVar[str]
    """What log lines call the source."""

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
            raise TokenError(f"no token: {error}") from None
        self._pause.check(secret)
        try:
            token = self._ask(secret, caller)
        except DeadlineError:
            raise
        except FetchError as error:
            refusal = TokenError(f"no token: {error}", holds_up=error.holds_up)
            raise self._refused(refusal, exactly=_rest_after(error)) from None
        return token

    def _refused(self, error: TokenError, *, exactly: float = 0.0) -> TokenError:
        with contextlib.suppress(SecretError):  # the next one who asks will be told
            self._pause.begin(error, self._secret(), exactly=exactly)
        return error


class AccessTokenSource(TokenSource):
    """A token made elsewhere; when it is dead, only its owner can put another one in its place."""

    describes = "access_token"

    def __init__(self, settings: AccessToken) -> None:
        super().__init__()
        self._access_token = settings.access_token

    def _secret(self) -> str:
        return self._access_token.read()

    def _cached(self) -> str | None:
        return None

    def _forget(self) -> None:
        pass

    def _ask(self, secret: str, caller: Caller) -> str:  # noqa: ARG002 - nobody is asked
        return secret

    def conflict(self, token: str, why: str) -> TokenError:  # noqa: ARG002 - the base class's signature
        """Return what to raise; no pause, for to read the token again costs WeChat nothing."""
        return TokenError(f"{self.describes}: {why}")


@dataclass(frozen=True, slots=True)
class _Cached:
    token: str
    until: float


class StableTokenSource(TokenSource):
    """The appid's own token from stable_token, which takes no token away from the app's own backend."""

    describes = "stable_token"

    def __init__(self, appid: str, settings: StableToken) -> None:
        super().__init__()
        self._appid = appid
        self._appsecret: Secret = settings.appsecret
        self._held: _Cached | None = None

    def _secret(self) -> str:
        return self._appsecret.read()

    def _cached(self) -> str | None:
        held = self._held
        return held.token if held is not None and time.monotonic() < held.until else None

    def _forget(self) -> None:
        self._held = None

    def _ask(self, secret: str, caller: Caller) -> str:
        answer = caller.call(
            STABLE_TOKEN,
            {
                "grant_type": "client_credential",
                "appid": self._appid,
                "secret": secret,
                "force_refresh": False,
            },
        )
        token, life = _read_token(answer)
        self._held = _Cached(token, time.monotonic() + usable_seconds(life, self._appid))
        caller.client.observer.token_refreshed(self.describes)
        return token


def make_source(appid: str, settings: TokenSettings) -> TokenSource:
    """Make the token source that an app's configuration names."""
    match settings:
        case StableToken():
            return StableTokenSource(appid, settings)
        case AccessToken():
            return AccessTokenSource(settings)


def usable_seconds(life: float, appid: str) -> float:
    """Return for how long a token is used that lives for `life` seconds.

    Until 5 to 10 minutes before its end, spread over the appids so that a fleet does not renew all at once;
    a token with less than 10 minutes to live, for half of them.
    """
    margin = 300 + zlib.crc32(appid.encode()) % 300
    return life - margin if life >= 2 * 300 else life / 2


def _read_token(answer: JsonObject) -> tuple[str, float]:
    token, life = answer.get("access_token"), answer.get("expires_in")
    if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable():
        raise DecodeError("the answer holds no access_token")
    if isinstance(life, str) and life.isascii() and life.isdecimal():
        life = int(life[:12])
    if not isinstance(life, int | float) or isinstance(life, bool) or life <= 0:
        raise DecodeError("the answer holds no expires_in")
    return token, min(float(life), _LONGEST_LIFE)


def _rest_after(error: FetchError) -> float:
    if not isinstance(error, ApiError):
        return 0.0
    return SECONDS_BETWEEN_TRIALS.get(look_up(error.api, error.errcode).action, 0.0)
