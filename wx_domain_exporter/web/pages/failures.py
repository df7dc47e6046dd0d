"""What a failing mini program, or platform, shows: reason, errcode, what is wrong, the remedy. Pure."""

from dataclasses import dataclass

from wx_domain_exporter.diagnosis.diagnose import diagnose
from wx_domain_exporter.errcodes.types import BilingualText
from wx_domain_exporter.wechat.errors import ApiError, FetchError, TokenError


@dataclass(frozen=True, slots=True)
class Failure:
    """Why something fails, for a person.

    Attributes:
        reason: as in the label `reason`.
        api: which API answered with an errcode; empty if none did.
        errcode: what it answered; 0 if none did.
        step: how far the exporter came.
        what: what is wrong.
        remedy: what a person should do.
        told: the log's words, with WeChat's own; they are redacted.
    """

    reason: str
    api: str
    errcode: int
    step: BilingualText
    what: BilingualText
    remedy: BilingualText
    told: str


def failure_of(error: FetchError, appid: str, component_appid: str | None = None) -> Failure:
    """Explain a failure; the arguments are those of `diagnose`."""
    found = diagnose(error, appid, component_appid)
    cause = api_error(error)
    api, errcode = ("", 0) if cause is None else (cause.api, cause.errcode)
    return Failure(error.reason, api, errcode, found.step.value, found.problem, found.remedy, str(error))


def api_error(error: FetchError | None) -> ApiError | None:
    """Return the errcode that is behind a failure, if one is."""
    cause = error.cause if isinstance(error, TokenError) else error
    return cause if isinstance(cause, ApiError) else None
