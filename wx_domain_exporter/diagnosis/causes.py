"""Why mini programs fail, in words that are short enough to count and to search for. Pure, and cheap."""

import re
from functools import lru_cache
from typing import NamedTuple

from wx_domain_exporter.wechat.errors import (
    ApiError,
    FetchError,
    NoSecretError,
    NotAuthorizedError,
    NotDiscoveredError,
    Reason,
    TokenError,
    TokenOrigin,
)

_SECRET, _AUTHORIZATION, _DISCOVERY = "secret", "authorization", "discovery"
_TOKEN_DETAILS = frozenset({*Reason, _SECRET, _AUTHORIZATION, _DISCOVERY})
_ERRCODE = re.compile(r"(?:[a-z_]{1,40} )?-?[0-9]{1,10}", re.ASCII)


class Cause(NamedTuple):
    """Why a mini program fails; the same cause has the same remedy.

    Attributes:
        reason: the value of the metric label `reason`.
        api: the API that answered with an errcode; empty if none did.
        detail: the errcode; without one, what was wrong with the token.
    """

    reason: Reason
    api: str
    detail: str

    @property
    def code(self) -> str:
        """Return the name of the cause for people, such as `stable_token 40164` or `timeout`."""
        return f"{self.api or self.reason} {self.detail}".rstrip()

    def has(self, word: str) -> bool:
        """Whether a value of `state` selects the cause: its code, its reason or its errcode."""
        return word in {self.code, self.reason, self.detail if self.api else self.code}


def cause_of(error: FetchError) -> Cause:
    """Return the cause of a failure."""
    answer = api_error_of(error)
    if answer is not None:
        return _cause(error.reason, answer.api, answer.errcode)
    cause = error.cause if isinstance(error, TokenError) and error.cause is not None else error
    if isinstance(cause, NoSecretError):
        return _cause(error.reason, "", _SECRET)
    if isinstance(cause, NotAuthorizedError):
        return _cause(error.reason, "", _AUTHORIZATION)
    if isinstance(cause, NotDiscoveredError):
        return _cause(error.reason, "", _DISCOVERY)
    return _cause(error.reason, "", "" if cause is error else cause.reason)


def is_cause(word: str) -> bool:
    """Whether a value of `state` could be that of a cause, even if no mini program fails for it now."""
    first, _, detail = word.partition(" ")
    of_token = first == Reason.TOKEN and detail in _TOKEN_DETAILS
    return word in tuple(Reason) or of_token or _ERRCODE.fullmatch(word) is not None


def api_error_of(error: FetchError | None) -> ApiError | None:
    """Return the answer with an errcode that caused a failure; None if there was none."""
    cause = error.cause if isinstance(error, TokenError) else error
    return cause if isinstance(cause, ApiError) else None


def origin_of(error: FetchError) -> TokenOrigin | None:
    """Return the token source that caused a failure; None if none did."""
    return error.origin if isinstance(error, TokenError) else None


@lru_cache(256)
def _cause(reason: Reason, api: str, detail: object) -> Cause:
    """Return the same object for the same cause, because very many mini programs can have the same one."""
    return Cause(reason, api, str(detail))
