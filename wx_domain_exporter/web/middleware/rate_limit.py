"""A token bucket for the web configuration's `rate_limit`."""

from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock
from wx_domain_exporter.web.web_config.schema import RateLimit


class TokenBucket:
    """Allows `burst` requests at once and one more every `interval`; without an interval, all."""

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._limit = RateLimit()
        self._tokens = 0.0
        self._counted = clock.monotonic()

    def allows(self, limit: RateLimit) -> bool:
        """Take a token if there is one; when the limit changes, the bucket is full again."""
        now = self._clock.monotonic()
        if limit != self._limit:
            self._limit, self._tokens, self._counted = limit, float(limit.burst), now
        if not limit.interval:
            return True
        self._tokens = min(limit.burst, self._tokens + (now - self._counted) / limit.interval)
        self._counted = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
