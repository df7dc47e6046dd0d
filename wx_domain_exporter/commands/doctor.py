"""`--doctor`: checks all platforms and apps, and prints for each what is wrong and what to do."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from wx_domain_exporter.commands.doctor_checks import DoctorChecks
from wx_domain_exporter.commands.doctor_report import Report
from wx_domain_exporter.commands.language import Language
from wx_domain_exporter.commands.output import print_result
from wx_domain_exporter.commands.terminal import ProgressLine, wants_colour
from wx_domain_exporter.service import Service

_INTERRUPTED = 130
"""The exit status that a shell reports for SIGINT."""


def run_doctor(service: Service, language: Language) -> int:
    """Print each result as it comes, then what is wrong by cause; progress goes to standard error.

    Returns:
        The exit status: 0 if nothing is wrong, 130 after Ctrl-C.
    """
    checks, progress = DoctorChecks(service), ProgressLine()
    report = Report(language, colour=wants_colour(sys.stdout))
    with _interruptible(checks):
        for check in checks.run():
            if check is not None:
                progress.clear()
                if print_result(report.add(check)):
                    return 1
            progress.show(report.progress(checks.checked, checks.discovered))
    progress.clear()
    families = service.fleet.client.http.families
    failed = print_result(f"\n{report.end(checks.checked, checks.pending, families)}")
    if checks.interrupted:
        return _INTERRUPTED
    return failed or (0 if report.is_well else 1)


@contextmanager
def _interruptible(checks: DoctorChecks) -> Iterator[None]:
    """Let Ctrl-C end the checks, so that the report says what is known; a second one ends the program."""
    previous = signal.getsignal(signal.SIGINT)

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, previous)
        checks.interrupt()

    signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
