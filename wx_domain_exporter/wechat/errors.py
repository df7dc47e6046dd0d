"""Why an app could not be fetched: one type for each way, each with exactly one reason.

FetchError
├── ApiError                   api         the API answered with an errcode
│   └── QuotaError             quota       … with 45009 or 45011, and is not called for a while
├── TokenError                 token       no token could be had
│   ├── NoSecretError          token       … for its secret can't be read
│   └── NotAuthorizedError     token       … for the platform has no authorization
├── TransportError
│   ├── CallTimeoutError       timeout     no whole answer in time
│   ├── BrokenConnectionError  connection  no connection, or it broke
│   ├── TlsError               tls         TLS failed, the certificate above all
│   └── HttpError              http        HTTP ≥ 300, or no HTTP at all
├── DecodeError                decode      the answer is malformed
└── DeadlineError              deadline    the scrape could not wait longer

The texts are safe to log: no secret and nothing unredacted from outside stands in them.
"""

import enum
from typing import ClassVar, Self

from wx_domain_exporter.wechat.redaction import foreign_text


class Reason(enum.StrEnum):
    """The label `reason` of `wx_domain_fetch_error`."""

    API = "api"
    TOKEN = "token"  # noqa: S105 - a label's value
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    TLS = "tls"
    HTTP = "http"
    DECODE = "decode"
    QUOTA = "quota"
    DEADLINE = "deadline"


class FetchError(Exception):
    """An app could not be fetched."""

    reason: ClassVar[Reason]
    timed_out: bool = False
    """Whether such a failure keeps a slot busy for long, so that the app had better start last."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.at: float | None = None
        """Unix time at which it arose, for an error that is kept and raised again later."""

    def to_keep(self) -> Self:
        """Let go of where it came from: the frames of a traceback hold whole answers, and tokens."""
        self.__context__ = self.__cause__ = None
        return self.with_traceback(None)


class ApiError(FetchError):
    """An API answered with an errcode other than 0."""

    reason = Reason.API

    def __init__(self, api: str, errcode: int, errmsg: str) -> None:
        super().__init__(f"{api} answered errcode {errcode}: {foreign_text(errmsg) or '(no errmsg)'}")
        self.api = api
        self.errcode = errcode


class QuotaError(ApiError):
    """The day's or the minute's quota of an API is used up."""

    reason = Reason.QUOTA


class TokenError(FetchError):
    """A token could not be had."""

    reason = Reason.TOKEN

    def __init__(self, text: str, *, cause: FetchError | None = None) -> None:
        super().__init__(text)
        self.cause = None if cause is None else cause.to_keep()
        """What the API that was asked for a token did; None if none was asked."""
        self.timed_out = cause is not None and cause.timed_out


class NotAuthorizedError(TokenError):
    """The mini program has not authorized the platform that its token comes from."""


class NoSecretError(TokenError):
    """What proves to a token source that the app may have a token can't be read."""


class TransportError(FetchError):
    """A call got no whole HTTP answer with a status below 300."""


class CallTimeoutError(TransportError):
    """No whole answer came in time."""

    reason = Reason.TIMEOUT
    timed_out = True


class BrokenConnectionError(TransportError):
    """There was no connection, or it broke."""

    reason = Reason.CONNECTION
    timed_out = True


class TlsError(TransportError):
    """TLS failed, the peer's certificate above all."""

    reason = Reason.TLS


class HttpError(TransportError):
    """The status was 300 or more, or the answer no HTTP."""

    reason = Reason.HTTP


class DecodeError(FetchError):
    """The answer is malformed."""

    reason = Reason.DECODE


class DeadlineError(FetchError):
    """The scrape's time was over before the answer was there."""

    reason = Reason.DEADLINE
    timed_out = True
