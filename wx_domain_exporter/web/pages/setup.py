"""What the overview shows until Prometheus scrapes the exporter for the first time. Pure."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from wx_domain_exporter.http_paths import DEFAULT_METRICS_PATH

_HOST = re.compile(r"[\w.-]+(:\d+)?|\[[0-9A-Fa-f:.]+\](:\d+)?", re.ASCII)
_DEFAULT_HOST = "localhost:12324"


@dataclass(frozen=True, slots=True)
class Setup:
    """The first steps.

    Attributes:
        wait_seconds: the seconds until all mini programs may be fetched on request; 0 if they may be now.
        scrape_config: what belongs into the configuration of Prometheus, line by line.
    """

    wait_seconds: int
    scrape_config: Sequence[str]


def scrape_config(scheme: str, host: str, metrics_path: str) -> Sequence[str]:
    """Return the YAML with which Prometheus scrapes this exporter, line by line.

    Args:
        scheme: `http` or `https`.
        host: where the browser found the exporter: the `Host` header, which a client may set to anything.
        metrics_path: the value of `--web.telemetry-path`.
    """
    target = host if _HOST.fullmatch(host) else _DEFAULT_HOST
    return [
        "scrape_configs:",
        "  - job_name: wx_domain",
        "    scrape_interval: 60s",
        "    scrape_timeout: 10s",
        *(["    scheme: https"] if scheme == "https" else []),
        *([f"    metrics_path: {json.dumps(metrics_path)}"] if metrics_path != DEFAULT_METRICS_PATH else []),
        "    static_configs:",
        f"      - targets: [{json.dumps(target)}]",
    ]
