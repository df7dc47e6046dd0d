"""The HTTP paths: for the routes, the links of the pages, and what `--web.telemetry-path` may not be."""

import enum

DEFAULT_METRICS_PATH = "/metrics"
"""`--web.telemetry-path` puts the metrics elsewhere."""

MANAGEMENT = "/-/"
"""What begins so is about the exporter as a program, as with Prometheus itself."""


class HttpPath(enum.StrEnum):
    """Every path beside the one of the metrics. What stands in braces is a part of the path that differs."""

    STATUS = "/"
    APP = "/apps/{appid}"
    PROBE = "/probe"
    SD = "/sd"
    SD_DOMAINS = "/sd/domains"
    HEALTHY = "/-/healthy"
    READY = "/-/ready"
    RELOAD = "/-/reload"


_PREFIXES = (MANAGEMENT, HttpPath.APP.partition("{")[0])


def is_reserved(path: str) -> bool:
    """Whether a path is one of these, or begins as only these may."""
    return path in tuple(HttpPath) or path.startswith(_PREFIXES)


def relative(path: str, **parts: str) -> str:
    """Return a path without its slash: for links from pages that a proxy may serve below a prefix."""
    return path.format(**parts).removeprefix("/")
