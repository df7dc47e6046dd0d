"""The mini programs that fail for one cause, as the overview shows them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.diagnosis.causes import Cause
from wx_domain_exporter.diagnosis.diagnose import diagnose
from wx_domain_exporter.errcodes.types import BilingualText
from wx_domain_exporter.wechat.errors import FetchError

_MAX_REMEDIES = 5


@dataclass(frozen=True, slots=True)
class Remedy:
    """What a person should do about mini programs that fail for one cause.

    Attributes:
        example: the name of one of them; empty if all that fail for the cause have this remedy.
        text: what to do.
    """

    example: str
    text: BilingualText


@dataclass(frozen=True, slots=True)
class CauseGroup:
    """The mini programs that fail for one cause.

    Attributes:
        cause: the cause.
        apps: how many they are.
        problem: what is wrong; None if it names one of several token services.
        example: the error message of one of them; empty with an errcode.
        remedies: what a person should do; several if it depends on where the tokens come from.
    """

    cause: Cause
    apps: int
    problem: BilingualText | None
    example: str
    remedies: Sequence[Remedy]


def cause_group(failures: Sequence[tuple[MonitoredApp, FetchError]], cause: Cause, apps: int) -> CauseGroup:
    """Return the group of the mini programs that fail for one cause.

    Args:
        failures: one of them for each origin of a token, with why it fails; at least one.
        cause: the cause.
        apps: how many they are.
    """
    diagnoses = [
        (app.settings.name, diagnose(error, app.settings.appid, app.source.component_appid))
        for app, error in failures[:_MAX_REMEDIES]
    ]
    first = diagnoses[0][1]
    has_errcode = first.api_error is not None
    names = {found.shared_remedy: name for name, found in reversed(diagnoses)}
    remedies = [Remedy(name if len(names) > 1 else "", text) for text, name in reversed(names.items())]
    return CauseGroup(
        cause,
        apps,
        problem=first.shared_problem if has_errcode or len(names) == 1 else None,
        example="" if has_errcode else first.message,
        remedies=[Remedy("", first.remedy)] if apps == 1 else remedies,
    )
