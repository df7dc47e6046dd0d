"""`make bench`: print the measured figures and their goals; exit with 1 if a goal is missed."""

import argparse
import platform
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.figures import Figure, table
from benchmarks.profiling import profiled
from benchmarks.rows import ROWS, Bench
from benchmarks.wechat_api import wechat_api


def main() -> None:
    """Measure the selected rows, or profile the exporter."""
    parser = argparse.ArgumentParser(prog="make bench", description="Measure what the exporter costs.")
    parser.add_argument(
        "--only", nargs="+", choices=ROWS, default=list(ROWS), metavar="ROW", help=f"of {', '.join(ROWS)}"
    )
    parser.add_argument(
        "--profile", action="store_true", help="print where the exporter spends its time instead"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, wechat_api(Path(folder)) as api:
        if options.profile:
            print(profiled(api, Path(folder)))
            return
        figures = _measured(Bench(api, Path(folder)), options.only)
    print(f"\nPython {platform.python_version()}\n\n{table(figures)}")
    sys.exit(1 if any(figure.verdict == "MISSED" for figure in figures) else 0)


def _measured(bench: Bench, names: list[str]) -> list[Figure]:
    figures: list[Figure] = []
    for name in names:
        begin = time.monotonic()
        for figure in ROWS[name](bench):
            figures.append(figure)
            print(f"{name}: {figure.work}: {figure.measured:.2f} {figure.unit} {figure.how}", flush=True)
        print(f"{name} took {time.monotonic() - begin:.0f} s", flush=True)
    return figures


if __name__ == "__main__":
    main()
