"""Logging: one event a line, as logfmt or JSON, to standard error; with secrets masked."""

import logging
import sys
from typing import Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from wx_domain_exporter.config.yaml_tree import one_line
from wx_domain_exporter.wechat.redaction import mask_named_secrets, redact

LogFormat = Literal["logfmt", "json"]
_FIRST_KEYS = ("ts", "level", "logger", "msg")


def set_up(level: str, log_format: LogFormat, stream: TextIO | None = None) -> None:
    """Send the logs of the program and of all libraries to one stream.

    Args:
        level: the lowest level that is logged, one of `flags.LOG_LEVELS`.
        log_format: the format of a line.
        stream: None for standard error.
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
    # At debug level, urllib3 and asyncio log URLs and sockets: a URL holds the token.
    for name in ("urllib3", "asyncio"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    # uvicorn logs a warning for each request that is not HTTP: any client could fill the log.
    logging.getLogger("uvicorn").setLevel(logging.ERROR)


def _redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Mask secrets and escape control characters in an event's values, whether it is ours or a library's."""
    for key, value in event.items():
        internal = key.startswith("_") or key in {"exc_info", "exception"}
        if not internal and not isinstance(value, int | float | None):
            event[key] = one_line(mask_named_secrets(str(value)))
    # A traceback quotes the messages of errors from anywhere.
    if isinstance(event.get("exception"), str):
        lines = event["exception"].splitlines()
        event["exception"] = "\n".join(redact(mask_named_secrets(line)) for line in lines)
    return event
