"""The configured mini programs of `--demo`, each of which shows a different state."""

from __future__ import annotations

from dataclasses import dataclass, field

from wx_domain_exporter.simulator.invented_credentials import appid_of, appsecret_of
from wx_domain_exporter.simulator.world import SimulatedApp


@dataclass(frozen=True)
class DemoApp:
    """One app of the demo: its state in WeChat, and its entry in the exporter's configuration."""

    name: str
    labels: dict[str, str]
    domains: dict[str, list[str]] = field(default_factory=dict)
    settings: dict[str, object] = field(default_factory=dict)
    configured_appsecret: str = ""
    baseline: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    calls_made: int = 0
    """Calls of getwxadevinfo that count against today's quota before the demo starts."""
    first_change: float = 0.0
    """Seconds after the start of the demo until the changing domain is listed for the first time."""

    def simulated(self, start: float) -> SimulatedApp:
        """The app in WeChat; `start` is the Unix time at which the demo starts."""
        return SimulatedApp.model_validate(
            {
                "appid": appid_of(self.name),
                "name": self.name,
                "appsecret": appsecret_of(self.name),
                "domains": self.domains,
                "changes_from": start + self.first_change,
                **self.settings,
            }
        )


def usual_domains(host: str) -> dict[str, list[str]]:
    """The lists of an ordinary mini program, by category."""
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

_BUSY_FOR_A_MINUTE = [0] * 8 + [-1] * 8
"""Errcodes of the first answers. After two minutes of scrapes every 15 s, four fail, with one retry each."""

CONFIGURED = (
    DemoApp(
        "shop",
        {"team": "retail", "env": "prod"},
        usual_domains("shop.example.com"),
        baseline=_exact_baseline(usual_domains("shop.example.com")),
    ),
    DemoApp("会员中心", {"team": "会员", "env": "prod"}, _CHINESE, {"effective": _CHINESE_EFFECTIVE}),
    DemoApp(
        "city-services",
        {"team": "gov", "env": "prod"},
        _MANY,
        {"daily_limit": 100_000},
        baseline=_BASELINE_WITH_MISSING_DOMAIN,
        calls_made=92_000,
    ),
    DemoApp(
        "限时抢购",
        {"team": "retail", "env": "prod"},
        usual_domains("sale.example.com"),
        _CHANGING,
        first_change=20.0,
    ),
    DemoApp(
        "legacy-chat", {"team": "support", "env": "prod"}, _UNUSUAL, baseline=_BASELINE_WITH_UNEXPECTED_DOMAIN
    ),
    DemoApp(
        "slow-lottery",
        {"team": "growth", "env": "prod"},
        usual_domains("lottery.example.com"),
        {"latency": 0.5, "next_errcodes": _BUSY_FOR_A_MINUTE},
    ),
    DemoApp(
        "门店扫码",
        {"team": "retail", "env": "staging"},
        usual_domains("store.example.com"),
        configured_appsecret=appsecret_of("an appsecret that was reset since"),
    ),
    DemoApp(
        "partner-booking",
        {"team": "travel", "env": "prod"},
        usual_domains("booking.example.com"),
        {"errcode": 61007},
    ),
    DemoApp(
        "客服助手",
        {"team": "support", "env": "prod"},
        usual_domains("help.example.com"),
        {"whitelisted": False},
    ),
    DemoApp(
        "busy-quiz",
        {"team": "growth", "env": "staging"},
        usual_domains("quiz.example.com"),
        {"daily_limit": 1_000},
        calls_made=1_000,
    ),
)
