"""Run the soak tests for longer than the test suite does, and print what they measured.

`.venv/test/bin/python benchmarks/soak.py [--hostile] [MINUTES]`, 15 by default; `--hostile` runs the one
among hostile peers, which tests/helpers/hostile_soak.py describes.
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from helpers.hostile_soak import HostileSoak
from helpers.soak import Soak


def main() -> None:
    """Run a soak test; exit with 1 if there was a problem."""
    parser = argparse.ArgumentParser()
    parser.add_argument("minutes", nargs="?", type=float, default=15)
    parser.add_argument("--hostile", action="store_true")
    options = parser.parse_args()
    run = _hostile if options.hostile else _faulty
    with tempfile.TemporaryDirectory() as folder:
        rows, problems = run(Path(folder), 60 * options.minutes)
    for name, figure in {"minutes": f"{options.minutes:g}", **rows, "problems": len(problems)}.items():
        print(f"{name:45} {figure}")
    print("\n".join(problems[:20]))
    sys.exit(1 if problems else 0)


def _faulty(folder: Path, seconds: float) -> tuple[dict[str, object], list[str]]:
    figures = Soak(folder, apps=200, seed=1).run(seconds)
    rows = {
        "scrapes": figures.scrapes,
        "longest scrape": f"{figures.longest:.2f} s",
        "faults": figures.faults,
        "reloads": figures.reloads,
        "rotated secrets": figures.rotations,
        **_thirds("resident memory in MB", [size >> 20 for size in figures.resident]),
        **_thirds("threads", figures.threads),
        **_thirds("open files", figures.descriptors),
    }
    return rows, figures.problems


def _hostile(folder: Path, seconds: float) -> tuple[dict[str, object], list[str]]:
    soak = HostileSoak(folder)
    soak.run(seconds)
    rows = {
        **soak.counts,
        **soak.gateway.counts,
        "longest scrape": f"{soak.longest:.2f} s",
        "scrapes with a list of another app": len(soak.foreign),
        "lists of another app in them": soak.foreign.total(),
        **_thirds("resident memory in MB", [size >> 20 for size in soak.resident]),
    }
    return rows, soak.problems


def _thirds(name: str, figures: list[int]) -> dict[str, object]:
    """Return the highest figures at the begin and at the end."""
    third = max(1, len(figures) // 3)
    return {
        f"{name}, highest in the first third": max(figures[:third]),
        f"{name}, highest in the last third": max(figures[-third:]),
    }


if __name__ == "__main__":
    main()
