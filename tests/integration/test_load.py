"""A large fleet of which a tenth hangs: all others are in every scrape, before its timeout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.exporter_process import exporter
from helpers.fleets import fleet_config, generated_fleet
from helpers.samples import series

from wx_domain_exporter.simulator.generated_fleet import generate_fleet

if TYPE_CHECKING:
    from pathlib import Path

APPS, HANGING, SLOTS, TIMEOUT = 1000, 100, 64, 15
"""The others take about one second, so that a busy machine has time enough."""


def test_a_tenth_that_hangs_does_not_affect_the_others(tmp_path: Path) -> None:
    path = tmp_path / "config.yml"
    world = generate_fleet(APPS, HANGING, latency=0.05)
    with generated_fleet(APPS, HANGING, "50ms") as url:
        path.write_text(fleet_config(world, url, wechat={"timeout": "2m"}))
        with exporter(f"--config.file={path}") as program:
            texts, threads, resident = [], [], []
            for _ in range(3):
                texts.append(program.scrape(timeout=TIMEOUT))
                threads.append(program.threads())
                resident.append(program.resident_bytes())
    for text in texts[1:]:
        states = series(text, "wx_domain_up", "appid")
        assert len(states) == APPS
        assert sum(states.values()) == APPS - HANGING
    assert set(series(texts[-1], "wx_domain_fetch_error", "reason")) == {"deadline"}
    # All calls share one thread, and the server has a few; calls that hang do not add threads.
    assert max(threads) <= 10
    assert max(resident) - resident[0] < 64 << 20
