"""The Helm chart: real helms render it, it is valid, and it deploys what the kustomize base deploys."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from helpers.configurations import parse
from helpers.documents import blocks, text_of
from helpers.json_text import as_json
from helpers.kubernetes import CHART, RELEASES, helm, one, rendered, run, validate
from helpers.programs import program
from helpers.repository import REPOSITORY
from helpers.shipped_rules import written_rules

from wx_domain_exporter import __version__
from wx_domain_exporter.commands.flags import parse_flags

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "deploy/helm/README.md"
EXAMPLES = [yaml.safe_load(block) for block in blocks(PAGE, "yaml")]
FIRST = EXAMPLES[0]
NEWEST = RELEASES[-1]
HELM_ONLY = {
    "app.kubernetes.io/instance",
    "app.kubernetes.io/version",
    "app.kubernetes.io/managed-by",
    "helm.sh/chart",
    "checksum/config",
}
"""Labels and annotations that a chart has and the kustomize base does not."""


def resources(folder: Path, *values: dict[str, Any], release: str = NEWEST) -> list[Any]:
    return rendered(helm(folder, release, FIRST, *values))


def container(found: list[Any]) -> Any:
    return one(found, "Deployment")["spec"]["template"]["spec"]["containers"][0]


@pytest.mark.parametrize("release", RELEASES)
class TestRendering:
    def test_helm_finds_no_fault(self, release: str) -> None:
        checked = run("helm", release, "lint", "--strict", str(CHART))
        assert checked.returncode == 0, checked.stdout + checked.stderr

    @pytest.mark.parametrize("example", range(len(EXAMPLES)))
    def test_each_example_is_valid(self, example: int, release: str, tmp_path: Path) -> None:
        validate(resources(tmp_path, EXAMPLES[example], release=release), release)

    def test_the_demo_needs_no_configuration(self, release: str, tmp_path: Path) -> None:
        found = rendered(helm(tmp_path, release, {"demo": True}))
        validate(found, release)
        assert container(found)["args"] == ["--demo"]
        assert "volumeMounts" not in container(found)

    def test_a_configuration_can_be_a_file(self, release: str, tmp_path: Path) -> None:
        file = REPOSITORY / "config.yml"
        found = rendered(helm(tmp_path, release, flags=(f"--set-file=config={file}",)))
        validate(found, release)
        assert one(found, "ConfigMap")["data"]["config.yml"].strip() == file.read_text().strip()

    @pytest.mark.parametrize(
        ("values", "where"),
        [
            ({"replica": 2}, "replica"),
            ({"fleet": "huge"}, "fleet"),
            ({"config": {"apps": [{"appid": "wx1"}]}}, "appid"),
            ({"appFiles": {"a.yml": [{"appid": "wx1"}]}}, "appid"),
        ],
    )
    def test_the_schema_names_mistakes(
        self, values: dict[str, Any], where: str, release: str, tmp_path: Path
    ) -> None:
        refused = helm(tmp_path, release, FIRST, values)
        assert refused.returncode != 0
        assert "specifications of the schema" in refused.stderr
        assert where in refused.stderr


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"config": None}, "set one of config, existingConfigMap and demo; set are: none"),
        ({"demo": True}, "set are: config, demo"),
        ({"replicas": 2, "monitoring": {"serviceMonitor": {"enabled": True}}}, "set monitoring.scrapeConfig"),
        (
            {"replicas": 2, "config": {"platforms": {"main": {"own_component_token": True}}}},
            "own_component_token would make each of them end the others'",
        ),
        (
            {"monitoring": {"interval": "5m", "prometheusRule": {"enabled": True}}},
            "write others with scripts/rules.py",
        ),
    ],
)
def test_contradictions_are_refused_with_a_sentence(
    values: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    if "platforms" in (values.get("config") or {}):
        values["config"]["platforms"]["main"]["component_appid"] = FIRST["config"]["apps"][0]["appid"]
    refused = helm(tmp_path, NEWEST, FIRST, values)
    assert refused.returncode != 0
    assert sentence in refused.stderr


class TestSameAsKustomize:
    """The chart with the example's configuration deploys what the kustomize example deploys."""

    def kustomized(self, folder: str, release: str = NEWEST) -> dict[str, Any]:
        output = run("kubectl", release, "kustomize", str(REPOSITORY / "deploy/kubernetes" / folder))
        return essence(rendered(output))

    def charted(self, folder: Path, **monitoring: Any) -> dict[str, Any]:
        config = yaml.safe_load(text_of("deploy/kubernetes/example/config.yml"))
        values = {
            "image": {"repository": "registry.example.com/wx_domain_exporter"},
            "config": config,
            "existingSecrets": ["wx-domain-exporter"],
            "monitoring": {
                "serviceMonitor": {"enabled": True},
                "prometheusRule": {"enabled": True},
                **monitoring,
            },
        }
        return essence(rendered(helm(folder, NEWEST, values)))

    def test_one_scrape_of_all(self, tmp_path: Path) -> None:
        expected, found = self.kustomized("example"), self.charted(tmp_path)
        assert set(expected) - set(found) == {"Namespace", "Secret"}
        assert found == {kind: expected[kind] for kind in found}

    def test_a_scrape_for_each(self, tmp_path: Path) -> None:
        expected, found = self.kustomized("sharded"), self.charted(tmp_path, scrapeConfig={"enabled": True})
        assert {"ScrapeConfig", "ServiceMonitor"} <= set(found)
        assert found == {kind: expected[kind] for kind in found}

    def test_an_old_kubectl_writes_the_same(self) -> None:
        assert self.kustomized("sharded", RELEASES[0]) == self.kustomized("sharded")


def essence(found: list[Any]) -> dict[str, Any]:
    """What a resource of each kind does, without what only one of the two ways writes."""
    trees = {tree["kind"]: _without(tree) for tree in found}
    pod = trees["Deployment"]["spec"]["template"]["spec"]
    (only,) = pod["containers"]
    command = only.pop("args", None)
    assert command is None or f"CMD {json.dumps(command)}" in text_of("Dockerfile")
    assert only.pop("imagePullPolicy", "IfNotPresent") == "IfNotPresent"
    for volume in pod["volumes"]:
        if "projected" in volume:
            projected = volume.pop("projected")
            (source,) = projected["sources"]
            volume["secret"] = {
                "secretName": source["secret"]["name"],
                "defaultMode": projected["defaultMode"],
            }
        if "configMap" in volume:
            volume["configMap"]["name"] = re.sub(r"-[a-z0-9]{10}$", "", volume["configMap"]["name"])
    config = trees["ConfigMap"]
    config["data"] = {name: yaml.safe_load(text) for name, text in config["data"].items()}
    # scripts/rules.py writes minutes as seconds.
    rules = re.sub(
        r"\b(\d+) \* 60\b", lambda minutes: f"{int(minutes[1]) * 60}", as_json(trees["PrometheusRule"])
    )
    trees["PrometheusRule"] = json.loads(rules)
    # Names that nothing refers to.
    for kind in {"ConfigMap", "PrometheusRule", "ScrapeConfig"} & set(trees):
        del trees[kind]["metadata"]
    return trees


def _without(node: Any) -> Any:
    if isinstance(node, dict):
        kept = {key: _without(child) for key, child in node.items() if key not in HELM_ONLY}
        return {key: child for key, child in kept.items() if child != {}}
    return [_without(child) for child in node] if isinstance(node, list) else node


class TestConfiguration:
    @pytest.mark.parametrize("values", [{}, EXAMPLES[2]])
    def test_it_arrives_as_it_was_written(self, values: dict[str, Any], tmp_path: Path) -> None:
        config = FIRST["config"] | {"wechat": {"max_response_bytes": 1_048_576}}
        found = resources(tmp_path, values, {"config": config})
        texts = {
            name: text for map_ in found if map_["kind"] == "ConfigMap" for name, text in map_["data"].items()
        }
        files = {"app_files": ["apps.d/*.yml"]} if "appFiles" in values else {}
        assert "max_response_bytes: 1048576\n" in texts["config.yml"]  # not 1.048576e+06
        assert yaml.safe_load(texts.pop("config.yml")) == config | files
        assert {name: yaml.safe_load(text) for name, text in texts.items()} == values.get("appFiles", {})

    def test_the_exporter_accepts_it_with_the_mounted_files(self, tmp_path: Path) -> None:
        found = resources(tmp_path, EXAMPLES[2])
        mounts = {mount["name"]: mount["mountPath"] for mount in container(found)["volumeMounts"]}
        config, apps = (
            next(iter(tree["data"].values())).replace(mounts["secrets"], str(tmp_path))
            for tree in sorted(
                (tree for tree in found if tree["kind"] == "ConfigMap"),
                key=lambda tree: str(tree["metadata"]["name"]),
            )
        )
        for name in re.findall(rf"{tmp_path}/([\w-]+)", config + apps):
            (tmp_path / name).write_text("0" * 32)
        assert mounts["apps"] == f"{mounts['config']}/apps.d"
        (tmp_path / "apps.d").mkdir()
        (tmp_path / "apps.d" / "shops.yml").write_text(apps)
        settings = parse(config.encode(), tmp_path / "config.yml")
        assert [app.name for app in settings.apps] == ["shop", "tickets"]

    def test_a_change_starts_a_new_pod(self, tmp_path: Path) -> None:
        def checksum(*values: dict[str, Any]) -> str:
            template = one(resources(tmp_path, *values), "Deployment")["spec"]["template"]
            return str(template["metadata"]["annotations"]["checksum/config"])

        assert checksum() == checksum({"fleet": "large"})
        assert checksum() != checksum({"config": {"scrape": {"min_interval": "5s"}}})

    def test_all_secrets_are_in_one_folder(self, tmp_path: Path) -> None:
        found = resources(
            tmp_path, {"existingSecrets": ["one", "two"], "secrets": {"tickets-appsecret": "0"}}
        )
        volumes = {
            volume["name"]: volume
            for volume in one(found, "Deployment")["spec"]["template"]["spec"]["volumes"]
        }
        names = [source["secret"]["name"] for source in volumes["secrets"]["projected"]["sources"]]
        assert names == ["one", "two", one(found, "Secret")["metadata"]["name"]]
        assert one(found, "Secret")["stringData"] == {"tickets-appsecret": "0"}

    def test_the_sizes_are_those_of_the_page(self, tmp_path: Path) -> None:
        rows = re.findall(r"^\| `(\w+)` \| [^|]* \| (\w+) \| (\w+) \| (\w+) \|$", text_of(PAGE), re.MULTILINE)
        assert len(rows) == 3
        for fleet, cpu, memory, limit in rows:
            assert container(resources(tmp_path, {"fleet": fleet}))["resources"] == {
                "requests": {"cpu": cpu, "memory": memory},
                "limits": {"memory": limit},
            }
        own = {"limits": {"memory": "2Gi"}}
        assert container(resources(tmp_path, {"resources": own}))["resources"] == own


class TestWebConfiguration:
    def test_probes_are_the_images_health_check_with_the_flags_of_the_container(self, tmp_path: Path) -> None:
        found = container(
            resources(tmp_path, {"web": {"existingSecret": "web"}, "flags": ["--log.format=json"]})
        )
        (health,) = re.findall(r"^ +CMD (\[.*--health.*\])$", text_of("Dockerfile"), re.MULTILINE)
        command = json.loads(health)
        flags = found["args"][1:]
        assert flags == [
            "--web.config.file=/run/secrets/wx_domain_exporter_web/web.yml",
            "--log.format=json",
        ]
        assert parse_flags([*command[command.index("--health") :], *flags]).health
        for kind in ("startup", "liveness", "readiness"):
            assert found[f"{kind}Probe"]["exec"]["command"] == command + flags
            assert "httpGet" not in found[f"{kind}Probe"]
            assert found[f"{kind}Probe"]["timeoutSeconds"] == 5

    @pytest.mark.parametrize("tls", [True, False])
    def test_prometheus_uses_it_too(self, *, tls: bool, tmp_path: Path) -> None:
        client = {"basicAuth": {"username": {"name": "a", "key": "b"}, "password": {"name": "a", "key": "c"}}}
        monitoring = {
            "serviceMonitor": {"enabled": True},
            "scrapeConfig": {"enabled": True},
            "client": client,
        }
        values = {"web": {"existingSecret": "web", "tls": tls}, "monitoring": monitoring}
        found = resources(tmp_path, values)
        (endpoint,) = one(found, "ServiceMonitor")["spec"]["endpoints"]
        probe = one(found, "ScrapeConfig")["spec"]
        (discovery,) = probe["httpSDConfigs"]
        assert (endpoint.get("scheme"), probe.get("scheme")) == (("https", "HTTPS") if tls else (None, None))
        assert discovery["url"].startswith("https://" if tls else "http://")
        for part in (endpoint, probe, discovery):
            assert part["basicAuth"] == client["basicAuth"]


class TestRules:
    RULES: tuple[tuple[dict[str, Any], list[str], list[str]], ...] = (
        ({}, ["wx-domain.rules.yml"], []),
        ({"rules": "minimal"}, ["minimal.rules.yml"], []),
        ({"targets": True, "language": "zh"}, ["wx-domain.rules.yml", "targets.rules.yml"], ["--lang=zh"]),
        ({"appLabels": ["team", "tier"]}, ["wx-domain.rules.yml"], ["--label=team", "--label=tier"]),
        (
            {"rules": "minimal", "language": "zh", "runbookUrl": "https://wiki.example.com/runbook"},
            ["minimal.rules.yml"],
            ["--lang=zh", "--runbook-url=https://wiki.example.com/runbook"],
        ),
    )

    @pytest.mark.parametrize(("values", "files", "flags"), RULES)
    def test_are_those_that_scripts_rules_writes(
        self, values: dict[str, Any], files: list[str], flags: list[str], tmp_path: Path
    ) -> None:
        found = resources(tmp_path, {"monitoring": {"prometheusRule": {"enabled": True, **values}}})
        expected = [yaml.safe_load(written_rules(file, *flags)) for file in files]
        spec = one(found, "PrometheusRule")["spec"]
        assert spec == {"groups": [group for tree in expected for group in tree["groups"]]}
        (tmp_path / "rules.yml").write_text(as_json(spec))
        command = [program("promtool", "prometheus"), "check", "rules", str(tmp_path / "rules.yml")]
        subprocess.run(command, capture_output=True, check=True)

    def test_can_be_a_file_of_ones_own(self, tmp_path: Path) -> None:
        text = written_rules("--scrape-interval=5m")
        (tmp_path / "own.yml").write_text(text)
        found = rendered(
            helm(
                tmp_path,
                NEWEST,
                FIRST,
                {"monitoring": {"interval": "5m", "prometheusRule": {"enabled": True}}},
                flags=(f"--set-file=monitoring.prometheusRule.content={tmp_path / 'own.yml'}",),
            )
        )
        assert one(found, "PrometheusRule")["spec"] == yaml.safe_load(text)

    def test_the_operator_finds_all_its_resources_by_their_labels(self, tmp_path: Path) -> None:
        kinds = {name: {"enabled": True} for name in ("serviceMonitor", "scrapeConfig", "prometheusRule")}
        found = resources(tmp_path, {"monitoring": {"labels": {"release": "stack"}, **kinds}})
        for kind in ("ServiceMonitor", "ScrapeConfig", "PrometheusRule"):
            assert one(found, kind)["metadata"]["labels"]["release"] == "stack"


@pytest.mark.parametrize(("language", "suffix"), [("en", ""), ("zh", ".zh")])
def test_dashboards_are_those_of_the_repository(language: str, suffix: str, tmp_path: Path) -> None:
    values = {"enabled": True, "language": language, "namespace": "grafana"}
    found = [
        tree
        for tree in resources(tmp_path, {"dashboards": values})
        if tree["metadata"].get("labels", {}).get("grafana_dashboard") == "1"
    ]
    assert {tree["metadata"]["namespace"] for tree in found} == {"grafana"}
    contents = {name: json.loads(text) for tree in found for name, text in tree["data"].items()}
    assert contents == {
        f"wx-domain-{name}.json": json.loads(text_of(f"dashboards/{name}{suffix}.json"))
        for name in ("fleet", "mini-program")
    }


def test_several_replicas_are_probed_through_the_service_and_not_all_evicted(tmp_path: Path) -> None:
    monitoring = {"serviceMonitor": {"enabled": True}, "scrapeConfig": {"enabled": True}}
    found = resources(tmp_path, {"replicas": 3, "monitoring": monitoring})
    service = one(found, "Service")["metadata"]
    address = f"{service['name']}.{service['namespace']}.svc:12324"
    assert one(found, "ScrapeConfig")["spec"]["httpSDConfigs"] == [{"url": f"http://{address}/sd"}]
    assert one(found, "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1
    assert "PodDisruptionBudget" not in {tree["kind"] for tree in resources(tmp_path, {"replicas": 1})}


def test_the_network_policy_opens_what_the_values_name(tmp_path: Path) -> None:
    policy = {"prometheusNamespace": "observability", "egressPorts": [443, 8080]}
    spec = one(resources(tmp_path, {"networkPolicy": policy}), "NetworkPolicy")["spec"]
    (ingress,) = spec["ingress"]
    assert "observability" in str(ingress["from"])
    assert spec["egress"][1] == {"ports": [{"port": 443}, {"port": 8080}]}
    kinds = {tree["kind"] for tree in resources(tmp_path, {"networkPolicy": {"enabled": False}})}
    assert "NetworkPolicy" not in kinds


class TestFiles:
    def test_the_chart_is_of_this_version(self) -> None:
        chart = yaml.safe_load(text_of("deploy/helm/Chart.yaml"))
        assert (chart["version"], chart["appVersion"]) == (__version__, __version__)

    def test_each_key_of_the_schema_is_among_the_values(self) -> None:
        def check(schema: Any, values: Any) -> int:
            properties = schema.get("properties", {})
            assert set(properties) == set(values), values
            return 1 + sum(
                check(properties[name], values[name])
                for name in properties
                if "properties" in properties[name]
            )

        schema = json.loads(text_of("deploy/helm/values.schema.json"))
        del schema["properties"]["global"]  # helm's own
        assert check(schema, yaml.safe_load(text_of("deploy/helm/values.yaml"))) == 8

    def test_generated_files_are_up_to_date(self) -> None:
        command = [sys.executable, "scripts/helm_chart.py", "--check"]
        checked = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
        assert (checked.returncode, checked.stdout) == (0, "")

    def test_a_release_of_it_fits_into_a_secret(self, tmp_path: Path) -> None:
        """Helm stores a release with its chart, compressed and as base64, in a Secret of 1 MiB at most."""
        packed = run("helm", NEWEST, "package", str(CHART), f"--destination={tmp_path}")
        assert packed.returncode == 0, packed.stderr
        (package,) = tmp_path.glob(f"wx-domain-exporter-{__version__}.tgz")
        assert package.stat().st_size * 4 / 3 * 2 < 2**20
