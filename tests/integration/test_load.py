"""A large fleet of which a tenth hangs: all others are in every scrape, before its timeout."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from helpers.exporter_process import exporter
from helpers.fleets import fleet_config, generated_fleet
from helpers.samples import series

from wx_domain_exporter.simulator.generated_fleet import generate_fleet

if TYPE_CHECKING:
    from pathlib import Path

APPS, HANGING, SLOTS, TIMEOUT = 3000, 300, 64, 10
NOISE = 10
"""Seconds that a busy machine may add; without a deadline such a scrape would take 25 s."""


def test_a_tenth_that_hangs_does_not_affect_the_others(tmp_path: Path) -> None:
    path = tmp_path / "config.yml"
    with generated_fleet(APPS, HANGING, "50ms") as url:
        path.write_text(fleet_config(generate_fleet(APPS, HANGING, latency=0.05), url))
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
    # All calls share one thread, and the server has a few; calls that hang do not add threads.
    assert max(threads) <= 10
    assert max(resident) - resident[0] < 64 << 20
