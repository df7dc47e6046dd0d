"""`--doctor`: every app step by step, with what is wrong and what to do, in one line an app."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.apps.results import ExtraResult, FetchResult
from wx_domain_exporter.commands.fetch_all import PATIENCE, fetch_all
from wx_domain_exporter.config.yaml_tree import one_line
from wx_domain_exporter.deadline import Deadline, SharedDeadline
from wx_domain_exporter.diagnosis.diagnose import EFFECTIVE_WITHHELD, Diagnosis, Step, diagnose
from wx_domain_exporter.domains.domain_list import DomainList
from wx_domain_exporter.errcodes.types import BilingualText
from wx_domain_exporter.platforms.discovery import PlatformDiscovery
from wx_domain_exporter.scheduler.jobs import ScrapeJobs
from wx_domain_exporter.service import Service
from wx_domain_exporter.wechat.apis import GETWXADEVINFO, QUOTA_GET
from wx_domain_exporter.wechat.errors import FetchError
from wx_domain_exporter.wechat.quota import Quota, read_quota
from wx_domain_exporter.wechat.responses import AnswerParser

if TYPE_CHECKING:
    from concurrent.futures import Future

Say = Callable[[BilingualText], str]
"""Chooses the language."""

_GOOD = BilingualText("ok  ", "正常")
_BAD = BilingualText("FAIL", "异常")
_NO_APP = BilingualText(
    "no mini program is watched → List one under apps, see that a pattern of app_files finds a file, or "
    "let a platform discover.",
    "没有任何被监控的小程序 → 请在 apps 中列出，或检查 app_files 能否匹配到文件，"
    "或开启 platform 的 discover。",
)
_QUOTAS_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the report.

    Attributes:
        good: whether nothing is wrong.
        text: as a person reads it.
    """

    good: bool
    text: str


def speaks_chinese(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the locale of the environment is a Chinese one."""
    names = (environment.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return next(filter(None, names), "").lower().startswith("zh")


def run_doctor(service: Service, *, chinese: bool) -> Generator[Line, None, None]:
    """Check the platforms, the app files and every app, and tell what was found."""
    say: Say = (lambda text: text.zh) if chinese else (lambda text: text.en)
    service.discover()
    for discovery in service.discoveries:
        yield _of_platform(discovery, say)
    for sentence in service.app_file_errors:
        yield Line(good=False, text=f"{say(_BAD)} {sentence}")
    if not service.fleet.apps:
        yield Line(good=False, text=f"{say(_BAD)} {say(_NO_APP)}")
    batch = fetch_all(service)
    quotas = _quotas(service, batch)
    for app, result, extra_result, quota in zip(
        batch.apps, batch.results, batch.extra_results, quotas, strict=True
    ):
        yield _of_app(app, result, extra_result, quota, say)


def summary(lines: list[Line], *, chinese: bool) -> str:
    """Return what stands below the report."""
    bad = sum(not line.good for line in lines)
    if chinese:
        return f"{len(lines)} 项中 {bad} 项有问题" if bad else f"{len(lines)} 项全部正常"
    return f"{bad} of {len(lines)} need attention" if bad else f"all {len(lines)} are well"


def _quotas(service: Service, batch: ScrapeJobs) -> Iterator[Quota | FetchError | None]:
    """Yield each app's quota, while the next ones are asked for already."""
    running: deque[Future[Quota | FetchError | None]] = deque()
    for app, result in zip(batch.apps, batch.results, strict=True):
        running.append(service.tasks.submit(_quota_of, app, result))
        if len(running) == _QUOTAS_AT_ONCE:
            yield running.popleft().result()
    for future in running:
        yield future.result()


def _quota_of(app: MonitoredApp, result: FetchResult) -> Quota | FetchError | None:
    """Return the day's quota, which is worth a look also where it is used up; None without a token."""
    if not result.has_token:
        return None
    known = app.extra_calls.known().quota
    if known is not None:  # `collect.quota` had it asked
        return known
    deadline, parser = SharedDeadline(Deadline.after(PATIENCE)), AnswerParser(read_quota)
    try:
        return app.wechat.call_once(QUOTA_GET, {"cgi_path": GETWXADEVINFO.path}, deadline, parser, {})
    except FetchError as error:
        return error


def _of_platform(discovery: PlatformDiscovery, say: Say) -> Line:
    platform = discovery.platform
    name = f"platform {platform.name} {platform.component_appid}"
    if discovery.failure is not None:
        return _bad(name, diagnose(discovery.failure, platform.component_appid), say)
    found = len(discovery.apps)
    return _good(name, BilingualText(_counted(found, "mini program"), f"{found} 个小程序"), say)


def _of_app(
    app: MonitoredApp,
    result: FetchResult,
    extra_result: ExtraResult,
    quota: Quota | FetchError | None,
    say: Say,
) -> Line:
    settings, source = app.settings, app.source
    name = settings.appid if settings.name == settings.appid else f"{settings.appid} {settings.name}"
    if result.error is not None:
        return _bad(name, diagnose(result.error, settings.appid, source.component_appid), say)
    told = [step.value for step in (Step.SECRET, Step.TOKEN, Step.IP_LIST, Step.PERMISSION)]
    told += [_told_answer(result.categories or {}), _told_quota(quota)]
    line = _good(
        name, BilingualText(", ".join(one.en for one in told), "、".join(one.zh for one in told)), say
    )
    return Line(line.good, f"{line.text} → {say(EFFECTIVE_WITHHELD)}") if extra_result.withheld else line


def _told_answer(categories: Mapping[str, DomainList]) -> BilingualText:
    domains = sum(listed.count for listed in categories.values())
    return BilingualText(
        f"{Step.ANSWER.value.en} ({_counted(domains, 'domain')} in {len(categories)} categories)",
        f"{Step.ANSWER.value.zh}（{len(categories)} 个类别共 {domains} 个域名）",
    )


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _told_quota(quota: Quota | FetchError | None) -> BilingualText:
    if isinstance(quota, Quota):
        return BilingualText(
            f"{Step.QUOTA.value.en} ({quota.used} of {quota.limit} calls used today)",
            f"{Step.QUOTA.value.zh}（今日已用 {quota.used} / {quota.limit} 次）",
        )
    return BilingualText(
        f"{Step.QUOTA.value.en} unknown ({quota})" if quota else f"{Step.QUOTA.value.en} unknown",
        f"{Step.QUOTA.value.zh}未知（{quota}）" if quota else f"{Step.QUOTA.value.zh}未知",
    )


def _good(name: str, told: BilingualText, say: Say) -> Line:
    return Line(good=True, text=f"{say(_GOOD)} {one_line(name)}: {say(told)}")


def _bad(name: str, diagnosis: Diagnosis, say: Say) -> Line:
    step, what, remedy = say(diagnosis.step.value), say(diagnosis.problem), say(diagnosis.remedy)
    return Line(good=False, text=f"{say(_BAD)} {one_line(name)}: {step}: {what} → {remedy}")
