"""The base of the simulated WeChat's state: clock, random numbers, lock and the count of calls."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from wx_domain_exporter.simulator.errmsgs import request_id

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(eq=False, repr=False)
class CallWorld:
    """Counts calls. Safe to use from any thread.

    Args:
        clock: Unix time, for tokens, quotas and changing lists.
        seed: Of the random numbers: the same seed and the same calls give the same answers.
        quirks: Whether answers have the irregularities of real ones; see `quirks`.
        quoted_urls: The probability, from 0 to 1, that an errmsg quotes the request's URL with its token.
        client_ip: The caller's address if a call has no `X-Forwarded-For`.

    Attributes:
        calls: The number of calls by `(api, appid)`. The appid is the app's; for `api_component_token` and
            `api_get_authorizer_list` the component_appid; empty if the call names no known one.
            A `stable_token` call with force_refresh counts as `stable_token_force_refresh` instead.
        in_flight: API calls without an answer yet.
        peak_in_flight: The highest value of `in_flight` so far.
        lock: Held while a call is processed; hold it to change several things at once.
    """

    clock: Callable[[], float] = time.time
    seed: int = 1
    quirks: bool = True
    quoted_urls: float = 0.3
    client_ip: str = "203.0.113.7"
    lock: threading.RLock = field(init=False, default_factory=threading.RLock)
    calls: Counter[tuple[str, str]] = field(init=False, default_factory=Counter)
    in_flight: int = field(init=False, default=0)
    peak_in_flight: int = field(init=False, default=0)
    _random: dict[str, Random] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._changed = threading.Condition(self.lock)

    def random(self, appid: str) -> Random:
        """The random numbers of one app, so that its answers do not depend on calls about other apps."""
        rng = self._random.get(appid)
        if rng is None:
            rng = self._random[appid] = Random(f"{self.seed}:{appid}")
        return rng

    def request_id(self, appid: str) -> str:
        """A new request id."""
        return request_id(self.clock(), self.random(appid))

    def count(self, api: str, appid: str) -> None:
        """Count one call."""
        with self.lock:
            self.calls[api, appid] += 1
            self._changed.notify_all()

    def wait_for_calls(self, api: str, appid: str, number: int = 1, timeout: float = 10.0) -> bool:
        """Wait until there have been this many calls; False after `timeout` seconds without them."""
        with self.lock:
            return self._changed.wait_for(lambda: self.calls[api, appid] >= number, timeout)

    def wait_until_idle(self, timeout: float = 10.0) -> bool:
        """Wait until no call is in flight; False after `timeout` seconds."""
        with self.lock:
            return self._changed.wait_for(lambda: not self.in_flight, timeout)

    def begin_call(self) -> None:
        """Count one more call in flight."""
        with self.lock:
            self.in_flight += 1
            self.peak_in_flight = max(self.peak_in_flight, self.in_flight)

    def end_call(self) -> None:
        """Count one call less in flight."""
        with self.lock:
            self.in_flight -= 1
            self._changed.notify_all()
