"""`--doctor`: checks all platforms and apps, and prints for each what is wrong and what to do."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.apps.results import ExtraResult, FetchResult
from wx_domain_exporter.commands.fetch_all import FETCH_TIMEOUT, fetch_all
from wx_domain_exporter.commands.output import counted, print_result
from wx_domain_exporter.config.yaml_tree import one_line
from wx_domain_exporter.deadline import Deadline, SharedDeadline
from wx_domain_exporter.diagnosis.advice import EFFECTIVE_WITHHELD
from wx_domain_exporter.diagnosis.diagnose import Diagnosis, Step, diagnose
from wx_domain_exporter.domains.domain_list import DomainList
from wx_domain_exporter.errcodes.types import BilingualText
from wx_domain_exporter.platforms.discovery import PlatformDiscovery
from wx_domain_exporter.scheduler.jobs import ScrapeJobs
from wx_domain_exporter.service import Service
from wx_domain_exporter.wechat.apis import GETWXADEVINFO, QUOTA_GET
from wx_domain_exporter.wechat.errors import FetchError
from wx_domain_exporter.wechat.quota import Quota, read_quota
from wx_domain_exporter.wechat.responses import JsonParser

if TYPE_CHECKING:
    from concurrent.futures import Future

Translate = Callable[[BilingualText], str]
"""Returns a text in the language of the report."""

_OK = BilingualText("ok  ", "正常")
_FAILED = BilingualText("FAIL", "异常")
_NO_APP = BilingualText(
    "no mini program is monitored → List at least one under apps, check that a pattern of app_files "
    "matches a file, or turn on discovery for a platform.",
    "没有任何被监控的小程序 → 请在 apps 中列出，或检查 app_files 能否匹配到文件，"
    "或开启 platform 的 discover。",
)
_MAX_QUOTA_CALLS = 8
"""Quotas asked for at a time."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the report: the result of one check.

    Attributes:
        ok: whether nothing is wrong.
        text: the line as it is printed.
    """

    ok: bool
    text: str


def run_doctor(service: Service) -> int:
    """Print the report line by line, then a summary; return the exit status: 0 if nothing is wrong."""
    chinese = prefers_chinese_locale()
    lines = []
    with closing(check_all(service, chinese=chinese)) as report:
        for line in report:
            lines.append(line)
            if print_result(f"{line.text}\n"):
                return 1
    failed = print_result(f"{summary(lines, chinese=chinese)}\n")
    return failed or (0 if all(line.ok for line in lines) else 1)


def prefers_chinese_locale(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the locale that the environment variables set is a Chinese one."""
    locales = (environment.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return next(filter(None, locales), "").lower().startswith("zh")


def check_all(service: Service, *, chinese: bool) -> Generator[Line, None, None]:
    """Check the platforms, the app files and all apps; yield each result as soon as it is known."""
    translate: Translate = (lambda text: text.zh) if chinese else (lambda text: text.en)
    service.discover()
    for discovery in service.discoveries:
        yield _check_platform(discovery, translate)
        for appid, failure in discovery.failed_accounts.items():
            diagnosis = diagnose(failure, discovery.platform.component_appid)
            yield _failed(f"platform {discovery.platform.name} {appid}", diagnosis, translate)
    for error in service.app_file_errors:
        yield Line(ok=False, text=f"{translate(_FAILED)} {error}")
    if not service.fleet.apps:
        yield Line(ok=False, text=f"{translate(_FAILED)} {translate(_NO_APP)}")
    jobs = fetch_all(service)
    quotas = _quotas(service, jobs)
    for app, result, extra_result, quota in zip(
        jobs.apps, jobs.results, jobs.extra_results, quotas, strict=True
    ):
        yield _check_app(app, result, extra_result, quota, translate)


def summary(lines: list[Line], *, chinese: bool) -> str:
    """Return the last line of the report."""
    failed = sum(not line.ok for line in lines)
    if chinese:
        return f"{len(lines)} 项中 {failed} 项有问题" if failed else f"{len(lines)} 项全部正常"
    checks = counted(len(lines), "check")
    return f"{failed} of {checks} failed" if failed else f"{checks} passed"


def _quotas(service: Service, jobs: ScrapeJobs) -> Iterator[Quota | FetchError | None]:
    """Yield each app's quota, while the quotas of the next apps are asked for already."""
    running: deque[Future[Quota | FetchError | None]] = deque()
    for app, result in zip(jobs.apps, jobs.results, strict=True):
        running.append(service.tasks.submit(_quota_of, app, result))
        if len(running) == _MAX_QUOTA_CALLS:
            yield running.popleft().result()
    for future in running:
        yield future.result()


def _quota_of(app: MonitoredApp, result: FetchResult) -> Quota | FetchError | None:
    """Return the day's quota, also where it is used up; None without a token."""
    if not result.has_token:
        return None
    known = app.extra_calls.known().quota
    if known is not None:  # `collect.quota` has asked for it already
        return known
    deadline, parser = SharedDeadline(Deadline.after(FETCH_TIMEOUT)), JsonParser(read_quota)
    try:
        return app.wechat.call_with_current_token(
            QUOTA_GET, {"cgi_path": GETWXADEVINFO.path}, deadline, parser, {}
        )
    except FetchError as error:
        return error


def _check_platform(discovery: PlatformDiscovery, translate: Translate) -> Line:
    platform = discovery.platform
    name = f"platform {platform.name} {platform.component_appid}"
    if discovery.failure is not None:
        return _failed(name, diagnose(discovery.failure, platform.component_appid), translate)
    apps = len(discovery.apps)
    return _passed(
        name, translate(BilingualText(counted(apps, "mini program"), f"{apps} 个小程序")), translate
    )


def _check_app(
    app: MonitoredApp,
    result: FetchResult,
    extra_result: ExtraResult,
    quota: Quota | FetchError | None,
    translate: Translate,
) -> Line:
    settings = app.settings
    name = settings.appid if settings.name == settings.appid else f"{settings.appid} {settings.name}"
    if result.error is not None:
        return _failed(name, diagnose(result.error, settings.appid, app.source.component_appid), translate)
    steps = [step.value for step in (Step.SECRET, Step.TOKEN, Step.IP_LIST, Step.PERMISSION)]
    steps += [_answer_text(result.categories or {}), _quota_text(quota)]
    text = translate(
        BilingualText(", ".join(step.en for step in steps), "、".join(step.zh for step in steps))
    )
    if extra_result.withheld:
        text += f" → {translate(EFFECTIVE_WITHHELD)}"
    return _passed(name, text, translate)


def _answer_text(categories: Mapping[str, DomainList]) -> BilingualText:
    domains = sum(listed.count for listed in categories.values())
    number = counted(len(categories), "category", "categories")
    return BilingualText(
        f"{Step.ANSWER.value.en} ({counted(domains, 'domain')} in {number})",
        f"{Step.ANSWER.value.zh}（{len(categories)} 个类别共 {domains} 个域名）",
    )


def _quota_text(quota: Quota | FetchError | None) -> BilingualText:
    if isinstance(quota, Quota):
        return BilingualText(
            f"{Step.QUOTA.value.en} ({quota.used} of {quota.limit} calls used today)",
            f"{Step.QUOTA.value.zh}（今日已用 {quota.used} / {quota.limit} 次）",
        )
    return BilingualText(
        f"{Step.QUOTA.value.en} unknown ({quota})" if quota else f"{Step.QUOTA.value.en} unknown",
        f"{Step.QUOTA.value.zh}未知（{quota}）" if quota else f"{Step.QUOTA.value.zh}未知",
    )


def _passed(name: str, text: str, translate: Translate) -> Line:
    return Line(ok=True, text=f"{translate(_OK)} {one_line(name)}: {text}")


def _failed(name: str, diagnosis: Diagnosis, translate: Translate) -> Line:
    step, problem = translate(diagnosis.step.value), translate(diagnosis.problem)
    text = f"{one_line(name)}: {step}: {problem} → {translate(diagnosis.remedy)}"
    return Line(ok=False, text=f"{translate(_FAILED)} {text}")
