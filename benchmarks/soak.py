"""Run the soak test for longer than the test suite does, and print what it measured.

`.venv/test/bin/python benchmarks/soak.py [MINUTES]`, 15 by default.
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from helpers.soak import Soak


def main() -> None:
    """Run the soak test; exit with 1 if there was a problem."""
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 15
    with tempfile.TemporaryDirectory() as folder:
        figures = Soak(Path(folder), apps=200, seed=1).run(seconds=60 * minutes)
    third = max(1, len(figures.resident) // 3)
    rows = {
        "minutes": f"{minutes:g}",
        "scrapes": figures.scrapes,
        "longest scrape": f"{figures.longest:.2f} s",
        "faults": figures.faults,
        "reloads": figures.reloads,
        "rotated secrets": figures.rotations,
        "resident memory, highest in the first third": f"{max(figures.resident[:third]) >> 20} MB",
        "resident memory, highest in the last third": f"{max(figures.resident[-third:]) >> 20} MB",
        "threads, highest in the first third": max(figures.threads[:third]),
        "threads, highest in the last third": max(figures.threads[-third:]),
        "open files, highest in the first third": max(figures.descriptors[:third]),
        "open files, highest in the last third": max(figures.descriptors[-third:]),
        "problems": len(figures.problems),
    }
    for name, figure in rows.items():
        print(f"{name:45} {figure}")
    for problem in figures.problems[:20]:
        print(problem)
    sys.exit(1 if figures.problems else 0)


if __name__ == "__main__":
    main()
