"""Runs the programs of deploy/compose on loopback, with a fleet that shows every state."""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING, Any

import yaml
from helpers.exporter_process import exporter
from helpers.fleets import APPSECRET, appid, own_platform
from helpers.json_text import as_json
from helpers.ports import free_port
from helpers.real_prometheus import blackbox_exporter, configured_prometheus, prometheus, remote_write
from helpers.repository import REPOSITORY

from wx_domain_exporter.simulator.server import SimulatorServer
from wx_domain_exporter.simulator.world import SimulatedApp, SimulatedPlatform, World

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from helpers.exporter_process import Exporter
    from helpers.real_prometheus import Prometheus

COMPOSE = REPOSITORY / "deploy" / "compose"
SHOP, DENIED, GARBLED, RENEWED, AWAY, DISCOVERED = map(appid, range(1, 7))
KEPT, FOREIGN, MISSING, NEW = (f"https://127.0.0.1:{port}" for port in range(1, 5))
"""Domains on this machine for blackbox_exporter to probe; no server listens there."""

_LISTS = {"requestdomain": [KEPT, FOREIGN]}
_APPS: dict[str, dict[str, Any]] = {
    SHOP: {
        "name": 'the "shop"',
        "effective": {"requestdomain": [KEPT]},
        "daily_limit": 10_000,
    },
    DENIED: {"name": "denied", "errcode": 61007},
    GARBLED: {"name": "garbled", "raw_body": "<html>"},
    RENEWED: {"name": "renewed"},
    AWAY: {"name": "away"},
    DISCOVERED: {"name": "discovered"},
}
_BASELINE = {"requestdomain": {"required": [MISSING], "allowed": [KEPT]}}


def compose_file(name: str) -> Any:
    return yaml.safe_load((COMPOSE / name).read_text())


def fleet_world() -> tuple[World, SimulatedPlatform]:
    """Mini programs in all states, and a platform that one of them authorized."""
    world = World()
    for one, settings in _APPS.items():
        world.add(SimulatedApp(appid=one, appsecret=APPSECRET, domains=_LISTS, **settings))
    for _ in range(9_600):
        world.spend_quota("getwxadevinfo", world.apps[SHOP])
    platform = world.add_platform(SimulatedPlatform(component_appid=appid(99), component_appsecret=APPSECRET))
    world.authorize(platform.component_appid, DISCOVERED)
    return world, platform


def fleet_configuration(url: str, platform: SimulatedPlatform, shop: str) -> dict[str, Any]:
    """The configuration of an exporter for the fleet, with a name for the first app."""
    token = {"type": "stable_token", "appsecret": APPSECRET}
    apps: list[dict[str, Any]] = [
        {"appid": one, "name": settings["name"], "token": token}
        for one, settings in _APPS.items()
        if one != DISCOVERED
    ]
    apps[0] |= {"name": shop, "baseline": _BASELINE}
    return {
        "wechat": {"base_url": url},
        "collect": {"effective": True, "quota": True, "account": True},
        "limits": {"requestdomain": 2},
        "scrape": {"timeout_offset": "100ms"},
        "platforms": {"main": own_platform(platform, discover=True)},
        "app_files": ["broken.yml"],
        "apps": apps,
    }


@contextlib.contextmanager
def whole_compose(
    folder: Path, release: str, copies: Sequence[Prometheus] = ()
) -> Iterator[tuple[Prometheus, World]]:
    """Run two exporters of one fleet, the demo, blackbox_exporter and Prometheus; one target is down.

    Prometheus sends a copy of its samples to each of the `copies`.
    """
    world, platform = fleet_world()
    with contextlib.ExitStack() as stack:
        simulator = stack.enter_context(SimulatorServer(world))
        targets = []
        for number, name in enumerate((_APPS[SHOP]["name"], "shop, as it was called")):
            own = folder / f"exporter-{number}"
            own.mkdir()
            (own / "broken.yml").write_text("")
            (own / "config.yml").write_text(as_json(fleet_configuration(simulator.url, platform, name)))
            targets.append(stack.enter_context(exporter(f"--config.file={own / 'config.yml'}")).url)
        targets.append(stack.enter_context(exporter("--demo")).url)
        blackbox = stack.enter_context(blackbox_exporter(folder, compose_file("blackbox.yml"), release))
        hosts = {
            "exporter:12324": [*(url.removeprefix("http://") for url in targets), _unused_address()],
            "blackbox_exporter:9115": [blackbox],
            "alertmanager:9093": [_unused_address()],
            "localhost:9090": [_unused_address()],
        }
        server = stack.enter_context(prometheus_of_compose(folder / "prometheus", hosts, release, copies))
        yield server, world


@contextlib.contextmanager
def one_exporter(folder: Path, release: str) -> Iterator[tuple[Prometheus, World, Exporter]]:
    """Run an exporter of the fleet and a Prometheus that scrapes it alone, under the usual job name."""
    world, platform = fleet_world()
    with contextlib.ExitStack() as stack:
        simulator = stack.enter_context(SimulatorServer(world))
        configuration = fleet_configuration(simulator.url, platform, "shop")
        (folder / "broken.yml").write_text("")
        (folder / "config.yml").write_text(as_json(configuration))
        program = stack.enter_context(exporter(f"--config.file={folder / 'config.yml'}"))
        target = program.url.removeprefix("http://")
        job = {"job_name": "wx_domain", "static_configs": [{"targets": [target]}]}
        yield stack.enter_context(prometheus(folder / "prometheus", [job], release)), world, program


@contextlib.contextmanager
def prometheus_of_compose(
    folder: Path, hosts: Mapping[str, list[str]], release: str, copies: Sequence[Prometheus] = ()
) -> Iterator[Prometheus]:
    """Run Prometheus with compose's configuration and rules, these addresses, and intervals of a second."""
    tree = compose_file("prometheus.yml")
    tree["global"] = dict.fromkeys(tree["global"], "1s")
    for job in tree["scrape_configs"]:
        job.update(dict.fromkeys({"scrape_interval", "scrape_timeout"} & set(job), "1s"))
        for static in job.get("static_configs", ()):
            static["targets"] = [found for target in static["targets"] for found in hosts[target]]
        for discovery in job.get("http_sd_configs", ()):
            discovery["refresh_interval"] = "1s"
    tree["scrape_configs"].append(_replica_job(tree["scrape_configs"][0]))
    tree["remote_write"] = [remote_write(copy.url) for copy in copies]
    text = as_json(tree)
    for host, found in hosts.items():
        text = text.replace(host, found[0])
    folder.mkdir(parents=True)
    rules = REPOSITORY / "rules"
    if rules.is_dir():
        shutil.copytree(rules, folder / "rules")
    with configured_prometheus(folder, yaml.safe_load(text), release=release) as running:
        yield running


def _replica_job(job: Mapping[str, Any]) -> dict[str, Any]:
    """The same job as a second Prometheus server has it when both write to the same remote storage."""
    labels = {"job": job["job_name"], "replica": "b"}
    relabeled = [{"target_label": name, "replacement": value} for name, value in labels.items()]
    return {**job, "job_name": "seen_twice", "relabel_configs": relabeled}


def _unused_address() -> str:
    return f"127.0.0.1:{free_port()}"
