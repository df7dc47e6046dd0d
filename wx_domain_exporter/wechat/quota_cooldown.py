"""The cooldown of an API whose quota is used up: longer after each trial call that failed in the same way."""

from wx_domain_exporter.backoff import Cooldown
from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock
from wx_domain_exporter.errcodes.lookup import cooldown_after
from wx_domain_exporter.wechat.errors import FetchError, QuotaError


class QuotaCooldown(Cooldown):
    """The cooldown of one API for one app, token source or platform.

    Not safe to share between threads, except `end`.
    """

    __slots__ = ("_last",)

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        """Create an inactive cooldown."""
        super().__init__(clock)
        self._last: tuple[str, int] | None = None
        """The API and the errcode that caused the last cooldown."""

    def begin_after(self, error: FetchError) -> None:
        """Begin if the error of a call says that the quota is used up; otherwise change nothing."""
        seconds = self.seconds_after(error)
        if seconds:
            self.begin(seconds)

    def seconds_after(self, error: FetchError | None) -> float:
        """Note how a call failed, and return the seconds to wait; 0 if the error is not about a quota.

        The first wait may be shorter than the next ones. An error of another kind does not start this anew,
        because it does not show that the quota is back.
        """
        if not isinstance(error, QuotaError):
            return 0.0
        failed = error.api, error.errcode
        again, self._last = failed == self._last, failed
        return cooldown_after(*failed, again=again)

    def end(self) -> None:
        """End the cooldown; the next one is a first one again.

        For a call that succeeded, and for a configuration that was read again.
        """
        super().end()
        self._last = None
