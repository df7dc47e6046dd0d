"""The fetch behind a command that prints and ends: of every app, however long it takes."""

from typing import Final

from wx_domain_exporter.deadline import Deadline
from wx_domain_exporter.scheduler.jobs import ScrapeJobs
from wx_domain_exporter.service import Service

PATIENCE: Final = 3600.0
"""Seconds: nobody else waits, and a fleet of thousands takes a while."""


def fetch_all(service: Service) -> ScrapeJobs:
    """Return every app's outcome, as WeChat has it now."""
    batch = service.scheduler.start(service.fleet.apps, Deadline.after(PATIENCE), 0)
    batch.wait(PATIENCE)
    return batch
