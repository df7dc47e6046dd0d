"""Runs real helm and kubectl, and validates what they write against Kubernetes' schemas."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import kubernetes_validate
import yaml
from helpers.json_text import as_json
from helpers.programs import kubernetes_program
from helpers.repository import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

RELEASES = ("1.31", "1.37")
"""An old release that clusters still run, and the newest one that the validator knows; helm 3 and helm 4."""
OPERATOR = "monitoring.coreos.com/"
CHART = REPOSITORY / "deploy" / "helm"


def run(name: str, release: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run helm or kubectl."""
    command = [kubernetes_program(name, release), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def helm(folder: Path, release: str, *values: Mapping[str, Any], flags: tuple[str, ...] = ()) -> Any:
    """The completed `helm template` of the chart with these values, each in a file of its own."""
    arguments = ["template", "wx-domain-exporter", str(CHART), "--namespace=wx-domain"]
    for number, tree in enumerate(values):
        file = folder / f"values-{number}.yaml"
        file.write_text(as_json(tree))
        arguments.append(f"--values={file}")
    return run("helm", release, *arguments, f"--kube-version={release}", *flags)


def rendered(output: subprocess.CompletedProcess[str]) -> list[Any]:
    """The resources that helm or kubectl wrote."""
    assert output.returncode == 0, output.stderr
    return [tree for tree in yaml.safe_load_all(output.stdout) if tree]


def validate(resources: list[Any], release: str) -> None:
    """Check the resources against the schemas of a release; those of the operator have none."""
    assert resources
    for resource in resources:
        if not resource["apiVersion"].startswith(OPERATOR):
            kubernetes_validate.validate(resource, release, strict=True)


def one(resources: list[Any], kind: str) -> Any:
    """The only resource of a kind."""
    (resource,) = (resource for resource in resources if resource["kind"] == kind)
    return resource
