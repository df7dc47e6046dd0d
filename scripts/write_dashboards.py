"""Write dashboards/*.json from their source in the same folder; `--check` only compares.

Run as `.venv/test/bin/python scripts/write_dashboards.py`, from the checkout.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards.chinese import in_chinese
from dashboards.fleet import fleet_dashboard
from dashboards.mini_program import mini_program_dashboard

FOLDER = Path(__file__).resolve().parent.parent / "dashboards"
DASHBOARDS = {"fleet.json": fleet_dashboard, "mini-program.json": mini_program_dashboard}


def expected_files() -> dict[str, str]:
    """The expected contents of each file, by name."""
    files = {}
    for name, make in DASHBOARDS.items():
        english = json.loads(json.dumps(make(), cls=JSONEncoder))
        files[name] = _as_json(english)
        files[name.replace(".json", ".zh.json")] = _as_json(in_chinese(english))
    return files


def _as_json(dashboard: object) -> str:
    return json.dumps(dashboard, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the files, or with --check exit with 1 if one differs."""
    check = "--check" in sys.argv[1:]
    stale = {
        name: text
        for name, text in expected_files().items()
        if not (FOLDER / name).exists() or (FOLDER / name).read_text() != text
    }
    for name, text in stale.items():
        if check:
            print(f"dashboards/{name} is out of date; run make dashboards to write it")
        else:
            (FOLDER / name).write_text(text)
    sys.exit(1 if check and stale else 0)


if __name__ == "__main__":
    main()
