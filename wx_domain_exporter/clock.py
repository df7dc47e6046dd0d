"""The clock, which is passed to everything that depends on the time, so that tests can replace it."""

import time
from typing import Final, Protocol


class Clock(Protocol):
    """Tells the time of day, and how much time has passed."""

    def time(self) -> float:
        """Return the Unix time in seconds; the system's clock may be set back."""

    def monotonic(self) -> float:
        """Return the seconds since some instant; never less than before."""


SYSTEM_CLOCK: Final[Clock] = time
"""The system's own clock: the module `time` has the two functions."""
