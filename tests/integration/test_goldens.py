"""Golden expositions: the exact output of the exporter in each scenario, which promtool accepts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from helpers.exporter_process import exporter
from helpers.json_text import as_json
from helpers.real_prometheus import promtool_check_metrics

from wx_domain_exporter.simulator.server import SimulatorServer
from wx_domain_exporter.simulator.world import SimulatedApp, World

GOLDENS = Path(__file__).parent.parent / "data" / "goldens"
SECRET = "0123456789abcdef0123456789abcdef"

# What differs from run to run: times, the process, Python.
_TIMES = re.compile(r"^(wx_domain_\w+_seconds(?:_bucket|_sum)?(?:\{[^}]*\})?) \S+$", re.MULTILINE)
_PROCESS_AND_PYTHON = re.compile(r"^(?:# (?:HELP|TYPE) )?(?:process|python)_.*\n", re.MULTILINE)
_BUILD = re.compile(r'(pythonversion|version)="[^"]*"')
_CONFIG_HASH = re.compile(r"^(wx_domain_exporter_config_hash) \S+$", re.MULTILINE)


def app(number: int, **settings: Any) -> SimulatedApp:
    return SimulatedApp(appid=f"wx{number:016x}", name=f"app {number}", appsecret=SECRET, **settings)


SCENARIOS: dict[str, tuple[list[SimulatedApp], dict[str, Any]]] = {
    "healthy": (
        [
            app(1, domains={"requestdomain": ["https://www.qq.com", "https://www.example.com:8443/path"]}),
            app(2, domains={"wsrequestdomain": ["wss://www.qq.com"], "bizdomain": ["https://例子.测试"]}),
        ],
        {},
    ),
    "failing": (
        [
            app(1, domains={"requestdomain": ["https://www.example.com"]}),
            app(2, errcode=61007),
            app(3, token_errcode=40164),
            app(4, daily_limit=0),
            app(5, http_status=502),
            app(6, raw_body="<html>"),
            app(7, hang=True),
        ],
        {"wechat": {"timeout": "4s"}},
    ),
    "undocumented-categories": (
        [app(1, domains={"requestdomain": ["https://a.example.com"], "tcpdomain": ["tcp://a.example.com"]})],
        {},
    ),
    "bizdomain-only": (
        [app(1, domains={"bizdomain": ["https://m.example.com"]})],
        {"wechat": {"action": "getbizdomain"}},
    ),
    "without-domains": (
        [app(1, domains={"requestdomain": ["https://a.example.com"]})],
        {"collect": {"domains": False}, "limits": {"requestdomain": 300}},
    ),
    "too-many-domains": (
        [
            app(1, domains={"requestdomain": [f"https://{number}.example.com" for number in range(3)]}),
            app(2, domains={"requestdomain": ["https://a.example.com"]}),
        ],
        {"collect": {"max_domains": 2}},
    ),
    "extras": (
        [
            app(
                1, domains={"requestdomain": ["https://a.cn"]}, effective={"requestdomain": ["https://b.cn"]}
            ),
            app(
                2,
                domains={"bizdomain": ["https://m.example.com"]},
                effective_errcode=48001,
                quota_errcode=76022,
            ),
            app(3, daily_limit=0),
            app(4, token_errcode=40164),
            app(5, effective_raw_body='{"errcode": 0}'),
        ],
        {"collect": {"effective": True, "quota": True}},
    ),
    "labels": (
        [app(1), app(2)],
        {"defaults": {"labels": {"team": "growth"}}, "labels": {"env": 'prod "east"\\'}},
    ),
}


_CALLS = re.compile(r"(?:^wx_domain_exporter_(?:api|token)_.*\n)+", re.MULTILINE)
"""The order of these series is that of the first calls, which differs from run to run."""


def normalized(text: str) -> str:
    text = _TIMES.sub(r"\1 TIME", _PROCESS_AND_PYTHON.sub("", text))
    text = _CALLS.sub(lambda lines: "".join(sorted(lines[0].splitlines(keepends=True))), text)
    return _CONFIG_HASH.sub(r"\1 HASH", _BUILD.sub(r'\1="VERSION"', text))


def scraped(apps: list[SimulatedApp], settings: dict[str, Any], folder: Path) -> str:
    world = World()
    for one in apps:
        world.add(one.model_copy(deep=True))
    common = {"token": {"type": "stable_token", "appsecret": SECRET}}
    labels = {"labels": settings["labels"]} if "labels" in settings else {}
    with SimulatorServer(world) as server:
        configuration = {
            **{key: value for key, value in settings.items() if key != "labels"},
            "wechat": {"base_url": server.url, **settings.get("wechat", {})},
            "apps": [{"appid": one.appid, "name": one.name, **common, **labels} for one in apps],
        }
        path = folder / "config.yml"
        path.write_text(as_json(configuration))
        with exporter(f"--config.file={path}") as running:
            return running.scrape()


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_exposition_equals_the_golden_file(
    scenario: str, tmp_path: Path, *, update_goldens: bool
) -> None:
    apps, settings = SCENARIOS[scenario]
    text = scraped(apps, settings, tmp_path)
    assert promtool_check_metrics(text) == ""
    golden = GOLDENS / f"{scenario}.prom"
    if update_goldens:
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(normalized(text))
    assert normalized(text) == golden.read_text()
