"""Errors of fetches: one type for each kind of failure, each with exactly one reason.

FetchError
├── ApiError                   api         the API answered with an errcode
│   └── QuotaError             quota       … with 45009 or 45011; not called for a while
├── TokenError                 token       there is no token
│   ├── NoSecretError          token       the secret can't be read
│   ├── NotAuthorizedError     token       the platform has no authorization
│   └── NotDiscoveredError     token       the platform's authorizations are not known yet
├── TransportError
│   ├── CallTimeoutError       timeout     no complete response in time
│   ├── BrokenConnectionError  connection  no connection, or it broke
│   ├── TlsError               tls         TLS failed, for instance the certificate
│   └── HttpError              http        status ≥ 300, or not HTTP
├── DecodeError                decode      the response is malformed
└── DeadlineError              deadline    the deadline of the scrape passed

The messages are safe to log: they contain no secrets, and texts of other programs only after redaction.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from wx_domain_exporter.wechat.redaction import redact


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


class SecretFlaw(enum.Enum):
    """Why a configured text cannot be an AppSecret, which is 32 hexadecimal digits."""

    QUOTES = "quotes"
    """It begins or ends with a quotation mark."""

    VARIABLE = "variable"
    """It is the name of a variable that nothing replaced, such as `$SHOP_APPSECRET`."""

    PLACEHOLDER = "placeholder"
    """It is the text of an example."""

    NOT_HEXADECIMAL = "not hexadecimal"
    """It has another length or other characters."""


@dataclass(frozen=True, slots=True)
class TokenOrigin:
    """Where a refused token, or none, came from; nothing secret.

    Attributes:
        type_name: the type of the token source in the configuration.
        name: its name under `tokens`, if it is a token service; empty if it has none.
        host: the host and port of the token service; empty for other sources.
        flaw: what is wrong with the AppSecret that was sent; None if nothing is, or none was sent.
    """

    type_name: str
    name: str = ""
    host: str = ""
    flaw: SecretFlaw | None = None


class FetchError(Exception):
    """An app could not be fetched."""

    reason: ClassVar[Reason]
    timed_out: bool = False
    """Whether the failure occupied a worker for long, so that the app is scheduled last next time."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.occurred_at: float | None = None
        """Unix time of the failure, for an error that is kept and raised again later."""

    def without_traceback(self) -> Self:
        """Return the error without its traceback, whose frames would keep responses and tokens in memory."""
        self.__context__ = self.__cause__ = None
        return self.with_traceback(None)


class ApiError(FetchError):
    """An API returned an errcode other than 0."""

    reason = Reason.API

    def __init__(self, api: str, errcode: int, errmsg: str, secrets: Sequence[str] = ()) -> None:
        """Create an error.

        Args:
            api: the name of the API.
            errcode: its errcode.
            errmsg: its explanation.
            secrets: what was sent to the API; masked in the errmsg.
        """
        super().__init__(f"{api} answered errcode {errcode}: {redact(errmsg, secrets) or '(no errmsg)'}")
        self.api = api
        self.errcode = errcode


class QuotaError(ApiError):
    """The daily quota or the quota per minute of an API is used up."""

    reason = Reason.QUOTA


class TokenError(FetchError):
    """There is no token."""

    reason = Reason.TOKEN

    def __init__(self, text: str, *, cause: FetchError | None = None) -> None:
        super().__init__(text)
        self.cause = None if cause is None else cause.without_traceback()
        """The failure of the API that issues tokens; None if none was called."""
        self.origin: TokenOrigin | None = None
        """The token source that failed; None if it was not called."""
        self.timed_out = cause is not None and cause.timed_out


class NotAuthorizedError(TokenError):
    """The mini program has not authorized the platform that its token comes from."""


class NotDiscoveredError(TokenError):
    """The platform that the mini program's token comes from has not been discovered yet."""


class NoSecretError(TokenError):
    """The secret with which a token is requested can't be read."""

    def __init__(self, text: str, chinese: str = "") -> None:
        """Create an error.

        Args:
            text: what is wrong.
            chinese: the same in Chinese, without the token source.
        """
        super().__init__(text)
        self.chinese = chinese


class TransportError(FetchError):
    """There was no complete HTTP response with a status below 300."""


class CallTimeoutError(TransportError):
    """The response was not complete in time."""

    reason = Reason.TIMEOUT
    timed_out = True


class BrokenConnectionError(TransportError):
    """The connection could not be opened, or broke."""

    reason = Reason.CONNECTION
    timed_out = True


class TlsError(TransportError):
    """The TLS handshake failed, for instance because of the certificate."""

    reason = Reason.TLS


class HttpError(TransportError):
    """The status was 300 or higher, or the response was not valid HTTP."""

    reason = Reason.HTTP


class DecodeError(FetchError):
    """The response is malformed."""

    reason = Reason.DECODE


class DeadlineError(FetchError):
    """The deadline of the scrape passed before the response was complete."""

    reason = Reason.DEADLINE
    timed_out = True
