"""Messages in chats: the shipped examples in a real Alertmanager, before a fake of 企业微信's API."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from helpers.chat import LANGUAGES, page, post_alerts, rendered, template, wecom_configuration
from helpers.documents import blocks, write_blocks
from helpers.exporter_process import exporter
from helpers.fake_wecom import MAX_BYTES, WeCom, fake_wecom
from helpers.fleets import APPSECRET, SmallFleet, appid
from helpers.ports import free_port
from helpers.programs import FORKY, OWN
from helpers.real_alertmanager import Receiver, alertmanager, receiver
from helpers.shipped_rules import ruled_prometheus
from helpers.waiting import wait_until

from wx_domain_exporter.simulator.app_settings import SimulatedApp
from wx_domain_exporter.simulator.server import SimulatorServer
from wx_domain_exporter.simulator.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

API, CDN, FOREIGN, NEW = (
    f"https://{host}"
    for host in ("api.example.com", "cdn.example.com", "evil.example.net", "new.example.com")
)
APPS = 30
NAMES = {"en": "shop {:02}", "zh": "商城 {:02}"}
FIRING = {"en": "{} firing", "zh": "{} 条告警"}
RESOLVED = {"en": "{} resolved", "zh": "{} 条恢复"}
RULES_FLAGS = {
    "en": ["--runbook-url=https://wiki.example.com/runbook.md"],
    "zh": ["--lang=zh", "--runbook-url=https://wiki.example.com/runbook.zh-CN.md"],
}


def titled(messages: list[str], *parts: str) -> str:
    """The first message whose title has all parts, as soon as it arrives."""

    def found() -> list[str]:
        return [text for text in messages if all(part in text.partition("\n")[0] for part in parts)]

    wait_until(lambda: bool(found()), f"a message with {parts} arrives")
    return found()[0]


def public(message: str) -> str:
    """A message as if Alertmanager had a usual URL."""
    return re.sub(r"http://\S+/#/alerts", "http://alertmanager.example.com:9093/#/alerts", message)


@contextlib.contextmanager
def wecom_alertmanager(
    folder: Path, company: WeCom, language: str, release: str, webhook: Receiver | None = None
) -> Iterator[str]:
    """Run Alertmanager with the example for 企业微信, which also notifies a webhook; yield its address."""
    configuration = wecom_configuration(company, language)
    if webhook is not None:
        for target in configuration["receivers"]:
            [wechat] = target["wechat_configs"]
            hook = {"url": webhook.url, "max_alerts": 100, "send_resolved": wechat["send_resolved"]}
            target["webhook_configs"] = [hook]
    address = f"127.0.0.1:{free_port()}"
    with alertmanager(folder / "alertmanager", configuration, address, release):
        yield address


@dataclass
class Chain:
    """A fleet, and where the messages about it arrive."""

    world: World
    simulator: SimulatorServer
    company: WeCom
    webhook: Receiver


@contextlib.contextmanager
def chain(folder: Path, language: str, release: str) -> Iterator[Chain]:
    """Run everything from the simulator to the chat, until all mini programs are known and no alert fires."""
    world = World()
    for number in range(APPS):
        lists = {"requestdomain": [API, CDN]}
        name = NAMES[language].format(number)
        world.add(SimulatedApp(appid=appid(number), name=name, appsecret=APPSECRET, domains=lists))
    with contextlib.ExitStack() as stack:
        simulator = stack.enter_context(SimulatorServer(world))
        fleet = SmallFleet(world, simulator.url, folder / "config.yml")
        fleet.configure(scrape={"timeout_offset": "100ms"})
        program = stack.enter_context(exporter(f"--config.file={fleet.path}"))
        company, webhook = stack.enter_context(fake_wecom()), stack.enter_context(receiver())
        address = stack.enter_context(wecom_alertmanager(folder, company, language, release, webhook))
        server = stack.enter_context(
            ruled_prometheus(folder, [program.url], alertmanager=address, rules=RULES_FLAGS[language])
        )
        # Until Prometheus' first scrape, WxDomainAbsent fires.
        server.wait_for(f"count(appid_category:wx_domain_hash:last) == {6 * APPS}")
        server.wait_for('absent(ALERTS{alertstate="firing"})')
        yield Chain(world, simulator, company, webhook)


@pytest.mark.parametrize(("language", "release"), [("en", OWN), ("zh", FORKY)])
def test_golden_messages_of_one_change_of_thirty_and_of_an_outage_are_on_the_page(
    language: str, release: str, tmp_path: Path, *, update_goldens: bool
) -> None:
    firing, resolved = FIRING[language].format, RESOLVED[language].format
    with chain(tmp_path, language, release) as running:
        world, sent, notifications = running.world, running.company.sent, running.webhook.notifications
        world.patch(appid(APPS - 1), {"domains": {"requestdomain": [API, FOREIGN]}})
        messages = [titled(sent, "WxDomainListChanged", firing(1))]
        for number in range(APPS):
            world.patch(appid(number), {"domains": {"requestdomain": [API, CDN, NEW]}})
        messages.append(titled(sent, "WxDomainListChanged", firing(APPS)))
        running.simulator.stop()
        messages.append(titled(sent, "WxDomainManyAppsDown", firing(1)))
        running.simulator.start()
        messages.append(titled(sent, "WxDomainManyAppsDown", resolved(1)))
        wait_until(lambda: len(notifications) >= len(sent), "the webhook is called as often as the chat")

    # What a bridge gets makes the same messages.
    text = '{{ template "wx_domain.message" . }}'
    file = template("wx-domain", language)
    assert set(messages) <= {rendered(file, text, one, tmp_path, release) for one in notifications}
    shown = [public(message) for message in messages[:3]]
    if update_goldens:
        write_blocks(page(language), "text", shown)
    assert blocks(page(language), "text") == [f"{message}\n" for message in shown]


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def alerts(name: str, numbers: range, description: str = "what happened", **more: Any) -> list[Any]:
    """Alerts of mini programs with long names, and long labels and annotations as the rules write them."""
    return [
        {
            "labels": {
                "alertname": name,
                "severity": "warning",
                "appid": appid(number),
                "name": f"一个名字很长的小程序 {number:04}",
                "category": "requestdomain",
            },
            "annotations": {
                "description": description,
                "runbook_url": f"https://{'wiki' * 40}.example.com/#{name.lower()}",
                "status_url": f"https://{'status' * 15}.example.com/apps/{appid(number)}",
            },
            **more,
        }
        for number in numbers
    ]


ENDED = {"startsAt": "2026-01-01T00:00:00Z", "endsAt": "2026-01-01T00:01:00Z"}


class TestOfManyAlerts:
    def test_fit_and_count_what_is_left_out(self, language: str, release: str, tmp_path: Path) -> None:
        firing, resolved = FIRING[language].format, RESOLVED[language].format
        groups = {"WxDomainAppDown": "x", "WxDomainTokenFailing": "域", "WxDomainQuotaExhausted": "🌏"}
        with fake_wecom() as company, wecom_alertmanager(tmp_path, company, language, release) as address:
            for name, character in groups.items():
                post_alerts(address, alerts(name, range(300), character * 3000))
            texts = [titled(company.sent, name, firing(300)) for name in groups]
            for name in groups:
                post_alerts(address, alerts(name, range(100, 300), **ENDED))
            texts += [titled(company.sent, name, firing(100), resolved(200)) for name in groups]
        assert company.refused == []
        for text in texts:
            assert re.search(r"^- (x+|域+|🌏+)… https://status.*\n- ", text, re.MULTILINE)
            listed = len(re.findall(r"^- ", text, re.MULTILINE))
            [left_out] = re.findall(r"\n\n(?:and|另有) (\d+) (?:more|条)", text)
            assert listed > 5
            assert listed + int(left_out) == 300

    def test_of_one_has_as_much_of_a_long_description_as_fits(
        self, language: str, release: str, tmp_path: Path
    ) -> None:
        groups = {"WxDomainAppDown": "x", "WxDomainTokenFailing": "é", "WxDomainQuotaExhausted": "域"}
        with fake_wecom() as company, wecom_alertmanager(tmp_path, company, language, release) as address:
            for name, character in groups.items():
                post_alerts(address, alerts(name, range(1), character * 3000))
            for name, character in groups.items():
                text = titled(company.sent, name)
                assert 1230 <= len(character.encode()) * text.count(character) <= 1260
                assert f"{character}… https://status" in text

    def test_are_refused_with_the_template_of_alertmanager(self, release: str, tmp_path: Path) -> None:
        """So the fake's limit works, and the shipped templates are needed."""
        with fake_wecom() as company:
            configuration = wecom_configuration(company, "en")
            for target in configuration["receivers"]:
                target["wechat_configs"][0].pop("message", None)
            address = f"127.0.0.1:{free_port()}"
            with alertmanager(tmp_path / "alertmanager", configuration, address, release):
                post_alerts(address, alerts("WxDomainAppDown", range(30)))
                wait_until(lambda: bool(company.refused), "a message is refused")
        assert {errcode for errcode, _ in company.refused} == {45002}

    def test_are_cut_off_for_a_webhook_and_counted(self, language: str, release: str, tmp_path: Path) -> None:
        with (
            fake_wecom() as company,
            receiver() as webhook,
            wecom_alertmanager(tmp_path, company, language, release, webhook) as address,
        ):
            post_alerts(address, alerts("WxDomainAppDown", range(150)))
            wait_until(lambda: bool(webhook.notifications), "the webhook is called")
        [notification] = webhook.notifications
        assert len(notification["alerts"]) == 100
        assert notification["truncatedAlerts"] == 50
        # amtool does not know this field, which alertmanager-webhook-adapter reads from the notification.
        file = tmp_path / "adapter.tmpl"
        file.write_text(template("wx-domain", language).read_text().replace(".TruncatedAlerts", "50"))
        text = rendered(file, '{{ template "prom.text" . }}', notification, tmp_path, release)
        assert text.rpartition("\n\n")[2] in {
            "Alertmanager left out 50 alerts.",
            "Alertmanager 另外省略了 50 条告警。",
        }
        assert len(text.encode()) <= MAX_BYTES


def test_that_a_list_changed_is_never_resolved(language: str, release: str, tmp_path: Path) -> None:
    changed = "WxDomainListChanged"
    with fake_wecom() as company, wecom_alertmanager(tmp_path, company, language, release) as address:
        post_alerts(address, alerts(changed, range(1)))
        titled(company.sent, changed, FIRING[language].format(1))
        post_alerts(address, [*alerts(changed, range(1), **ENDED), *alerts(changed, range(1, 3))])
        assert RESOLVED[language].format(1) not in titled(company.sent, changed, FIRING[language].format(2))


def test_an_expired_token_loses_no_message_except_with_an_old_alertmanager(
    release: str, tmp_path: Path
) -> None:
    """Alertmanager 0.25 does not read the errcode: it keeps the token, and takes the message for sent."""
    with fake_wecom() as company, wecom_alertmanager(tmp_path, company, "en", release) as address:
        post_alerts(address, alerts("WxDomainAppDown", range(1)))
        titled(company.sent, "WxDomainAppDown")
        company.expire_token()
        for name in ("WxDomainTokenFailing", "WxDomainAppsGone"):
            post_alerts(address, alerts(name, range(1)))
            wait_until(lambda name=name: any(name in text for text in company.all), f"{name} arrives")  # type: ignore[misc]
        if release == FORKY:
            titled(company.sent, "WxDomainTokenFailing")
            assert company.tokens == 2
        else:
            assert [errcode for errcode, _ in company.refused] == [42001, 42001]
            assert company.tokens == 1
