"""The fleet of `--demo`, where each mini program shows another state."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wx_domain_exporter.simulator.credentials import appid_of, appsecret_of
from wx_domain_exporter.simulator.world import SimulatedApp, World

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class _Member:
    """A demo app: its state in WeChat, and what the exporter's configuration says about it."""

    name: str
    labels: dict[str, str]
    domains: dict[str, list[str]] = field(default_factory=dict)
    settings: dict[str, object] = field(default_factory=dict)
    configured_appsecret: str = ""
    baseline: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    calls_made: int = 0
    """Calls of getwxadevinfo that it made today before the demo began."""

    def app(self) -> SimulatedApp:
        return SimulatedApp.model_validate(
            {
                "appid": appid_of(self.name),
                "name": self.name,
                "appsecret": appsecret_of(self.name),
                "domains": self.domains,
                **self.settings,
            }
        )


def _ordinary(host: str) -> dict[str, list[str]]:
    return {
        "requestdomain": [f"https://api.{host}", f"https://pay.{host}:8443", f"https://log.{host}"],
        "wsrequestdomain": [f"wss://push.{host}"],
        "uploaddomain": [f"https://upload.{host}"],
        "downloaddomain": [f"https://cdn.{host}", f"https://img.{host}"],
        "bizdomain": [f"https://m.{host}"],
    }


def _exactly(domains: dict[str, list[str]]) -> dict[str, dict[str, list[str]]]:
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
_CHINESE_IN_FORCE = {**_CHINESE, "requestdomain": _CHINESE["requestdomain"][:2]}
_ODD = {
    "requestdomain": ["https://legacy.example.com:8080/v1", "https://127.0.0.1"],
    "wsrequestdomain": ["wss://https://chat.example.com", "wss://chat.example.com"],
    "udpdomain": ["udp://voice.example.com:9000"],
    "tcpdomain": ["tcp://voice.example.com:9001"],
}
_WITHOUT_ONE = {"bizdomain": {"required": ["https://h5-01.gov.example.cn", "https://h5-61.gov.example.cn"]}}
_WITH_ONE_MORE = {
    "requestdomain": {
        "required": ["https://legacy.example.com:8080/v1"],
        "allowed": ["https://*.example.com"],
    }
}
_FLEETING = {"changes_every": 60.0, "changing_domain": "https://flash.sale.example.com"}

_DEMO = (
    _Member(
        "shop",
        {"team": "retail", "env": "prod"},
        _ordinary("shop.example.com"),
        baseline=_exactly(_ordinary("shop.example.com")),
    ),
    _Member("会员中心", {"team": "会员", "env": "prod"}, _CHINESE, {"effective": _CHINESE_IN_FORCE}),
    _Member(
        "city-services",
        {"team": "gov", "env": "prod"},
        _MANY,
        {"daily_limit": 10_000},
        baseline=_WITHOUT_ONE,
        calls_made=9_300,
    ),
    _Member("限时抢购", {"team": "retail", "env": "prod"}, _ordinary("sale.example.com"), _FLEETING),
    _Member("legacy-chat", {"team": "support", "env": "prod"}, _ODD, baseline=_WITH_ONE_MORE),
    _Member(
        "slow-lottery", {"team": "growth", "env": "prod"}, _ordinary("lottery.example.com"), {"latency": 0.5}
    ),
    _Member(
        "门店扫码",
        {"team": "retail", "env": "staging"},
        _ordinary("store.example.com"),
        configured_appsecret=appsecret_of("an appsecret that was reset since"),
    ),
    _Member(
        "partner-booking",
        {"team": "travel", "env": "prod"},
        _ordinary("booking.example.com"),
        {"errcode": 61007},
    ),
    _Member(
        "客服助手", {"team": "support", "env": "prod"}, _ordinary("help.example.com"), {"whitelisted": False}
    ),
    _Member(
        "busy-quiz",
        {"team": "growth", "env": "staging"},
        _ordinary("quiz.example.com"),
        {"daily_limit": 1_000},
        calls_made=1_000,
    ),
)


def demo_world(clock: Callable[[], float] = time.time) -> World:
    """The fleet of `--demo`: each app shows another state.

    Args:
        clock: Unix time.
    """
    world = World(clock=clock)
    for member in _DEMO:
        app = world.add(member.app())
        for _ in range(member.calls_made):
            world.spend_quota("getwxadevinfo", app)
    return world


def demo_config(base_url: str) -> str:
    """The exporter's configuration, in YAML, for the fleet of `demo_world` served at `base_url`.

    It collects all that can be collected.
    """
    lines = ["collect: {effective: true, quota: true}"]
    lines += ["wechat:", f"  base_url: {_quoted(base_url)}", "apps:"]
    for member in _DEMO:
        lines += [f"  - appid: {appid_of(member.name)}", f"    name: {_quoted(member.name)}"]
        keys = {"labels": member.labels, "baseline": member.baseline}
        lines += [f"    {key}: {_quoted(value)}" for key, value in keys.items() if value]
        appsecret = member.configured_appsecret or appsecret_of(member.name)
        lines.append(f"    token: {{type: stable_token, appsecret: {_quoted(appsecret)}}}")
    return "\n".join(lines) + "\n"


def _quoted(value: object) -> str:
    # JSON is YAML, and quotes what YAML would take for a number.
    return json.dumps(value, ensure_ascii=False)
