"""Write rules/wx-domain.rules.yml as a PrometheusRule for the Prometheus operator; `--check` only compares.

Run as `python3 scripts/kubernetes_rules.py`; it needs nothing but Python. It indents the rules as text,
which keeps their comments. With `-` it reads the output of scripts/rules.py, and writes to standard output.
"""

import re
import sys
import textwrap
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
RULES = REPOSITORY / "rules" / "wx-domain.rules.yml"
MANIFEST = REPOSITORY / "deploy" / "kubernetes" / "monitoring" / "prometheusrule.yaml"
HEAD = """\
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: NAME
  labels:
    app.kubernetes.io/name: wx-domain-exporter
spec:
"""
NOTE = "# Made from rules/wx-domain.rules.yml by scripts/kubernetes_rules.py: change that, then run this.\n"


def manifest(rules: str) -> str:
    """The manifest with the contents of a Prometheus rule file; its name is that of the first group."""
    groups = rules[rules.index("groups:") :]
    name = "-".join(re.findall(r"[a-z]+", groups.partition("- name: ")[2].partition("\n")[0]))
    return HEAD.replace("NAME", name.removesuffix("-apps")) + textwrap.indent(groups, "  ")


def main() -> None:
    """Write the manifest, or with --check exit with 1 if it differs."""
    if "-" in sys.argv[1:]:
        sys.stdout.write(manifest(sys.stdin.read()))
        return
    expected = NOTE + manifest(RULES.read_text())
    if "--check" not in sys.argv[1:]:
        MANIFEST.write_text(expected)
    elif not MANIFEST.exists() or MANIFEST.read_text() != expected:
        sys.exit(f"{MANIFEST.relative_to(REPOSITORY)} is out of date; run scripts/kubernetes_rules.py")


if __name__ == "__main__":
    main()
