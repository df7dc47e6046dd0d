"""Fetches all apps, for a command that prints and ends."""

from typing import Final

from wx_domain_exporter.deadline import Deadline
from wx_domain_exporter.scheduler.jobs import ScrapeJobs
from wx_domain_exporter.service import Service

FETCH_TIMEOUT: Final = 3600.0
"""Seconds: no scrape waits for the result, and a fleet of thousands takes a while."""


def fetch_all(service: Service) -> ScrapeJobs:
    """Fetch all apps and wait until all have a result; results of earlier fetches are not reused."""
    jobs = service.scheduler.start(service.fleet.apps, Deadline.after(FETCH_TIMEOUT), 0)
    jobs.wait(FETCH_TIMEOUT)
    return jobs
