"""Write the files of deploy/helm that are made from others: rules, dashboards, the configuration's schema.

Run as `python3 scripts/helm_chart.py`, with `--check` to compare only; it needs nothing but Python. A chart
can use only what is in its own folder.
"""

import json
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
CHART = REPOSITORY / "deploy" / "helm"
RULES = ("wx-domain", "minimal", "targets")
DASHBOARDS = ("fleet", "mini-program")
LANGUAGES = ("en", "zh")


def rules(name: str, language: str) -> str:
    """The groups of a rule file in a language, as a list."""
    command = [
        sys.executable,
        str(REPOSITORY / "scripts/rules.py"),
        f"{name}.rules.yml",
        f"--lang={language}",
    ]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return textwrap.dedent(text.partition("\ngroups:\n")[2])


def dashboard(name: str, language: str) -> str:
    """A dashboard without the indentation, which the release that Helm stores has no room for."""
    suffix = "" if language == "en" else f".{language}"
    tree = json.loads((REPOSITORY / "dashboards" / f"{name}{suffix}.json").read_text())
    return json.dumps(tree, ensure_ascii=False, separators=(",", ":")) + "\n"


def values_schema() -> str:
    """The schema of the values, written by hand, with that of the configuration filled in."""
    schema = json.loads((CHART / "values.schema.json").read_text())
    config = json.loads((REPOSITORY / "docs/schema/config.schema.json").read_text())
    del config["$schema"]
    # Names of models begin with a capital letter, those that are written by hand do not.
    by_hand = {name: node for name, node in schema["definitions"].items() if name[0].islower()}
    models = config.pop("$defs") | {"Config": config}
    schema["definitions"] = by_hand | {name: _without_lookahead(node) for name, node in models.items()}
    text = json.dumps(schema, indent=2, ensure_ascii=False)
    return text.replace("#/$defs/", "#/definitions/") + "\n"


def _without_lookahead(node: Any) -> Any:  # noqa: ANN401
    """A part of a schema whose patterns Go can compile; what it then allows too, the exporter refuses."""
    if isinstance(node, str):
        return node.replace("(?=.)", "")
    if isinstance(node, list):
        return [_without_lookahead(child) for child in node]
    if not isinstance(node, dict):
        return node
    node = {key: _without_lookahead(child) for key, child in node.items()}
    for pattern, child in node.get("patternProperties", {}).items():
        if "(?!" in pattern:
            del node["patternProperties"]
            return node | {"additionalProperties": child}
    return node


def expected_files() -> Iterator[tuple[Path, str]]:
    """Each file and its expected contents."""
    for language in LANGUAGES:
        for name in RULES:
            yield CHART / f"files/rules/{name}.{language}.yml", rules(name, language)
        for name in DASHBOARDS:
            yield CHART / f"files/dashboards/{name}.{language}.json", dashboard(name, language)
    yield CHART / "values.schema.json", values_schema()


def main() -> None:
    """Write the files, or with --check exit with 1 if one differs."""
    stale = [(path, text) for path, text in expected_files() if not path.exists() or path.read_text() != text]
    for path, text in stale:
        if "--check" in sys.argv[1:]:
            print(f"{path.relative_to(REPOSITORY)} is out of date; run scripts/helm_chart.py to write it")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    sys.exit(1 if "--check" in sys.argv[1:] and stale else 0)


if __name__ == "__main__":
    main()
