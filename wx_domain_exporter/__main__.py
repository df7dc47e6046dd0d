"""Starts the program: for `python -m wx_domain_exporter`, `python exporter.py` and `wx-domain-exporter`."""

import os
import signal
import sys
from types import FrameType


def main() -> None:
    """Run the command and exit with its status."""
    # Before the imports, which take about half a second. The server sets its own handlers later.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, _exit_quietly)
    signal.signal(signal.SIGTERM, _exit_quietly)
    from wx_domain_exporter.environment import ignore_other_programs  # noqa: PLC0415 - see above

    ignore_other_programs()
    if "--health" in sys.argv[1:]:
        from wx_domain_exporter.commands.health import run_health  # noqa: PLC0415 - without the imports below

        sys.exit(run_health(sys.argv[1:]))
    from wx_domain_exporter.cli import run  # noqa: PLC0415 - see above
    from wx_domain_exporter.standard_error import queue_standard_error  # noqa: PLC0415 - see above

    queue_standard_error()
    sys.exit(run(sys.argv[1:]))


def _exit_quietly(number: int, _frame: FrameType | None) -> None:
    """End the process with the exit status that a shell reports for the signal."""
    # SystemExit would get lost if the signal arrives in a callback of the import system: Python prints and
    # ignores exceptions there. The signal's default action does nothing for the first process of a container.
    os._exit(128 + number)


if __name__ == "__main__":
    main()
