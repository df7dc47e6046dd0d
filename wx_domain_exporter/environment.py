"""Environment variables of other programs that would change what our libraries do."""

import contextlib
import os
import sys

_VARIABLES = frozenset(
    {
        # prometheus_client would write metrics into files of another program, or name them differently.
        "PROMETHEUS_MULTIPROC_DIR",
        "prometheus_multiproc_dir",
        "PROMETHEUS_DISABLE_CREATED_SERIES",
        "PROMETHEUS_LEGACY_NAME_VALIDATION",
        # Python and urllib3 would write the keys of TLS connections into this file.
        "SSLKEYLOGFILE",
        # gevent and zope.interface would run without their C extensions, and libev with another system call.
        "LIBEV_FLAGS",
        "PURE_PYTHON",
        # Python would check asyncio's callbacks, and color the tracebacks in the log.
        "FORCE_COLOR",
        "PYTHONASYNCIODEBUG",
        "PYTHON_COLORS",
    }
)
_READ_BY_PYTHON = frozenset({"PYTHONCOERCECLOCALE", "PYTHONINSPECT", "PYTHONUTF8", "PYTHONWARNINGS"})
"""Python reads these when it starts: encoding of file names, prompt at the end, warnings that are errors."""
_PREFIXES = ("GEVENT", "ZOPE_INTERFACE_")


def ignore_other_programs() -> None:
    """Remove the variables from this process; to be called before any library is imported.

    Where Python itself has read one of them, the process starts again without it. Only the program calls this
    function: another program that embeds `DomainCollector` keeps its environment.
    """
    start_again = not _READ_BY_PYTHON.isdisjoint(os.environ)
    for name in list(os.environ):
        if name in _VARIABLES or name in _READ_BY_PYTHON or name.startswith(_PREFIXES):
            del os.environ[name]
    if start_again and sys.executable:
        with contextlib.suppress(OSError):
            os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - the same command
