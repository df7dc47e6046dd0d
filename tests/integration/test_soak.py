"""A short time of the soak tests; `benchmarks/soak.py` runs them for longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.hostile_soak import MIN_SCRAPES, HostileSoak
from helpers.soak import Soak

if TYPE_CHECKING:
    from pathlib import Path


def test_a_minute_of_faults_reloads_and_rotations(tmp_path: Path) -> None:
    figures = Soak(tmp_path, apps=200, seed=7).run(seconds=60)
    assert figures.problems == []
    assert figures.are_enough, figures
    third = len(figures.resident) // 3
    assert max(figures.resident[-third:]) - max(figures.resident[:third]) < 32 << 20
    assert max(figures.threads[-third:]) <= max(figures.threads[:third]) + 8
    assert max(figures.descriptors[-third:]) <= max(figures.descriptors[:third]) + 80


def test_half_a_minute_among_hostile_peers(tmp_path: Path) -> None:
    soak = HostileSoak(tmp_path, pace=0.2)
    soak.run(seconds=30)
    assert soak.problems == []
    assert soak.counts["scrapes"] >= MIN_SCRAPES
    assert soak.counts["new authorities"] >= 1
    assert soak.counts["clock jumps"] >= 1
    assert soak.counts["pauses of the log"] >= 1
    assert soak.gateway.counts["surplus responses"] > 0
    assert soak.gateway.counts["echoed secrets"] > 0
