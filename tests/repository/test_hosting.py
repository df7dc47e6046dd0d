"""The files for GitHub: they are valid, actions are pinned, and the commands exist."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from helpers.documents import text_of
from helpers.repository import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

SCHEMAS = {
    "vendor.github-workflows": ".github/workflows/*.yml",
    "vendor.github-issue-forms": ".github/ISSUE_TEMPLATE/[!c]*.yml",
    "vendor.github-issue-config": ".github/ISSUE_TEMPLATE/config.yml",
    "vendor.dependabot": ".github/dependabot.yml",
}
WORKFLOWS = sorted(str(path.relative_to(REPOSITORY)) for path in REPOSITORY.glob(".github/workflows/*.yml"))


def load(name: str) -> Any:
    return yaml.safe_load(text_of(name))


def commands(name: str) -> list[str]:
    return [step["run"] for job in load(name)["jobs"].values() for step in job["steps"] if "run" in step]


@pytest.mark.parametrize(("schema", "pattern"), SCHEMAS.items())
def test_each_file_is_valid(schema: str, pattern: str) -> None:
    files = [str(path) for path in REPOSITORY.glob(pattern)]
    assert files
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *files]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("name", WORKFLOWS)
class TestWorkflows:
    def test_each_action_is_pinned_to_a_commit_and_says_which_version_that_is(self, name: str) -> None:
        used = re.findall(r"uses: (.*)$", text_of(name), re.MULTILINE)
        assert used
        for action in used:
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action

    def test_jobs_have_read_permissions_by_default_and_a_time_limit(self, name: str) -> None:
        workflow = load(name)
        assert workflow["permissions"] == {"contents": "read"}
        assert all(job["timeout-minutes"] <= 60 for job in workflow["jobs"].values())

    def test_called_scripts_and_targets_exist(self, name: str) -> None:
        text = "\n".join(commands(name))
        for path in re.findall(r"(?<![\w/.-])((?:scripts|deploy|requirements)/[\w./-]+)", text):
            assert (REPOSITORY / path).exists(), path
        targets = set(re.findall(r"^([a-z]+):", text_of("Makefile"), re.MULTILINE))
        assert set(re.findall(r"^make (\w+)", text, re.MULTILINE)) <= targets

    def test_no_expression_is_expanded_in_a_command(self, name: str) -> None:
        assert commands(name)
        assert not [text for text in commands(name) if "${{" in text]


def test_all_supported_pythons_are_tested() -> None:
    tested = load(".github/workflows/ci.yml")["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert tested == re.findall(r"Python :: (3\.\d+)\"", text_of("pyproject.toml"))


def test_the_same_action_has_one_version_everywhere() -> None:
    used = {line for name in WORKFLOWS for line in re.findall(r"uses: (.*)$", text_of(name), re.MULTILINE)}
    assert len({line.partition("@")[0] for line in used}) == len(used)


def test_all_platforms_of_the_image_can_be_emulated() -> None:
    steps = load(".github/workflows/release.yml")["jobs"]["image"]["steps"]
    used = {step["uses"].partition("@")[0]: step.get("with", {}) for step in steps if "uses" in step}
    platforms = used["docker/build-push-action"]["platforms"].split(",")
    emulated = used["docker/setup-qemu-action"]["platforms"].split(",")
    assert platforms == ["linux/amd64", *(f"linux/{platform}" for platform in emulated)]


@pytest.mark.parametrize(
    ("ref", "tags"), [("v1.2.3", ["1.2.3", "1.2", "latest"]), ("v1.2.3-rc.1", ["1.2.3-rc.1"])]
)
def test_a_released_image_has_the_tags_that_people_pull(ref: str, tags: list[str], tmp_path: Path) -> None:
    steps = load(".github/workflows/release.yml")["jobs"]["image"]["steps"]
    (names,) = (step["run"] for step in steps if step.get("id") == "names")
    output = tmp_path / "output"
    env = {"PATH": os.environ["PATH"], "GITHUB_REPOSITORY": "Acme/Exporter", "GITHUB_REF_NAME": ref}
    subprocess.run(["bash", "-e", "-c", names], env={**env, "GITHUB_OUTPUT": str(output)}, check=True)
    outputs = dict(line.split("=", 1) for line in output.read_text().splitlines())
    assert outputs["tags"].rstrip(",").split(",") == [f"ghcr.io/acme/exporter:{tag}" for tag in tags]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", outputs["created"])


def test_the_hooks_call_what_make_check_installs() -> None:
    hooks = load(".pre-commit-config.yaml")["repos"][0]["hooks"]
    assert {hook["language"] for hook in hooks} == {"system"}
    entries = [hook["entry"].split()[0] for hook in hooks]
    assert set(entries) == {".venv/test/bin/python", "scripts/check"}
