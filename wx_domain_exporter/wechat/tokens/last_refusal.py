"""The wait after a refused token: a wrong appsecret costs WeChat a few calls an hour, not one a scrape."""

import copy

from wx_domain_exporter.backoff import Backoff, Cooldown
from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock
from wx_domain_exporter.wechat.errors import TokenError
from wx_domain_exporter.wechat.quota_cooldown import QuotaCooldown

_FIRST = 30.0
_LONGEST = 600.0
_JITTER = 0.2


class LastRefusal:
    """Remembers a token source's last refusal, and for how long the source is not asked again.

    Not safe to share between threads: its owner has the lock.
    """

    __slots__ = ("_backoff", "_clock", "_cooldown", "_error", "_quota", "_secret")

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._cooldown = Cooldown(clock)
        self._backoff = Backoff(_FIRST, _LONGEST, _JITTER)
        self._quota = QuotaCooldown(clock)
        self._error: TokenError | None = None
        self._secret = ""

    @property
    def error(self) -> TokenError | None:
        """Return the refusal, to raise once more; None if there was none, or a token came since."""
        return None if self._error is None else copy.copy(self._error)

    def is_active(self) -> bool:
        """Whether the source is not to be asked yet."""
        return self._error is not None and self._cooldown.is_active()

    def check(self, secret: str) -> None:
        """Let nobody ask while the wait lasts and the secret is the one that was refused.

        Raises:
            TokenError: the refusal, once more.
        """
        if self._error is None:
            return
        if secret != self._secret:
            self.end()
        elif self._cooldown.is_active():
            raise copy.copy(self._error)

    def note(self, error: TokenError, secret: str) -> None:
        """Note a refusal: wait for 30 s, then for twice as long after each further one, 10 min at most.

        After 10 minutes without a refusal it starts at 30 s again. A used up quota has cooldowns of its own.

        Args:
            error: raised for all who ask meanwhile.
            secret: what was refused; another one ends the wait.
        """
        if self._cooldown.seconds_since() > _LONGEST:
            self._backoff.reset()
        self._cooldown.begin(self._quota.seconds_after(error.cause) or self._backoff.next_delay())
        if error.at is None:
            error.at = self._clock.time()
        self._error, self._secret = error.to_keep(), secret

    def note_success(self) -> None:
        """Note that the source gave a token; if that one is refused too, the waits go on doubling."""
        self._error = None
        self._quota.end()

    def end(self) -> None:
        """Forget all refusals: the wait after the next one is 30 s again."""
        self._error = None
        self._cooldown.end()
        self._backoff.reset()
        self._quota.end()
