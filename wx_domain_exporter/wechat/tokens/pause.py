"""The pause after a refusal: a wrong appsecret costs WeChat a few calls an hour, not one a scrape."""

import copy
import random
import time

from wx_domain_exporter.wechat.errors import TokenError

_FIRST = 30.0
_LONGEST = 600.0
_JITTER = 0.2


class Pause:
    """Remembers a source's last refusal and for how long it had better not be asked."""

    __slots__ = ("_error", "_next", "_secret", "_until")

    def __init__(self) -> None:
        self._error: TokenError | None = None
        self._secret = ""
        self._until = 0.0
        self._next = _FIRST

    def check(self, secret: str) -> None:
        """Let nobody through while the pause lasts and the secret is the one that was refused.

        Raises:
            TokenError: the refusal that began the pause, once more.
        """
        if self._error is None:
            return
        if secret != self._secret:
            self.end()
        elif time.monotonic() < self._until:
            raise copy.copy(self._error)

    def begin(self, error: TokenError, secret: str, *, exactly: float = 0.0) -> None:
        """Note a refusal: 30 s of pause, then double after each further one, 10 min at most.

        After 10 minutes without a refusal it starts at 30 s again.

        Args:
            error: raised to all who ask meanwhile.
            secret: what was refused; another one ends the pause.
            exactly: seconds, where the refusal itself says how long it holds.
        """
        now = time.monotonic()
        if now > self._until + _LONGEST:
            self._next = _FIRST
        if exactly:
            self._until = now + exactly
            self._error, self._secret = error.to_keep(), secret
            return
        spread = random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - spreads load, guards nothing
        self._until = now + self._next * spread
        self._next = min(2 * self._next, _LONGEST)
        self._error, self._secret = error.to_keep(), secret

    @property
    def refusal(self) -> TokenError | None:
        """Return the last refusal, to raise once more; None if nothing was refused, or it went well since."""
        return None if self._error is None else copy.copy(self._error)

    def lasts(self) -> bool:
        """Whether a pause is going on."""
        return self._error is not None and time.monotonic() < self._until

    def passed(self) -> None:
        """Note that the source gave a token; if that one is refused too, the pauses go on doubling."""
        self._error = None

    def end(self) -> None:
        """Forget all refusals: the next one pauses for 30 s again."""
        self._error, self._until, self._next = None, 0.0, _FIRST
