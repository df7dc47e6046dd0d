"""A large fleet of which a tenth hangs: the others are all there, in time."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from support import exporter, series

from wx_domain_exporter.simulator.demo import fleet, fleet_config

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APPS, HANGING, SLOTS, TIMEOUT = 3000, 300, 64, 10
NOISE = 2
"""Seconds that a busy machine may add; without a deadline such a scrape takes 25 s."""


@contextlib.contextmanager
def simulator() -> Iterator[str]:
    """The simulated API as a process of its own, so that it does not take the tests' time."""
    command = [sys.executable, "-P", "-m", "wx_domain_exporter.simulator", "--port=0", f"--apps={APPS}"]
    with subprocess.Popen(
        [*command, f"--hanging={HANGING}", "--latency=50ms"], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            line = process.stdout.readline() if process.stdout is not None else ""
            yield re.findall(r"http://\S+", line)[0]
        finally:
            process.terminate()


def test_a_tenth_that_hangs_costs_the_others_nothing(tmp_path: Path) -> None:
    path = tmp_path / "config.yml"
    with simulator() as url:
        path.write_text(fleet_config(fleet(APPS, HANGING, latency=0.05), url))
        with exporter(f"--config.file={path}") as program:
            texts, threads, resident = [], [], []
            for _ in range(4):
                begin = time.monotonic()
                texts.append(program.scrape(timeout=TIMEOUT))
                assert time.monotonic() - begin < TIMEOUT + NOISE
                threads.append(program.threads())
                resident.append(program.resident_bytes())
    for text in texts[1:]:
        states = series(text, "wx_domain_up", "appid")
        assert len(states) == APPS
        assert sum(states.values()) == APPS - HANGING
    reasons = set(series(texts[-1], "wx_domain_fetch_error", "reason"))
    assert reasons <= {"deadline", "timeout"}
    # One thread a slot and a few of the server's; hanging calls don't pile up.
    assert max(threads) <= SLOTS + 10
    assert max(resident) - resident[0] < 64 << 20
