"""The words of the doctor's report, in one language."""

from collections import Counter
from collections.abc import Collection, Sequence
from socket import AddressFamily

from wx_domain_exporter.commands.language import Language
from wx_domain_exporter.commands.terminal import coloured
from wx_domain_exporter.config.yaml_tree import one_line
from wx_domain_exporter.diagnosis.checks import Check, Problem, State
from wx_domain_exporter.diagnosis.wording import counted, excerpt
from wx_domain_exporter.errcodes.types import BilingualText
from wx_domain_exporter.progress import Progress

_FAMILIES = {AddressFamily.AF_INET: "IPv4", AddressFamily.AF_INET6: "IPv6"}
_MAX_SUBJECTS = 20
"""Names that are listed for one cause: all of them are in the lines before."""


class Report:
    """Counts the results, and says them in the language of the report."""

    def __init__(self, language: Language, *, colour: bool) -> None:
        self._chinese = language == "zh"
        self._colour = colour
        self._checks: dict[str, Check] = {}
        """By subject; a later result replaces an earlier one."""
        self._states = Counter[State]()

    def add(self, check: Check) -> str:
        """Count a result; return its line."""
        key = check.subject or check.text.en
        replaced = self._checks.get(key)
        if replaced is not None:
            self._states[replaced.state] -= 1
        self._checks[key] = check
        self._states[check.state] += 1
        return f"{self._line(check)}\n"

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong so far."""
        return self._states[State.OK] == len(self._checks)

    def progress(self, checked: Progress | None, discovered: Progress | None) -> str:
        """Return how far the checks are.

        Args:
            checked: how many apps are checked; None while they are being discovered.
            discovered: how many accounts of the platforms were looked at; None if no list is being read.
        """
        if checked is None:
            done = "" if discovered is None else f" {discovered.done}/{discovered.total}"
            return self._say(f"discovering mini programs{done}", f"正在发现小程序{done}")
        done, failing = f"{checked.done}/{checked.total}", self._states[State.FAILED]
        return self._say(f"{done}, {failing} failing", f"{done}，{failing} 项异常")

    def end(
        self, checked: Progress | None, pending: Sequence[str], families: Collection[AddressFamily] = ()
    ) -> str:
        """Return the end of the report: a summary, then what is wrong, by cause.

        Args:
            checked: how many apps were checked; None if they were not discovered.
            pending: the apps that were not checked, because the checks were interrupted.
            families: the kinds of addresses at which WeChat was reached.
        """
        blocks = [self._interruption(checked, pending)] if checked is None or pending else []
        if self._checks:
            blocks.append(f"{self._summary()}{self._reached(families)}")
        by_problem: dict[Problem, list[Check]] = {}
        for check in self._checks.values():
            if check.problem is not None:
                by_problem.setdefault(check.problem, []).append(check)
        failures_first = sorted(
            by_problem.items(), key=lambda item: (item[1][0].state is not State.FAILED, -len(item[1]))
        )
        blocks += [self._block(problem, checks) for problem, checks in failures_first]
        return "\n\n".join(blocks) + "\n"

    def _line(self, check: Check) -> str:
        """Return the line of a result; what to do about a failure is said at the end, once for its cause."""
        word = self._text(check.state.value)
        padded = f"{word:<5}" if word.isascii() else word
        state = coloured(padded, check.state) if self._colour else padded
        subject = f"{check.subject}{self._say(': ', '：')}" if check.subject else ""
        advice = (
            f" → {self._text(check.remedy)}" if check.remedy is not None and check.problem is None else ""
        )
        return f"{state} {subject}{self._text(check.text)}{advice}"

    def _interruption(self, checked: Progress | None, pending: Sequence[str]) -> str:
        if checked is None:
            return self._say(
                "Interrupted while the platforms' mini programs were being discovered.",
                "已中断：尚未发现完第三方平台的小程序。",
            )
        names = excerpt(pending, _MAX_SUBJECTS)
        return self._say(
            f"Interrupted: {checked.done} of {counted(checked.total, 'mini program')} checked; "
            f"no result yet from {names.en}.",
            f"已中断：{checked.total} 个小程序中已检查 {checked.done} 个；尚无结果：{names.zh}。",
        )

    def _summary(self) -> str:
        checks, failed, drifted = len(self._checks), self._states[State.FAILED], self._states[State.DRIFT]
        if not failed and not drifted:
            return self._say(
                f"{counted(checks, 'check')} passed", f"{checks} 项检查{'全部' if checks > 1 else ''}正常"
            )
        differ = self._say(
            f"{counted(drifted, 'mini program differs', 'mini programs differ')} from the baseline",
            f"{drifted} 个小程序与基线不符",
        )
        if not failed:
            return self._say(f"{counted(checks, 'check')}: {differ}", f"{checks} 项检查：{differ}")
        text = self._say(
            f"{failed} of {checks} checks failed" if checks > 1 else "1 check failed",
            f"{checks} 项检查中 {failed} 项异常" if checks > 1 else "1 项检查异常",
        )
        return f"{text}{self._say('; ', '；')}{differ}" if drifted else text

    def _reached(self, families: Collection[AddressFamily]) -> str:
        """Return by which kind of address WeChat was reached, because an IP whitelist knows one."""
        names = sorted(_FAMILIES[family] for family in families)
        if not names:
            return ""
        if len(names) == 1:
            return self._say(f"\nWeChat was reached over {names[0]}.", f"\n通过 {names[0]} 访问微信。")
        return self._say(
            f"\nWeChat was reached over {' and '.join(names)}: the IP whitelist needs the outgoing "
            "addresses of both kinds; or set wechat.address_family.",
            f"\n通过 {' 和 '.join(names)} 访问微信：IP 白名单需要包含两种出口地址，"
            "或设置 wechat.address_family。",
        )

    def _block(self, problem: Problem, checks: Sequence[Check]) -> str:
        """Return what is wrong with some apps for the same cause, and what to do."""
        first, *others = checks
        number = self._say(f" ({len(checks)})", f"（{len(checks)} 项）") if others else ""
        head = f"{problem.code}{number}{self._say(': ', '：')}{self._text(problem.meaning)}"
        lines = [coloured(head, first.state) if self._colour else head]
        subjects = [check.subject for check in checks if check.subject]
        if subjects:
            lines.append(f"  {self._text(excerpt(subjects, _MAX_SUBJECTS))}")
        if first.message:
            lines.append(f"  {one_line(first.message)}")
        remedy = problem.remedy if others or first.remedy is None else first.remedy
        return "\n".join([*lines, f"  → {self._text(remedy)}"])

    def _text(self, text: BilingualText) -> str:
        return one_line(self._say(text.en, text.zh))

    def _say(self, english: str, chinese: str) -> str:
        return chinese if self._chinese else english
