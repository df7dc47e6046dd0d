"""Why mini programs fail, as the pages name it, and the mini programs that fail for one cause. Pure."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.diagnosis.diagnose import api_error_of, diagnose
from wx_domain_exporter.errcodes.lookup import look_up
from wx_domain_exporter.errcodes.types import BilingualText
from wx_domain_exporter.wechat.errors import (
    FetchError,
    NoSecretError,
    NotAuthorizedError,
    Reason,
    TokenError,
)

_EACH = BilingualText("each of these mini programs", "每个小程序")
_SECRET, _AUTHORIZATION = "secret", "authorization"
_TOKEN_DETAILS = frozenset({*Reason, _SECRET, _AUTHORIZATION})
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
        """Return the name of the cause on the pages, such as `stable_token 40164` or `timeout`."""
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
    return _cause(error.reason, "", "" if cause is error else cause.reason)


def is_cause(word: str) -> bool:
    """Whether a value of `state` could be that of a cause, even if no mini program fails for it now."""
    first, _, detail = word.partition(" ")
    of_token = first == Reason.TOKEN and detail in _TOKEN_DETAILS
    return word in tuple(Reason) or of_token or _ERRCODE.fullmatch(word) is not None


@dataclass(frozen=True, slots=True)
class CauseGroup:
    """The mini programs that fail for one cause.

    Attributes:
        cause: the cause.
        apps: how many they are.
        problem: what the errcode means; None without an errcode.
        example: the error message of one of them; empty with an errcode.
        remedy: what a person should do.
    """

    cause: Cause
    apps: int
    problem: BilingualText | None
    example: str
    remedy: BilingualText


def cause_group(app: MonitoredApp, error: FetchError, cause: Cause, apps: int) -> CauseGroup:
    """Return the group of the mini programs that fail for one cause.

    Args:
        app: one of them.
        error: why it fails.
        cause: the cause of that error.
        apps: how many they are.
    """
    appid, component_appid = app.settings.appid, app.source.component_appid
    english = diagnose(error, appid if apps == 1 else _EACH.en, component_appid)
    chinese = diagnose(error, appid if apps == 1 else _EACH.zh, component_appid)
    answer = english.api_error
    return CauseGroup(
        cause,
        apps,
        problem=None if answer is None else look_up(answer.api, answer.errcode).meaning,
        example=english.message if answer is None else "",
        remedy=BilingualText(english.remedy.en, chinese.remedy.zh),
    )


@lru_cache(256)
def _cause(reason: Reason, api: str, detail: object) -> Cause:
    """Return the same object for the same cause, because very many mini programs can have the same one."""
    return Cause(reason, api, str(detail))
