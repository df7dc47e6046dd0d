"""The mini programs that fail for one cause, as the overview shows them. Pure."""

from dataclasses import dataclass

from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.diagnosis.causes import Cause
from wx_domain_exporter.diagnosis.diagnose import diagnose
from wx_domain_exporter.errcodes.types import BilingualText
from wx_domain_exporter.wechat.errors import FetchError


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
    diagnosis = diagnose(error, app.settings.appid, app.source.component_appid)
    has_errcode = diagnosis.api_error is not None
    return CauseGroup(
        cause,
        apps,
        problem=diagnosis.shared_problem if has_errcode else None,
        example="" if has_errcode else diagnosis.message,
        remedy=diagnosis.remedy if apps == 1 else diagnosis.shared_remedy,
    )
