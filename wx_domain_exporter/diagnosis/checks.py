"""The result of one check in words: of an app, a platform, or an app file."""

import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.apps.results import ExtraResult, FetchResult
from wx_domain_exporter.config.yaml_tree import one_line
from wx_domain_exporter.diagnosis.advice import EFFECTIVE_WITHHELD, RESTRICTED_ACCOUNTS
from wx_domain_exporter.diagnosis.diagnose import Diagnosis, Step, diagnose
from wx_domain_exporter.diagnosis.wording import counted, excerpt
from wx_domain_exporter.domains.baseline import Drift
from wx_domain_exporter.domains.domain_list import DomainList
from wx_domain_exporter.errcodes.types import BilingualText
from wx_domain_exporter.platforms.discovery import LeftOut, PlatformDiscovery
from wx_domain_exporter.wechat.account_status import AccountStatus
from wx_domain_exporter.wechat.errors import FetchError
from wx_domain_exporter.wechat.quota import Quota

_MAX_DOMAINS = 5
"""Domains of one kind and category that a text names."""


class State(enum.Enum):
    """What a check found."""

    OK = BilingualText("ok", "正常")
    DRIFT = BilingualText("DRIFT", "偏差")
    FAILED = BilingualText("FAIL", "异常")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in one or several checks; equal where one remedy helps.

    Attributes:
        code: a short name, such as `stable_token 40164`.
        meaning: what is wrong, without the details of one app.
        remedy: what a person should do about all of them.
    """

    code: str
    meaning: BilingualText
    remedy: BilingualText


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check.

    Attributes:
        subject: what was checked, such as the appid and the name of an app; empty if `text` says it.
        state: what was found.
        text: the steps that succeeded, or what is wrong.
        remedy: what a person should do about it; None if nothing has to be done.
        problem: what it has in common with other checks; None if nothing is wrong.
        message: WeChat's own words about a failure, redacted; empty if there are none.
    """

    subject: str
    state: State
    text: BilingualText
    remedy: BilingualText | None = None
    problem: Problem | None = None
    message: str = ""


NO_APP = Problem(
    "no app",
    BilingualText("No mini program is monitored.", "没有任何被监控的小程序。"),
    BilingualText(
        "List at least one under apps, check that a pattern of app_files matches a file, or turn on "
        "discovery for a platform. If a platform is discovered, its line says which accounts are left out.",
        "请在 apps 中列出至少一个小程序，或检查 app_files 能否匹配到文件，或开启 platform 的 discover。"
        "若平台已完成发现，请在其一行查看哪些账号未被监控。",
    ),
)
BROKEN_APP_FILE = Problem(
    "app file",
    BilingualText("An app file is not valid.", "小程序列表文件有误。"),
    BilingualText(
        "Correct the file; it is read again by itself. A running exporter keeps its last valid content, but "
        "one that starts now does not monitor its apps.",
        "请修正该文件，修正后会自动重新读取。运行中的 exporter 仍使用其最后一次正确的内容，"
        "而重新启动的 exporter 不会监控其中的小程序。",
    ),
)
_DRIFT = Problem(
    "drift",
    BilingualText("The configured domains differ from the baseline.", "已配置的域名与基线不符。"),
    BilingualText(
        "If the change was intended, correct the baseline in the exporter's configuration. Otherwise correct "
        "the domains where they were changed: 「服务器域名」 or 「业务域名」 under "
        "「管理 → 开发管理 → 开发设置」 at mp.weixin.qq.com, or in the platform's own service.",
        "若变更符合预期，请更新 exporter 配置中的基线；否则请在变更处改正：mp.weixin.qq.com "
        "的“管理 → 开发管理 → 开发设置”中的服务器域名或业务域名，或第三方平台自有服务。",
    ),
)


def check_of_app(
    app: MonitoredApp,
    result: FetchResult,
    extra_result: ExtraResult,
    quota: Quota | FetchError | None,
    status: AccountStatus | None = None,
) -> Check:
    """Describe the steps of a fetch.

    Args:
        app: the app.
        result: the result of the fetch.
        extra_result: the result of the extra calls.
        quota: the quota of the day, or why it is unknown; None if it was not asked for.
        status: the status of the app's account; None if it is not known.
    """
    settings, subject = app.settings, subject_of(app)
    if result.error is not None:
        diagnosis = diagnose(result.error, settings.appid, app.source.component_appid)
        return failed(subject, diagnosis, status)
    lists = result.categories or {}
    drifts = {category: drift for category, drift in app.drifts(lists).items() if not drift.matches}
    if drifts:
        return Check(subject, State.DRIFT, _drift_text(drifts), _DRIFT.remedy, _DRIFT)
    steps = [step.value for step in (Step.SECRET, Step.TOKEN, Step.IP_LIST, Step.PERMISSION)]
    steps += [_answer_text(lists), _quota_text(quota)]
    text = BilingualText(", ".join(step.en for step in steps), "、".join(step.zh for step in steps))
    return Check(subject, State.OK, text, EFFECTIVE_WITHHELD if extra_result.withheld else None)


def subject_of(app: MonitoredApp) -> str:
    """Return the appid and the name of an app."""
    appid, name = app.settings.appid, app.settings.name
    return appid if name == appid else one_line(f"{appid} {name}")


def checks_of_platform(discovery: PlatformDiscovery) -> Iterator[Check]:
    """Describe the discovery of a platform, and each account that could not be looked up."""
    platform = discovery.platform
    subject = f"platform {platform.name} {platform.component_appid}"
    if discovery.failure is not None:
        yield failed(subject, diagnose(discovery.failure, platform.component_appid))
    else:
        apps = len(discovery.apps)
        left_out = why_left_out(discovery.left_out)
        found = BilingualText(counted(apps, "mini program"), f"{apps} 个小程序")
        if left_out is not None:
            found = BilingualText(
                f"{found.en}; left out: {left_out.en}", f"{found.zh}；未监控的账号：{left_out.zh}"
            )
        yield Check(subject, State.OK, found)
    for appid, failure in discovery.failed_accounts.items():
        yield failed(f"platform {platform.name} {appid}", diagnose(failure, platform.component_appid))


def why_left_out(left_out: LeftOut) -> BilingualText | None:
    """Return why how many accounts of a platform are not monitored; None if all are."""
    others, filtered, unknown = left_out.not_mini_programs, left_out.filtered, left_out.unknown
    like = counted(others, "official account or the like", "official accounts or the like")
    reasons = [
        BilingualText(en, zh)
        for number, en, zh in (
            (others, like, f"{others} 个公众号等非小程序账号"),
            (filtered, f"{filtered} by include and exclude", f"{filtered} 个被 include 和 exclude 排除"),
            (unknown, f"{unknown} that could not be looked up", f"{unknown} 个无法查询"),
        )
        if number
    ]
    if not reasons:
        return None
    return BilingualText(
        ", ".join(reason.en for reason in reasons), "、".join(reason.zh for reason in reasons)
    )


def failed(subject: str, diagnosis: Diagnosis, status: AccountStatus | None = None) -> Check:
    """Describe a failure; with a restricted account, it is another problem with another remedy."""
    step, what = diagnosis.step.value, diagnosis.problem
    text = BilingualText(f"{step.en}: {what.en}", f"{step.zh}：{what.zh}")
    message = "" if diagnosis.api_error is None else str(diagnosis.api_error)
    problem = Problem(diagnosis.cause.code, diagnosis.shared_problem, diagnosis.shared_remedy)
    restricted = None if status is None else RESTRICTED_ACCOUNTS.get(status)
    if restricted is None:
        return Check(subject, State.FAILED, text, diagnosis.remedy, problem, message)
    problem = Problem(f"{problem.code}, {status}", problem.meaning, restricted)
    return Check(subject, State.FAILED, text, restricted, problem, message)


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


def _drift_text(drifts: Mapping[str, Drift]) -> BilingualText:
    parts = [part for category, drift in sorted(drifts.items()) for part in _drift_parts(category, drift)]
    return BilingualText(
        f"differs from its baseline: {'; '.join(part.en for part in parts)}",
        f"与基线不符：{'；'.join(part.zh for part in parts)}",
    )


def _drift_parts(category: str, drift: Drift) -> Iterator[BilingualText]:
    kinds: tuple[tuple[Sequence[str], str, str], ...] = (
        (drift.missing, "lacks", "缺少"),
        (drift.unexpected, "unexpectedly has", "多出"),
    )
    for domains, en, zh in kinds:
        if domains:
            listed = excerpt([one_line(domain) for domain in domains], _MAX_DOMAINS)
            yield BilingualText(f"{category} {en} {listed.en}", f"{category} {zh} {listed.zh}")
