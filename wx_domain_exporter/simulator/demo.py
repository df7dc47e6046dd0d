"""The fleet of `--demo`, in which each mini program shows a different state."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wx_domain_exporter.simulator.invented_credentials import appid_of, appsecret_of
from wx_domain_exporter.simulator.world import SimulatedApp, World

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class _DemoApp:
    """One app of the demo: its state in WeChat, and its entry in the exporter's configuration."""

    name: str
    labels: dict[str, str]
    domains: dict[str, list[str]] = field(default_factory=dict)
    settings: dict[str, object] = field(default_factory=dict)
    configured_appsecret: str = ""
    baseline: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    calls_made: int = 0
    """Calls of getwxadevinfo that count against today's quota before the demo starts."""

    def simulated(self) -> SimulatedApp:
        return SimulatedApp.model_validate(
            {
                "appid": appid_of(self.name),
                "name": self.name,
                "appsecret": appsecret_of(self.name),
                "domains": self.domains,
                **self.settings,
            }
        )


def _usual_domains(host: str) -> dict[str, list[str]]:
    return {
        "requestdomain": [f"https://api.{host}", f"https://pay.{host}:8443", f"https://log.{host}"],
        "wsrequestdomain": [f"wss://push.{host}"],
        "uploaddomain": [f"https://upload.{host}"],
        "downloaddomain": [f"https://cdn.{host}", f"https://img.{host}"],
        "bizdomain": [f"https://m.{host}"],
    }


def _exact_baseline(domains: dict[str, list[str]]) -> dict[str, dict[str, list[str]]]:
    return {category: {"exact": listed} for category, listed in domains.items()}


_MANY = {
    "requestdomain": [f"https://city-{number:03}.gov.example.cn" for number in range(1, 181)],
    "downloaddomain": [f"https://cdn-{number:02}.gov.example.cn" for number in range(1, 25)],
    "bizdomain": [f"https://h5-{number:02}.gov.example.cn" for number in range(1, 61)],
}
_CHINESE = {
    "requestdomain": ["https://例子.测试", "https://会员.例子.测试", "https://api.member.example.com"],
    "bizdomain": ["https://活动.例子.测试"],
}
_CHINESE_EFFECTIVE = {**_CHINESE, "requestdomain": _CHINESE["requestdomain"][:2]}
_UNUSUAL = {
    "requestdomain": ["https://legacy.example.com:8080/v1", "https://127.0.0.1"],
    "wsrequestdomain": ["wss://https://chat.example.com", "wss://chat.example.com"],
    "udpdomain": ["udp://voice.example.com:9000"],
    "tcpdomain": ["tcp://voice.example.com:9001"],
}
_BASELINE_WITH_MISSING_DOMAIN = {
    "bizdomain": {"required": ["https://h5-01.gov.example.cn", "https://h5-61.gov.example.cn"]}
}
_BASELINE_WITH_UNEXPECTED_DOMAIN = {
    "requestdomain": {
        "required": ["https://legacy.example.com:8080/v1"],
        "allowed": ["https://*.example.com"],
    }
}
_CHANGING = {"changes_every": 60.0, "changing_domain": "https://flash.sale.example.com"}

_DEMO = (
    _DemoApp(
        "shop",
        {"team": "retail", "env": "prod"},
        _usual_domains("shop.example.com"),
        baseline=_exact_baseline(_usual_domains("shop.example.com")),
    ),
    _DemoApp("会员中心", {"team": "会员", "env": "prod"}, _CHINESE, {"effective": _CHINESE_EFFECTIVE}),
    _DemoApp(
        "city-services",
        {"team": "gov", "env": "prod"},
        _MANY,
        {"daily_limit": 10_000},
        baseline=_BASELINE_WITH_MISSING_DOMAIN,
        calls_made=9_300,
    ),
    _DemoApp("限时抢购", {"team": "retail", "env": "prod"}, _usual_domains("sale.example.com"), _CHANGING),
    _DemoApp(
        "legacy-chat", {"team": "support", "env": "prod"}, _UNUSUAL, baseline=_BASELINE_WITH_UNEXPECTED_DOMAIN
    ),
    _DemoApp(
        "slow-lottery",
        {"team": "growth", "env": "prod"},
        _usual_domains("lottery.example.com"),
        {"latency": 0.5},
    ),
    _DemoApp(
        "门店扫码",
        {"team": "retail", "env": "staging"},
        _usual_domains("store.example.com"),
        configured_appsecret=appsecret_of("an appsecret that was reset since"),
    ),
    _DemoApp(
        "partner-booking",
        {"team": "travel", "env": "prod"},
        _usual_domains("booking.example.com"),
        {"errcode": 61007},
    ),
    _DemoApp(
        "客服助手",
        {"team": "support", "env": "prod"},
        _usual_domains("help.example.com"),
        {"whitelisted": False},
    ),
    _DemoApp(
        "busy-quiz",
        {"team": "growth", "env": "staging"},
        _usual_domains("quiz.example.com"),
        {"daily_limit": 1_000},
        calls_made=1_000,
    ),
)


def demo_world(clock: Callable[[], float] = time.time) -> World:
    """The fleet of `--demo`; `clock` returns the Unix time."""
    world = World(clock=clock)
    for demo_app in _DEMO:
        app = world.add(demo_app.simulated())
        for _ in range(demo_app.calls_made):
            world.spend_quota("getwxadevinfo", app)
    return world


def demo_config(base_url: str) -> str:
    """The exporter's configuration, in YAML, for `demo_world` served at `base_url`; collects everything."""
    lines = ["collect: {effective: true, quota: true}"]
    lines += ["wechat:", f"  base_url: {_quoted(base_url)}", "apps:"]
    for demo_app in _DEMO:
        lines += [f"  - appid: {appid_of(demo_app.name)}", f"    name: {_quoted(demo_app.name)}"]
        keys = {"labels": demo_app.labels, "baseline": demo_app.baseline}
        lines += [f"    {key}: {_quoted(value)}" for key, value in keys.items() if value]
        appsecret = demo_app.configured_appsecret or appsecret_of(demo_app.name)
        lines.append(f"    token: {{type: stable_token, appsecret: {_quoted(appsecret)}}}")
    return "\n".join(lines) + "\n"


def _quoted(value: object) -> str:
    # JSON is valid YAML, and it quotes strings that YAML would read as numbers.
    return json.dumps(value, ensure_ascii=False)
