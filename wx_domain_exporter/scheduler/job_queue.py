"""The order in which waiting jobs get a worker, so that slow apps do not delay the others."""

import heapq
import math
from collections import deque
from typing import Generic, TypeVar

from wx_domain_exporter.apps.monitored_app import MonitoredApp
from wx_domain_exporter.scheduler.jobs import Job

_UNKNOWN_SHARE = 5
"""If more unknown apps wait than there are workers, each may take this multiple of an even share of the time.
If a tenth of them hang, they take half of the time."""
_MIN_UNKNOWN_SECONDS = 1.0
_MIN_RETRY_SECONDS = 0.25
"""With less time, an app on a slow network could not be told from one that hangs."""

AnyJob = TypeVar("AnyJob", bound=Job)


class JobQueue(Generic[AnyJob]):
    """The jobs of one kind, at most one per app. Those that wait are in four priority queues.

    - healthy: apps whose last job did not time out; they start first.
    - unknown: apps without any job so far. Each gets a share of the time, so that those that hang leave time
      for the others.
    - retry: apps whose last job timed out for the first time in a row, again with a share of the time,
      because one timeout may have been a short disturbance.
    - slow: apps whose last two jobs or more timed out.

    The jobs of retry and slow together run on at most a quarter of the workers.
    """

    def __init__(self, *, oldest_first: bool = False) -> None:
        """Make an empty queue.

        Args:
            oldest_first: whether healthy and unknown apps share one queue, in the order of their last runs:
                for jobs that need not all run in every scrape.
        """
        self.running = 0
        """How many jobs are running."""
        self._jobs: dict[MonitoredApp, AnyJob] = {}
        self._oldest_first = oldest_first
        self._healthy: deque[AnyJob] | _OldestFirst[AnyJob] = _OldestFirst() if oldest_first else deque()
        self._unknown: deque[AnyJob] = deque()
        self._retry = _OldestFirst[AnyJob]()
        self._slow = _OldestFirst[AnyJob]()
        self._timed_out_running = 0
        """How many jobs of the queues retry and slow are running."""

    def __len__(self) -> int:
        """Return how many jobs wait."""
        return len(self._healthy) + len(self._unknown) + len(self._retry) + len(self._slow)

    def job_of(self, app: MonitoredApp) -> AnyJob | None:
        """Return the app's waiting or running job."""
        return self._jobs.get(app)

    def add(self, job: AnyJob) -> None:
        """Add a job that waits for a worker."""
        self._jobs[job.app] = job
        self._queue_of(job).append(job)

    def take(self, slots: int) -> AnyJob | None:
        """Return the job to run next; None if no job waits or none may run.

        Args:
            slots: how many jobs may run at once.
        """
        if self.running >= slots:
            return None
        job = self._take(slots)
        if job is not None:
            self.running += 1
        return job

    def finished(self, job: AnyJob) -> None:
        """Remove a job that ran."""
        del self._jobs[job.app]
        self.running -= 1
        if job.consecutive_timeouts:
            self._timed_out_running -= 1

    def _queue_of(self, job: AnyJob) -> "deque[AnyJob] | _OldestFirst[AnyJob]":
        if job.consecutive_timeouts > 1:
            return self._slow
        if job.consecutive_timeouts == 1:
            return self._retry
        return self._unknown if job.last_run is None and not self._oldest_first else self._healthy

    def _take(self, slots: int) -> AnyJob | None:
        for queue in (self._healthy, self._unknown):
            if queue:
                job = queue.popleft()
                if job.last_run is None:
                    _limit_to_share(job, slots, len(queue), _UNKNOWN_SHARE, _MIN_UNKNOWN_SECONDS)
                return job
        timed_out_slots = max(1, slots // 4)
        if self._timed_out_running >= timed_out_slots or not (self._retry or self._slow):
            return None
        self._timed_out_running += 1
        if self._retry:
            job = self._retry.popleft()
            _limit_to_share(job, timed_out_slots, len(self._retry), 1, _MIN_RETRY_SECONDS)
            return job
        return self._slow.popleft()


class _OldestFirst(Generic[AnyJob]):
    """A queue of jobs in the order of their apps' last runs; apps without one come first."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, AnyJob]] = []
        self._added = 0

    def __len__(self) -> int:
        return len(self._heap)

    def append(self, job: AnyJob) -> None:
        self._added += 1
        last_run = -math.inf if job.last_run is None else job.last_run
        heapq.heappush(self._heap, (last_run, self._added, job))

    def popleft(self) -> AnyJob:
        return heapq.heappop(self._heap)[2]


def _limit_to_share(job: Job, slots: int, waiting: int, multiple: float, min_seconds: float) -> None:
    """Limit a job to a share of its time if more jobs wait than can start at once.

    Args:
        job: the job that starts.
        slots: how many jobs of its queue may run at once.
        waiting: how many jobs of its queue wait.
        multiple: how many even shares it may take.
        min_seconds: the least time that it gets.
    """
    if waiting >= slots:
        even_share = job.deadline.remaining() * slots / (waiting + 1)
        job.deadline.limit(max(min_seconds, multiple * even_share))
