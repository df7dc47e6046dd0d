"""The examples of docs/service-discovery.md, adapted to run in a test."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml
from helpers.documents import blocks

if TYPE_CHECKING:
    from helpers.exporter_process import Exporter

PROBES, SHARD, DOMAINS, MODULE = (
    yaml.safe_load(block) for block in blocks("docs/service-discovery.md", "yaml")
)
_EXPORTER, _BLACKBOX = "localhost:12324", "localhost:9115"


def scrape_jobs(example: Any, program: Exporter, *, blackbox: str = "") -> Any:
    """The scrape jobs of an example, with the addresses of this test's programs and intervals of a second."""
    text = json.dumps(example["scrape_configs"])
    text = text.replace(_EXPORTER, program.url.removeprefix("http://")).replace(_BLACKBOX, blackbox)
    jobs = json.loads(text)
    for job in jobs:
        job.update(scrape_interval="1s", scrape_timeout="1s")
        for discovery in job.get("http_sd_configs", ()):
            discovery["refresh_interval"] = "1s"
    return jobs
