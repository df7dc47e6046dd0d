"""The examples of docs/service-discovery.md, made to run in a test."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml
from helpers.documents import blocks

if TYPE_CHECKING:
    from helpers.exporter_process import Exporter

PROBES, SHARD, DOMAINS, MODULE = (yaml.safe_load(one) for one in blocks("docs/service-discovery.md", "yaml"))
_EXPORTER, _BLACKBOX = "localhost:12324", "localhost:9115"


def jobs(example: Any, program: Exporter, *, blackbox: str = "") -> Any:
    """An example's jobs, for where the programs of this test listen, and in a hurry."""
    text = json.dumps(example["scrape_configs"])
    text = text.replace(_EXPORTER, program.url.removeprefix("http://")).replace(_BLACKBOX, blackbox)
    found = json.loads(text)
    for job in found:
        job.update(scrape_interval="1s", scrape_timeout="1s")
        for discovery in job.get("http_sd_configs", ()):
            discovery["refresh_interval"] = "1s"
    return found
