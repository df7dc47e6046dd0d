"""The Kubernetes manifests: they are valid, and they match each other and the exporter."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import kubernetes_validate
import pytest
import yaml
from helpers.configurations import parse
from helpers.documents import blocks, text_of
from helpers.json_text import as_json
from helpers.kubernetes import OPERATOR, RELEASES, rendered, run, validate
from helpers.operator_jobs import job_of_scrape_config, job_of_service_monitor
from helpers.programs import program
from helpers.repository import REPOSITORY
from helpers.shipped_rules import jobs_of_the_alerts, written_rules

from wx_domain_exporter import __version__
from wx_domain_exporter.commands.flags import FLAGS
from wx_domain_exporter.web.server import server

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = REPOSITORY / "deploy" / "kubernetes"
MONITORS = ("monitoring", "sharded")
FILE = "prometheus.yml"
KUSTOMIZATIONS = sorted(FOLDER.glob("*/kustomization.yaml"))


def load(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text())


def resources(*, operator: bool) -> list[Any]:
    """The manifests of Kubernetes' or the operator's resources, without patches and configurations."""
    names = [
        str((folder.parent / name).relative_to(FOLDER))
        for folder in KUSTOMIZATIONS
        for name in yaml.safe_load(folder.read_text())["resources"]
        if name.endswith(".yaml")
    ]
    trees = {name: load(name) for name in sorted(names)}
    return [
        pytest.param(tree, id=name)
        for name, tree in trees.items()
        if tree["apiVersion"].startswith(OPERATOR) is operator
    ]


DEPLOYMENT = load("base/deployment.yaml")["spec"]["template"]
POD = DEPLOYMENT["spec"]
CONTAINER = POD["containers"][0]


def job_of_monitor(folder: str) -> dict[str, Any]:
    """The scrape job that the folder's ServiceMonitor becomes."""
    monitor, service = load(f"{folder}/servicemonitor.yaml"), load("base/service.yaml")
    return job_of_service_monitor(monitor, service, "localhost:12324")


def promtool(folder: Path, jobs: list[dict[str, Any]], *arguments: str) -> str:
    """The output of promtool for these jobs, which are in FILE."""
    (folder / FILE).write_text(as_json({"scrape_configs": jobs}))
    command = [program("promtool", "prometheus"), *arguments]
    checked = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    return checked.stdout


class TestKustomizations:
    @pytest.mark.parametrize("file", KUSTOMIZATIONS, ids=lambda file: file.parent.name)
    def test_each_lists_what_is_there_and_all_of_it(self, file: Path) -> None:
        tree = yaml.safe_load(file.read_text())
        named = [*tree["resources"], *tree.get("components", ())]
        named += [patch["path"] for patch in tree.get("patches", ())]
        named += [name for generator in tree.get("configMapGenerator", ()) for name in generator["files"]]
        for name in named:
            path = file.parent / name
            assert path.is_file() or (path / "kustomization.yaml").is_file(), name
        assert {path.name for path in file.parent.iterdir()} - {file.name} <= set(named)

    @pytest.mark.parametrize("release", RELEASES)
    @pytest.mark.parametrize("folder", ["base", "example", "sharded"])
    def test_kubectl_renders_it(self, folder: str, release: str) -> None:
        validate(rendered(run("kubectl", release, "kustomize", str(FOLDER / folder))), release)

    def test_all_are_there(self) -> None:
        assert [file.parent.name for file in KUSTOMIZATIONS] == ["base", "example", "monitoring", "sharded"]


def test_the_newest_release_with_schemas_is_among_those_tested() -> None:
    assert kubernetes_validate.latest_version().startswith(f"{RELEASES[-1]}.")


class TestSchemas:
    @pytest.mark.parametrize("release", RELEASES)
    @pytest.mark.parametrize("resource", resources(operator=False))
    def test_resources_of_kubernetes_are_valid(self, resource: Any, release: str) -> None:
        kubernetes_validate.validate(resource, release, strict=True)

    def test_resources_of_the_operator_have_known_versions_and_kinds(self) -> None:
        kinds = {
            (tree["apiVersion"], tree["kind"])
            for (tree,) in (parameters.values for parameters in resources(operator=True))
        }
        assert kinds == {
            ("monitoring.coreos.com/v1", "ServiceMonitor"),
            ("monitoring.coreos.com/v1", "PrometheusRule"),
            ("monitoring.coreos.com/v1alpha1", "ScrapeConfig"),
        }

    @pytest.mark.parametrize("folder", MONITORS)
    def test_prometheus_accepts_the_jobs(self, folder: str, tmp_path: Path) -> None:
        jobs = [job_of_monitor(folder)]
        if folder == "sharded":
            jobs.append(job_of_scrape_config(load("sharded/scrapeconfig.yaml")))
        promtool(tmp_path, jobs, "check", "config", FILE)


class TestExporter:
    """The manifests match the exporter."""

    def test_the_port_is_the_default_one(self) -> None:
        (listen,) = (flag.default for flag in FLAGS if flag.name == "web.listen-address")
        assert [f":{port['containerPort']}" for port in CONTAINER["ports"]] == [listen]
        assert [port["port"] for port in load("base/service.yaml")["spec"]["ports"]] == [int(listen[1:])]

    def test_the_probes_are_its_health_checks(self) -> None:
        paths = [
            CONTAINER[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")
        ]
        assert paths == ["/-/healthy", "/-/healthy", "/-/ready"]

    def test_it_is_killed_only_after_it_has_drained(self) -> None:
        assert POD["terminationGracePeriodSeconds"] > server._GRACE

    def test_the_user_is_the_images(self) -> None:
        user = POD["securityContext"]
        assert f"USER {user['runAsUser']}:{user['runAsGroup']}\n" in text_of("Dockerfile")

    def test_the_configuration_is_where_the_image_looks_for_it(self) -> None:
        mounts = {mount["name"]: mount["mountPath"] for mount in CONTAINER["volumeMounts"]}
        assert f'CMD ["--config.file={mounts["config"]}/config.yml"]' in text_of("Dockerfile")

    def test_the_example_is_of_this_version(self) -> None:
        (image,) = load("example/kustomization.yaml")["images"]
        assert image["name"] == CONTAINER["image"]
        assert image["newTag"] == __version__

    def test_the_examples_configuration_is_valid_and_its_secrets_are_mounted(self, tmp_path: Path) -> None:
        text = (FOLDER / "example/config.yml").read_text()
        mounts = {mount["name"]: mount["mountPath"] for mount in CONTAINER["volumeMounts"]}
        secret = load("example/secret.yaml")
        for path in re.findall(r"file: ([^}\s]+)", text):
            folder, _, name = path.rpartition("/")
            assert folder == mounts["secrets"]
            (tmp_path / name).write_text(secret["stringData"][name])
        text = text.replace(mounts["secrets"], str(tmp_path))
        settings = parse(text.encode(), tmp_path / "config.yml")
        assert [app.name for app in settings.apps] == ["shop"]
        names = {volume["name"]: volume for volume in POD["volumes"]}
        assert names["secrets"]["secret"]["secretName"] == secret["metadata"]["name"]
        (generated,) = load("example/kustomization.yaml")["configMapGenerator"]
        assert names["config"]["configMap"]["name"] == generated["name"]


def test_the_labels_select_the_pods() -> None:
    labels = DEPLOYMENT["metadata"]["labels"]
    service = load("base/service.yaml")
    assert load("base/deployment.yaml")["spec"]["selector"]["matchLabels"] == labels
    assert service["spec"]["selector"] == labels
    assert load("base/networkpolicy.yaml")["spec"]["podSelector"]["matchLabels"] == labels
    monitor = load("monitoring/servicemonitor.yaml")["spec"]
    assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    ports = {port["name"] for port in service["spec"]["ports"]}
    assert {endpoint["port"] for endpoint in monitor["endpoints"]} == ports


def test_the_pod_is_held_as_the_restricted_profile_asks() -> None:
    namespace = load("example/namespace.yaml")
    assert namespace["metadata"]["labels"] == {"pod-security.kubernetes.io/enforce": "restricted"}
    assert POD["securityContext"]["runAsNonRoot"] is True
    assert POD["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert CONTAINER["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert POD["automountServiceAccountToken"] is False
    assert all(mount["readOnly"] for mount in CONTAINER["volumeMounts"])


class TestSharded:
    """As in docs/service-discovery.md, with the operator's sharding in place of hashmod."""

    def test_the_probes_are_those_of_the_docs(self) -> None:
        example = yaml.safe_load(blocks("docs/service-discovery.md", "yaml")[0])["scrape_configs"][0]
        address = f"{load('base/service.yaml')['metadata']['name']}.wx-domain.svc:12324"
        expected = yaml.safe_load(as_json(example).replace("localhost:12324", address))
        job = job_of_scrape_config(load("sharded/scrapeconfig.yaml"))
        hashed = job["relabel_configs"].pop(0)
        assert hashed == {"source_labels": ["__address__"], "target_label": "__tmp_hash"}
        assert job == expected

    def test_the_exporters_own_series_are_those_of_the_docs(self) -> None:
        example = yaml.safe_load(blocks("docs/service-discovery.md", "yaml")[0])["scrape_configs"][1]
        job = job_of_monitor("sharded")
        assert job["params"] == example["params"]


class TestRules:
    @pytest.mark.parametrize("folder", MONITORS)
    def test_the_alerts_know_the_jobs_of_the_service_monitors(self, folder: str, tmp_path: Path) -> None:
        job = job_of_monitor(folder)
        # promtool runs the discovery until the timeout.
        output = promtool(
            tmp_path, [job], "check", "service-discovery", "--timeout=2s", FILE, job["job_name"]
        )
        (target,) = json.loads(output)
        assert re.fullmatch(jobs_of_the_alerts(), target["labels"]["job"])

    def test_the_alerts_know_the_job_of_the_probes(self) -> None:
        name = job_of_scrape_config(load("sharded/scrapeconfig.yaml"))["job_name"]
        assert re.fullmatch(jobs_of_the_alerts(), name)

    def test_are_those_of_the_rule_file(self) -> None:
        rules = yaml.safe_load(text_of("rules/wx-domain.rules.yml"))
        assert load("monitoring/prometheusrule.yaml")["spec"] == rules

    @pytest.mark.parametrize(("file", "name"), [("wx-domain", "wx-domain"), ("targets", "wx-domain-targets")])
    def test_any_rules_can_be_written_so(self, file: str, name: str) -> None:
        rules = written_rules(f"{file}.rules.yml", "--fleet-label=shard")
        command = [sys.executable, "scripts/kubernetes_rules.py", "-"]
        text = subprocess.run(
            command, cwd=REPOSITORY, input=rules, capture_output=True, text=True, check=True
        ).stdout
        written = yaml.safe_load(text)
        assert written["metadata"]["name"] == name
        assert written["spec"] == yaml.safe_load(rules)

    def test_the_check_confirms_that(self) -> None:
        command = [sys.executable, "scripts/kubernetes_rules.py", "--check"]
        checked = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
        assert (checked.returncode, checked.stderr) == (0, "")
