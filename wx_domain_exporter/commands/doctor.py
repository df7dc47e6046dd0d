"""`--doctor`: every app step by step, with what is wrong and what to do, in one line an app."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wx_domain_exporter.apps.diagnosis import EFFECTIVE_WITHHELD, Diagnosis, Step, diagnose
from wx_domain_exporter.apps.extras import Findings
from wx_domain_exporter.apps.watch import Outcome, Watch
from wx_domain_exporter.commands.fetch_all import PATIENCE, fetch_all
from wx_domain_exporter.config.yaml_tree import one_line
from wx_domain_exporter.deadline import Deadline, SharedDeadline
from wx_domain_exporter.errcodes.types import Text
from wx_domain_exporter.fetch.flights import Batch
from wx_domain_exporter.lists.domains import DomainList
from wx_domain_exporter.platforms.discovery import Discovery
from wx_domain_exporter.service import Service
from wx_domain_exporter.wechat.apis import GETWXADEVINFO, QUOTA_GET
from wx_domain_exporter.wechat.errors import FetchError
from wx_domain_exporter.wechat.quota import Quota, read_quota
from wx_domain_exporter.wechat.responses import AnswerParser

if TYPE_CHECKING:
    from concurrent.futures import Future

Say = Callable[[Text], str]
"""Chooses the language."""

_GOOD = Text("ok  ", "正常")
_BAD = Text("FAIL", "异常")
_NO_APP = Text(
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


def examine(service: Service, *, chinese: bool) -> Generator[Line, None, None]:
    """Check the platforms, the app files and every app, and tell what was found."""
    say: Say = (lambda text: text.zh) if chinese else (lambda text: text.en)
    service.discover()
    for discovery in service.discoveries:
        yield _of_platform(discovery, say)
    for sentence in service.app_file_errors:
        yield Line(good=False, text=f"{say(_BAD)} {sentence}")
    if not service.fleet.watches:
        yield Line(good=False, text=f"{say(_BAD)} {say(_NO_APP)}")
    batch = fetch_all(service)
    quotas = _quotas(service, batch)
    for watch, outcome, findings, quota in zip(
        batch.watches, batch.outcomes, batch.findings, quotas, strict=True
    ):
        yield _of_app(watch, outcome, findings, quota, say)


def summary(lines: list[Line], *, chinese: bool) -> str:
    """Return what stands below the report."""
    bad = sum(not line.good for line in lines)
    if chinese:
        return f"{len(lines)} 项中 {bad} 项有问题" if bad else f"{len(lines)} 项全部正常"
    return f"{bad} of {len(lines)} need attention" if bad else f"all {len(lines)} are well"


def _quotas(service: Service, batch: Batch) -> Iterator[Quota | FetchError | None]:
    """Yield each app's quota, while the next ones are asked for already."""
    running: deque[Future[Quota | FetchError | None]] = deque()
    for watch, outcome in zip(batch.watches, batch.outcomes, strict=True):
        running.append(service.tasks.submit(_quota_of, watch, outcome))
        if len(running) == _QUOTAS_AT_ONCE:
            yield running.popleft().result()
    for future in running:
        yield future.result()


def _quota_of(watch: Watch, outcome: Outcome) -> Quota | FetchError | None:
    """Return the day's quota, which is worth a look also where it is used up; None without a token."""
    if not outcome.has_token:
        return None
    known = watch.extras.known().quota
    if known is not None:  # `collect.quota` had it asked
        return known
    deadline, parser = SharedDeadline(Deadline.after(PATIENCE)), AnswerParser(read_quota)
    try:
        return watch.wechat.call_once(QUOTA_GET, {"cgi_path": GETWXADEVINFO.path}, deadline, parser, {})
    except FetchError as error:
        return error


def _of_platform(discovery: Discovery, say: Say) -> Line:
    platform = discovery.platform
    name = f"platform {platform.name} {platform.component_appid}"
    if discovery.failure is not None:
        return _bad(name, diagnose(discovery.failure, platform.component_appid), say)
    found = len(discovery.apps)
    return _good(name, Text(_counted(found, "mini program"), f"{found} 个小程序"), say)


def _of_app(
    watch: Watch, outcome: Outcome, findings: Findings, quota: Quota | FetchError | None, say: Say
) -> Line:
    app, source = watch.app, watch.source
    name = app.appid if app.name == app.appid else f"{app.appid} {app.name}"
    if outcome.error is not None:
        return _bad(name, diagnose(outcome.error, app.appid, source.component_appid), say)
    told = [step.value for step in (Step.SECRET, Step.TOKEN, Step.IP_LIST, Step.PERMISSION)]
    told += [_told_answer(outcome.categories or {}), _told_quota(quota)]
    line = _good(name, Text(", ".join(one.en for one in told), "、".join(one.zh for one in told)), say)
    return Line(line.good, f"{line.text} → {say(EFFECTIVE_WITHHELD)}") if findings.withheld else line


def _told_answer(categories: Mapping[str, DomainList]) -> Text:
    domains = sum(listed.count for listed in categories.values())
    return Text(
        f"{Step.ANSWER.value.en} ({_counted(domains, 'domain')} in {len(categories)} categories)",
        f"{Step.ANSWER.value.zh}（{len(categories)} 个类别共 {domains} 个域名）",
    )


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _told_quota(quota: Quota | FetchError | None) -> Text:
    if isinstance(quota, Quota):
        return Text(
            f"{Step.QUOTA.value.en} ({quota.used} of {quota.limit} calls used today)",
            f"{Step.QUOTA.value.zh}（今日已用 {quota.used} / {quota.limit} 次）",
        )
    return Text(
        f"{Step.QUOTA.value.en} unknown ({quota})" if quota else f"{Step.QUOTA.value.en} unknown",
        f"{Step.QUOTA.value.zh}未知（{quota}）" if quota else f"{Step.QUOTA.value.zh}未知",
    )


def _good(name: str, told: Text, say: Say) -> Line:
    return Line(good=True, text=f"{say(_GOOD)} {one_line(name)}: {say(told)}")


def _bad(name: str, diagnosis: Diagnosis, say: Say) -> Line:
    step, what, remedy = say(diagnosis.step.value), say(diagnosis.what), say(diagnosis.remedy)
    return Line(good=False, text=f"{say(_BAD)} {one_line(name)}: {step}: {what} → {remedy}")
