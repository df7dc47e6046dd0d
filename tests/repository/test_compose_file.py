"""compose.yaml: mounted files exist, images are pinned, and only this machine reaches the ports."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from helpers.compose_setup import COMPOSE, compose_file
from helpers.configurations import parse
from helpers.grafana import FILES
from helpers.repository import REPOSITORY

SERVICES: dict[str, Any] = compose_file("compose.yaml")["services"]
PORTS = {
    "exporter": 12324,
    "prometheus": 9090,
    "alertmanager": 9093,
    "blackbox_exporter": 9115,
    "grafana": 3000,
}
MOUNTS = [
    (name, *mount.split(":"))
    for name, service in SERVICES.items()
    for mount in service.get("volumes", ())
    if mount.startswith(".")
]


def at(name: str, path: str) -> Any:
    """The file or folder of the repository that a service sees at a path."""
    for service, source, target, _ in MOUNTS:
        if service == name and (path == target or path.startswith(f"{target}/")):
            return (COMPOSE / source).resolve() / path.removeprefix(target).lstrip("/")
    raise AssertionError(f"{name} mounts nothing at {path}")


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> Any:
    return SERVICES[str(request.param)]


def test_all_services_are_there() -> None:
    assert set(SERVICES) == set(PORTS)


def test_images_are_pinned_or_built_here(service: Any) -> None:
    assert "build" in service or re.search(r":v?\d+\.\d+\.\d+$", service["image"])


def test_only_this_machine_reaches_the_ports() -> None:
    for name, service in SERVICES.items():
        for port in service.get("ports", ()):
            assert port == f"127.0.0.1:{PORTS[name]}:{PORTS[name]}"


def test_the_containers_can_do_little(service: Any) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service


def test_each_has_a_health_check() -> None:
    assert "HEALTHCHECK" in (REPOSITORY / "Dockerfile").read_text()
    for name in set(SERVICES) - {"exporter"}:
        assert f"http://127.0.0.1:{PORTS[name]}/" in SERVICES[name]["healthcheck"]["test"][-1]


def test_nobody_has_a_password() -> None:
    environment = SERVICES["grafana"]["environment"]
    assert not any("PASSWORD" in name for name in environment)
    assert environment["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"
    assert environment["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"


@pytest.mark.parametrize(("source", "mode"), [(source, mode) for _, source, _, mode in MOUNTS])
def test_mounted_files_exist_and_are_read_only(source: str, mode: str) -> None:
    assert (COMPOSE / source).exists()
    assert mode == "ro"


def test_each_program_finds_its_configuration() -> None:
    for name in ("prometheus", "alertmanager", "blackbox_exporter"):
        [flag] = [flag for flag in SERVICES[name]["command"] if flag.startswith("--config.file=")]
        assert at(name, flag.partition("=")[2]).is_file()


def test_prometheus_finds_its_rules_and_the_other_services() -> None:
    tree = compose_file("prometheus.yml")
    assert tree["rule_files"] == ["rules/wx-domain.rules.yml", "rules/targets.rules.yml"]
    assert all(at("prometheus", f"/etc/prometheus/{file}").is_file() for file in tree["rule_files"])
    text = (COMPOSE / "prometheus.yml").read_text()
    hosts = set(re.findall(r"(?<=[ \[/])([a-z_]+):(\d+)\b", text)) - {("localhost", "9090")}
    assert hosts == {
        (name, str(port)) for name, port in PORTS.items() if name not in {"grafana", "prometheus"}
    }


def test_alertmanager_routes_as_in_the_example_of_the_rules_and_notifies_nobody() -> None:
    tree = compose_file("alertmanager.yml")
    example = yaml.safe_load((REPOSITORY / "rules" / "alertmanager.example.yml").read_text())
    assert {key: tree[key] for key in tree if key != "receivers"} == {
        key: example[key] for key in example if key != "receivers"
    }
    assert tree["receivers"] == [{"name": receiver["name"]} for receiver in example["receivers"]]


def test_grafana_finds_prometheus_and_the_dashboards() -> None:
    [source] = compose_file("grafana/datasources/prometheus.yml")["datasources"]
    assert source["url"] == f"http://prometheus:{PORTS['prometheus']}"
    assert source["jsonData"]["timeInterval"] == compose_file("prometheus.yml")["global"]["scrape_interval"]
    [provider] = compose_file("grafana/dashboards/wx-domain.yml")["providers"]
    folder = at("grafana", provider["options"]["path"])
    assert sorted(path.name for path in folder.glob("*.json")) == FILES
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert at("grafana", home).is_file()
    for kind in ("datasources", "dashboards"):
        assert at("grafana", f"/etc/grafana/provisioning/{kind}").is_dir()


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_each_link_of_its_pages_has_a_target(page: str) -> None:
    links = re.findall(r"\]\(([^)]+)\)", (COMPOSE / page).read_text())
    assert len(links) >= 2
    assert all((COMPOSE / link).is_file() for link in links)


def test_the_example_of_an_own_configuration_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    [exporter] = compose_file("compose.override.example.yaml")["services"].values()
    assert exporter["volumes"][0].split(":")[1:] == [exporter["command"][0].partition("=")[2], "ro"]
    text = (COMPOSE / "my.example.yml").read_text().replace("{file: /run/secrets/", "{env: TEST_")
    monkeypatch.setenv("TEST_shop_appsecret", "0" * 32)
    settings = parse(text.encode(), COMPOSE / "my.yml")
    assert settings.scrape.min_interval == 50
    assert exporter["volumes"][1].startswith("./secrets:/run/secrets")
