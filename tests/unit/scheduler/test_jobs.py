from __future__ import annotations

import pytest
from helpers.clocks import StoppedClock
from helpers.fake_apps import FakeApp, JobLog

from wx_domain_exporter.deadline import Deadline
from wx_domain_exporter.scheduler.jobs import ExtraJob, ScrapeJobs
from wx_domain_exporter.wechat.errors import Reason


def test_the_duration_of_a_scrape_is_that_of_an_app_without_a_result(log: JobLog) -> None:
    clock = StoppedClock(5)
    scrape = ScrapeJobs([FakeApp("a", log)], clock)
    assert scrape.seconds == 0
    clock.now = 12
    assert scrape.seconds == 7
    (result,) = scrape.results
    assert (result.reason, result.seconds) == (Reason.DEADLINE, 7)


@pytest.mark.parametrize(
    ("remaining", "cut_short"), [(0.5, False), (0, True), (-0.5, True)], ids=["before", "at", "after"]
)
def test_extra_calls_are_cut_short_if_they_end_at_the_deadline_or_later(
    log: JobLog, remaining: float, *, cut_short: bool
) -> None:
    job = ExtraJob(FakeApp("a", log))
    assert job.cut_short
    job.deadline.extend(Deadline.after(remaining, StoppedClock()))
    job.run()
    assert job.cut_short == cut_short
