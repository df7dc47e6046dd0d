"""Logging to stderr, one event a line, as logfmt or JSON; nothing secret at any level."""

import logging
import sys
from typing import Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from wx_domain_exporter.config.yaml_tree import one_line
from wx_domain_exporter.wechat.redaction import foreign_text, without_named_secrets

LogFormat = Literal["logfmt", "json"]
_FIRST_KEYS = ("ts", "level", "logger", "msg")


def set_up(level: str, log_format: LogFormat, stream: TextIO | None = None) -> None:
    """Send the logs of the program and of all libraries to one stream.

    Args:
        level: debug, info, warning or error.
        log_format: how a line looks.
        stream: standard error unless given.
    """
    shared: list[Processor] = [
        structlog.processors.format_exc_info,
        _redact,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
        structlog.processors.EventRenamer("msg"),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    renderer: Processor = structlog.processors.LogfmtRenderer(key_order=_FIRST_KEYS, bool_as_flag=False)
    if log_format == "json":
        renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # urllib3 and asyncio tell of URLs and sockets at debug level: a URL holds the token.
    for name in ("urllib3", "asyncio"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    # uvicorn warns of each request that is no HTTP: anybody could fill the log.
    logging.getLogger("uvicorn").setLevel(logging.ERROR)


def _redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Mask secrets, and what steers a terminal, in what any caller, also a library's, put into an event."""
    for key, value in event.items():
        internal = key.startswith("_") or key in {"exc_info", "exception"}
        if not internal and not isinstance(value, int | float | None):
            event[key] = one_line(without_named_secrets(str(value)))
    # A traceback quotes texts of errors of any origin.
    if isinstance(event.get("exception"), str):
        lines = event["exception"].splitlines()
        event["exception"] = "\n".join(foreign_text(without_named_secrets(line)) for line in lines)
    return event
