"""The pause of a refused token source: a wrong appsecret causes a few calls an hour, not one per scrape."""

import copy

from wx_domain_exporter.backoff import Backoff, Cooldown
from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock
from wx_domain_exporter.wechat.errors import TokenError
from wx_domain_exporter.wechat.quota_cooldown import QuotaCooldown

_FIRST_PAUSE = 30.0
_LONGEST_PAUSE = 600.0
_JITTER = 0.2


class LastRefusal:
    """The last refusal of a token source, and the pause in which no token is requested.

    Not safe to share between tasks; the token source calls it while it holds its lock.
    """

    __slots__ = ("_backoff", "_clock", "_cooldown", "_error", "_quota", "_secret")

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._cooldown = Cooldown(clock)
        self._backoff = Backoff(_FIRST_PAUSE, _LONGEST_PAUSE, _JITTER)
        self._quota = QuotaCooldown(clock)
        self._error: TokenError | None = None
        self._secret = ""

    @property
    def error(self) -> TokenError | None:
        """Return a copy of the refusal; None if there was none, or a token came since."""
        return None if self._error is None else copy.copy(self._error)

    def is_active(self) -> bool:
        """Return whether the pause lasts."""
        return self._error is not None and self._cooldown.is_active()

    @property
    def seconds_left(self) -> float:
        """Return the seconds until the pause ends; 0 if there is none."""
        return 0.0 if self._error is None else self._cooldown.seconds_left

    def check(self, secret: str) -> None:
        """Raise the refusal while the pause lasts; another secret than the refused one ends it.

        Raises:
            TokenError: a copy of the refusal.
        """
        if self._error is None:
            return
        if secret != self._secret:
            self.end()
        elif self._cooldown.is_active():
            raise copy.copy(self._error)

    def note(self, error: TokenError, secret: str) -> None:
        """Begin a pause: 30 s, then twice as long after each further refusal, up to 10 min.

        10 minutes after a pause, the next one lasts 30 s again. A used-up quota has its own pauses.

        Args:
            error: the refusal, which `check` raises during the pause.
            secret: the secret that was refused.
        """
        if self._cooldown.seconds_since() > _LONGEST_PAUSE:
            self._backoff.reset()
        self._cooldown.begin(self._quota.seconds_after(error.cause) or self._backoff.next_delay())
        if error.occurred_at is None:
            error.occurred_at = self._clock.time()
        self._error, self._secret = error.without_traceback(), secret

    def note_success(self) -> None:
        """Note that a token came; if WeChat rejects it, the next pause is still twice as long."""
        self._error = None
        self._quota.end()

    def end(self) -> None:
        """End the pause; the next one lasts 30 s again."""
        self._error = None
        self._cooldown.end()
        self._backoff.reset()
        self._quota.end()
