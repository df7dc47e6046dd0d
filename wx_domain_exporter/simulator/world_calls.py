"""What all parts of a simulated WeChat share: its clock, its chance, its lock and the count of its calls."""

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
        clock: Unix time; tokens, quotas and changing lists go by it.
        seed: Of all that is random: the same seed and calls give the same answers.
        quirks: Whether answers are as untidy as real ones.
        quoted_urls: How often an errmsg quotes the request's URL, with the token in it: from 0 to 1.
        client_ip: The caller's address where a call has no `X-Forwarded-For`.

    Attributes:
        calls: How often each `(api, appid)` was called: the appid of the app, the component_appid for
            `api_component_token` and `api_get_authorizer_list`, empty where the call named no known one;
            a `stable_token` with force_refresh counts as `stable_token_force_refresh` instead.
        in_flight: API calls that are not answered yet.
        peak_in_flight: The most there ever were.
        lock: Held while a call is worked on; hold it to change several things at once.
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
        """The app's own random numbers, so that no answer hangs on the timing of other apps' calls."""
        found = self._random.get(appid)
        if found is None:
            found = self._random[appid] = Random(f"{self.seed}:{appid}")
        return found

    def request_id(self, appid: str) -> str:
        """A new request id."""
        return request_id(self.clock(), self.random(appid))

    def count(self, api: str, appid: str) -> None:
        """Count one call."""
        with self.lock:
            self.calls[api, appid] += 1
            self._changed.notify_all()

    def wait_for_calls(self, api: str, appid: str, number: int = 1, timeout: float = 10.0) -> bool:
        """Wait until there were that many calls; False if `timeout` seconds pass before."""
        with self.lock:
            return self._changed.wait_for(lambda: self.calls[api, appid] >= number, timeout)

    def wait_until_idle(self, timeout: float = 10.0) -> bool:
        """Wait until no call is in flight; False if `timeout` seconds pass before."""
        with self.lock:
            return self._changed.wait_for(lambda: not self.in_flight, timeout)

    def begin_call(self) -> None:
        """One more call in flight."""
        with self.lock:
            self.in_flight += 1
            self.peak_in_flight = max(self.peak_in_flight, self.in_flight)

    def end_call(self) -> None:
        """One call less in flight."""
        with self.lock:
            self.in_flight -= 1
            self._changed.notify_all()
