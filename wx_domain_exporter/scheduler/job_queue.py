"""The order in which jobs get a worker, so that slow apps don't starve the others."""

import heapq
from collections import deque
from typing import Generic, TypeVar

from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.scheduler.jobs import Job

_UNKNOWN_SHARE = 5
"""While more unknown apps wait than there are workers, each gets this multiple of its even share of the time:
a tenth of them may hang, and those together take half of the time."""
_LEAST_UNKNOWN_SHARE = 1.0
_LEAST_SHAKEN_SHARE = 0.25
"""Seconds; with less, a slow network would pass for a hanging one."""

AnyJob = TypeVar("AnyJob", bound=Job)


class JobQueue(Generic[AnyJob]):
    """The jobs of one kind, at most one an app: those that wait, in four lanes, and those that run.

    - healthy apps start first;
    - then those of which nothing is known yet, each with a share of the time, so that those among them that
      hang can't take the others' turn;
    - last, in a quarter of the workers at most, those that kept a worker busy for nothing: first the shaken,
      who did so only the last time, again with a share of the time, for one bad moment is soon forgotten;
      then the slow, who did so more than once.
    """

    def __init__(self, *, in_turn: bool = False) -> None:
        """Have no job.

        Args:
            in_turn: whether the healthy and the unknown share a lane, in which whoever was tried longest ago
                comes first: for jobs that need not all have their turn in each scrape.
        """
        self.running = 0
        self._jobs: dict[MonitoredApp, AnyJob] = {}
        self._in_turn = in_turn
        self._healthy: deque[AnyJob] | _LongestAgoFirst[AnyJob] = _LongestAgoFirst() if in_turn else deque()
        self._unknown: deque[AnyJob] = deque()
        self._shaken = _LongestAgoFirst[AnyJob]()
        self._slow = _LongestAgoFirst[AnyJob]()
        self._slow_running = 0

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._healthy) + len(self._unknown) + len(self._shaken) + len(self._slow)

    def job_of(self, app: MonitoredApp) -> AnyJob | None:
        """Return the app's job, waiting or running."""
        return self._jobs.get(app)

    def add(self, job: AnyJob) -> None:
        """Let an app's job wait for its turn."""
        self._jobs[job.app] = job
        self._lane(job).append(job)

    def take(self, slots: int) -> AnyJob | None:
        """Return the job that runs next, if one may.

        Args:
            slots: how many may run at once.
        """
        if self.running >= slots:
            return None
        job = self._take(slots)
        if job is not None:
            self.running += 1
        return job

    def finished(self, job: AnyJob) -> None:
        """Forget a job that ran."""
        del self._jobs[job.app]
        self.running -= 1
        if job.consecutive_timeouts:
            self._slow_running -= 1

    def _lane(self, job: AnyJob) -> "deque[AnyJob] | _LongestAgoFirst[AnyJob]":
        if job.consecutive_timeouts > 1:
            return self._slow
        if job.consecutive_timeouts == 1:
            return self._shaken
        return self._unknown if job.last_run is None and not self._in_turn else self._healthy

    def _take(self, slots: int) -> AnyJob | None:
        for lane in (self._healthy, self._unknown):
            if lane:
                job = lane.popleft()
                if job.last_run is None:
                    _give_share(job, slots, len(lane), _UNKNOWN_SHARE, _LEAST_UNKNOWN_SHARE)
                return job
        slow_slots = max(1, slots // 4)
        if self._slow_running >= slow_slots or not (self._shaken or self._slow):
            return None
        self._slow_running += 1
        if self._shaken:
            job = self._shaken.popleft()
            _give_share(job, slow_slots, len(self._shaken), 1, _LEAST_SHAKEN_SHARE)
            return job
        return self._slow.popleft()


class _LongestAgoFirst(Generic[AnyJob]):
    """Jobs in the order in which their apps were tried last, so that each of them gets its turn."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, AnyJob]] = []
        self._added = 0

    def __len__(self) -> int:
        return len(self._heap)

    def append(self, job: AnyJob) -> None:
        self._added += 1
        heapq.heappush(self._heap, (job.last_run or 0.0, self._added, job))

    def popleft(self) -> AnyJob:
        return heapq.heappop(self._heap)[2]


def _give_share(job: Job, slots: int, others: int, multiple: float, least: float) -> None:
    """Give a job its share of the time, so that others like it get a turn; no limit if all can start."""
    if others >= slots:
        even = job.deadline.remaining() * slots / (others + 1)
        job.deadline.limit(max(least, multiple * even))
