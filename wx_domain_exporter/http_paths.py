"""The HTTP paths, for the routes, the links of the pages, and the check of `--web.telemetry-path`."""

import enum

DEFAULT_METRICS_PATH = "/metrics"
"""The default of `--web.telemetry-path`."""

MANAGEMENT = "/-/"
"""The prefix of the management endpoints, as in Prometheus."""


class HttpPath(enum.StrEnum):
    """All paths except that of the metrics; a part in braces is variable."""

    STATUS = "/"
    APP = "/apps/{appid}"
    PROBE = "/probe"
    SD = "/sd"
    SD_DOMAINS = "/sd/domains"
    HEALTHY = "/-/healthy"
    READY = "/-/ready"
    RELOAD = "/-/reload"
    FETCH = "/-/fetch"


_PREFIXES = (MANAGEMENT, HttpPath.APP.partition("{")[0])


def is_reserved(path: str) -> bool:
    """Whether a path, or its prefix, belongs to one of these paths."""
    return path in tuple(HttpPath) or path.startswith(_PREFIXES)


def relative(path: str, **parts: str) -> str:
    """Return a path without its first slash, for links that also work if a proxy adds a prefix."""
    return path.format(**parts).removeprefix("/")
