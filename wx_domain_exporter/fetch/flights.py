"""What a scrape waits for: a flight for each of its apps, and the errands that come after them."""

import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from concurrent import futures
from functools import cached_property
from typing import TYPE_CHECKING

from wx_domain_exporter.apps.extras import Findings
from wx_domain_exporter.apps.watch import Outcome, Watch
from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock
from wx_domain_exporter.deadline import Deadline, SharedDeadline
from wx_domain_exporter.wechat.errors import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wx_domain_exporter.lists.domains import DomainList


class Job(ABC):
    """Calls for one app, shared by all who wait for them."""

    __slots__ = ("batches", "deadline", "strikes", "tried", "watch")

    def __init__(self, watch: Watch, strikes: int, tried: float | None) -> None:
        """Make one that nobody waits for yet.

        Args:
            watch: the app.
            strikes: how many jobs of its kind in a row kept a worker busy for nothing.
            tried: Unix time at which the last one ended; None if there was none.
        """
        self.watch = watch
        self.strikes = strikes
        self.tried = tried
        self.deadline = SharedDeadline()
        """That of those who wait."""
        self.batches: list[Batch] = []

    @abstractmethod
    def run(self) -> None:
        """Make the calls; never raises."""

    @property
    def wanted_until(self) -> Deadline:
        """Return the latest deadline of those who wait."""
        return self.deadline.latest

    def spare(self) -> float:
        """Return the seconds for which somebody still waits."""
        return self.deadline.remaining()


class Flight(Job):
    """One fetch of one app."""

    __slots__ = ("errand", "findings", "outcome")

    def __init__(self, watch: Watch) -> None:
        super().__init__(watch, watch.strikes, None if watch.last is None else watch.last.timestamp)
        self.outcome: Outcome | None = None
        self.findings: Findings | None = None
        """What was known beside the outcome when it was there."""
        self.errand: Errand | None = None

    @property
    def gave_up(self) -> bool:
        """Whether it ended for want of time."""
        return self.outcome is None or self.outcome.reason is Reason.DEADLINE

    def run(self) -> None:
        """Fetch the app's lists."""
        self.outcome = self.watch.fetch(self.deadline)


class Errand(Job):
    """What is asked of WeChat for one app after its flight; it holds no other app's flight up."""

    __slots__ = ("configured", "cut_short", "findings")

    def __init__(self, watch: Watch) -> None:
        super().__init__(watch, watch.extras.strikes, watch.extras.tried)
        self.configured: Mapping[str, DomainList] | None = None
        """The app's own lists; None if they are not there."""
        self.findings: Findings | None = None
        self.cut_short = True
        """Whether something may be left to ask for want of time."""

    def run(self) -> None:
        """Ask for all that is due."""
        self.findings = self.watch.extras.run(self.deadline, self.configured)
        self.cut_short = self.deadline.remaining() <= 0


class Batch:
    """The apps of one scrape, on their way. Tasks fill it; whoever scrapes waits for it and looks at it."""

    def __init__(self, watches: Sequence[Watch], clock: Clock = SYSTEM_CLOCK) -> None:
        self.watches = watches
        self._clock = clock
        self.done: futures.Future[None] = futures.Future()
        """Has a result as soon as every app has an outcome and every errand has ended."""
        self.done.set_running_or_notify_cancel()  # one who stops waiting cancels it for nobody
        self._begin = clock.monotonic()
        self._flights: list[Flight] = []
        self._missing = 1

    @property
    def seconds(self) -> float:
        """Return the seconds since the scrape began."""
        return self._clock.monotonic() - self._begin

    def wait(self, timeout: float) -> None:
        """Wait until everything is there, or for `timeout` seconds."""
        futures.wait([self.done], timeout)

    @cached_property
    def outcomes(self) -> list[Outcome]:
        """An outcome for each of `watches`, as it was at the first look: a failure where none was there."""
        waited = self.seconds
        outcomes = []
        for watch, flight in self._pairs():
            outcome = None if flight is None else flight.outcome
            outcomes.append(watch.missed(waited) if outcome is None else watch.mixed_up(outcome))
        return outcomes

    @cached_property
    def findings(self) -> list[Findings]:
        """What is known of each of `watches` beside its outcome, as it was at the first look."""
        return [watch.own(_found(watch, flight)) for watch, flight in self._pairs()]

    def add(self, flight: Flight) -> None:
        """Take the flight of the next of `watches`, landed or not."""
        self._flights.append(flight)

    def expect(self, job: Job) -> None:
        """Wait for a job too."""
        self._missing += 1
        job.batches.append(self)

    def one_less(self) -> None:
        """Note that one job ended, or that all have been added."""
        self._missing -= 1
        if self._missing == 0:
            self.done.set_result(None)

    def _pairs(self) -> Iterator[tuple[Watch, Flight | None]]:
        """Return each app with its flight; None where the tasks have had no time to begin with it."""
        flights = tuple(self._flights)
        return zip(self.watches, itertools.chain(flights, itertools.repeat(None)), strict=False)


def _found(watch: Watch, flight: Flight | None) -> Findings:
    if flight is None:
        return watch.extras.known()
    errand = flight.errand
    if errand is not None and errand.findings is not None:
        return errand.findings
    return flight.findings or watch.extras.known()
