"""The alert chain: simulator, exporter, Prometheus with the shipped rules, Alertmanager, a webhook.

A minute of the shipped rules is a second here: scripts/rules.py writes them for a scrape every second.
"""

from __future__ import annotations

import contextlib
import json
import re
import signal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
import yaml
from helpers.exporter_process import exporter
from helpers.fleets import APPSECRET, SmallFleet, appid
from helpers.http_requests import request
from helpers.json_text import as_json
from helpers.ports import free_port
from helpers.real_alertmanager import Event, Receiver, alertmanager, receiver
from helpers.shipped_rules import RUNBOOK, ruled_prometheus, written_rules
from helpers.waiting import wait_until

from wx_domain_exporter.simulator.app_settings import SimulatedApp
from wx_domain_exporter.simulator.server import SimulatorServer
from wx_domain_exporter.simulator.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from helpers.exporter_process import Exporter
    from helpers.real_prometheus import Prometheus

NAMES = ("shop", "bank", "club", "game", "news", "taxi")
SHOP, BANK, CLUB, GAME, NEWS, TAXI = map(appid, range(len(NAMES)))
API, FOREIGN, WORSE = "https://api.example.com", "https://evil.example.net", "https://worse.example.net"
SPEED = 120
"""Alertmanager's shipped intervals are divided by this number."""
BASELINE = {"requestdomain": {"required": [API], "allowed": ["https://*.example.com"]}}


@pytest.fixture
def simulator() -> Iterator[SimulatorServer]:
    world = World()
    for number, name in enumerate(NAMES):
        lists = {"requestdomain": [API, f"https://{name}.example.com"]}
        world.add(SimulatedApp(appid=appid(number), name=name, appsecret=APPSECRET, domains=lists))
    with SimulatorServer(world) as server:
        yield server


def alertmanager_configuration(url: str, *arguments: str) -> Any:
    """The shipped example, as scripts/rules.py writes it, with this receiver and shorter intervals."""
    text = written_rules("alertmanager.example.yml", *arguments)
    configuration = json.loads(json.dumps(yaml.safe_load(text)).replace("http://localhost:8080", url))
    for route in (configuration["route"], *configuration["route"]["routes"]):
        for key in {"group_wait", "group_interval", "repeat_interval"} & route.keys():
            match = re.fullmatch(r"(\d+)([smh])", route[key])
            assert match is not None
            seconds = int(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2]]
            route[key] = f"{seconds * 1000 // SPEED}ms"
    return configuration


@pytest.fixture
def fleet(simulator: SimulatorServer, tmp_path: Path) -> SmallFleet:
    fleet = SmallFleet(simulator.world, simulator.url, tmp_path / "config.yml")
    fleet.configure(baselines={SHOP: BASELINE, BANK: BASELINE}, scrape={"timeout_offset": "100ms"})
    return fleet


@pytest.fixture
def program(fleet: SmallFleet) -> Iterator[Exporter]:
    with exporter(f"--config.file={fleet.path}") as running:
        yield running


@pytest.fixture
def webhook(program: Exporter, release: str, tmp_path: Path) -> Iterator[Receiver]:
    """The receiver at the end of the chain, once the chain works and no alert fires."""
    address = f"127.0.0.1:{free_port()}"
    with (
        receiver() as received,
        ruled_prometheus(tmp_path, [program.url], alertmanager=address, release=release) as server,
    ):
        # Prometheus first scrapes after five seconds; until then the scaled rules see the targets as absent.
        server.wait_for(f"count(appid_category:wx_domain_hash:last) == {6 * len(NAMES)}")
        server.wait_for('absent(ALERTS{alertstate="firing"})')
        configuration = alertmanager_configuration(received.url)
        with alertmanager(tmp_path / "alertmanager", configuration, address, release):
            yield received


FOREIGN_OF_BANK = ("/messages: WxDomainListChanged of bank", "/pager: WxDomainUnexpectedDomain of bank")


def expect_both(webhook: Receiver, *expected: str) -> list[Event]:
    """Wait for these alerts to fire; return them in this order."""
    return sorted(webhook.expect("firing", *expected), key=lambda event: event.short)


def test_each_fault_notifies_exactly_the_right_receivers(
    simulator: SimulatorServer, fleet: SmallFleet, program: Exporter, webhook: Receiver
) -> None:
    world = fleet.world

    # A required domain is removed.
    world.patch(SHOP, {"domains": {"requestdomain": ["https://shop.example.com"]}})
    changed, missing = expect_both(
        webhook, "/messages: WxDomainListChanged of shop", "/pager: WxDomainRequiredMissing of shop"
    )
    assert f"Removed: 1 ({API}). Added: none." in changed.annotations["description"]
    assert missing.labels == {
        "alertname": "WxDomainRequiredMissing",
        "severity": "critical",
        "appid": SHOP,
        "name": "shop",
        "category": "requestdomain",
        "hash": missing.labels["hash"],
    }
    assert missing.annotations["summary"] == "requestdomain of shop lacks domains that its baseline requires."
    assert f"requestdomain of shop ({SHOP}) lacks domains that" in missing.annotations["description"]
    assert f": 1 ({API}). Users" in missing.annotations["description"]
    assert missing.annotations["runbook_url"] == f"{RUNBOOK}#wxdomainrequiredmissing"

    # A foreign domain is added.
    world.patch(BANK, {"domains": {"requestdomain": [API, FOREIGN]}})
    changed, unexpected = expect_both(webhook, *FOREIGN_OF_BANK)
    assert unexpected.labels["appid"] == BANK
    assert f"not allow: 1 ({FOREIGN}). The" in unexpected.annotations["description"]

    # Another one is added while the first alert fires: both alerts are sent again, with both domains.
    world.patch(BANK, {"domains": {"requestdomain": [API, FOREIGN, WORSE]}})
    changed, unexpected = expect_both(webhook, *FOREIGN_OF_BANK)
    assert f"not allow: 2 ({FOREIGN} {WORSE}). The" in unexpected.annotations["description"]
    assert f"Added: 2 ({FOREIGN} {WORSE})." in changed.annotations["description"]

    # A list without a baseline changes.
    world.patch(NEWS, {"domains": {"requestdomain": [API, FOREIGN]}})
    [changed] = webhook.expect("firing", "/messages: WxDomainListChanged of news")
    assert (
        f"Removed: 1 (https://news.example.com). Added: 1 ({FOREIGN})" in changed.annotations["description"]
    )

    # A token becomes invalid, and no new one can be fetched.
    world.patch(CLUB, {"invalidate_tokens": True, "token_errcode": 40125})
    [token] = webhook.expect("firing", "/messages: WxDomainTokenFailing of club")
    assert token.labels["severity"] == "warning"
    assert "stable_token answered 40125," in token.annotations["description"]

    # A quota is exhausted.
    world.patch(GAME, {"daily_limit": 0})
    [quota] = webhook.expect("firing", "/messages: WxDomainQuotaExhausted of game")
    assert f"game ({GAME}) is used up: getwxadevinfo answered 45009," in quota.annotations["description"]

    # Everything is repaired, which also changes lists.
    world.patch(SHOP, {"domains": {"requestdomain": [API]}})
    world.patch(BANK, {"domains": {"requestdomain": [API]}})
    world.patch(CLUB, {"token_errcode": 0})
    world.patch(GAME, {"daily_limit": None})
    program.send(signal.SIGHUP)
    webhook.expect(
        "firing", "/messages: WxDomainListChanged of shop", "/messages: WxDomainListChanged of bank"
    )
    # That WxDomainListChanged has ended is not sent.
    webhook.expect(
        "resolved",
        "/pager: WxDomainRequiredMissing of shop",
        *("/pager: WxDomainUnexpectedDomain of bank",) * 2,
        "/messages: WxDomainTokenFailing of club",
        "/messages: WxDomainQuotaExhausted of game",
    )

    # WeChat goes down, and comes back.
    simulator.stop()
    [down] = webhook.expect("firing", "/pager: WxDomainManyAppsDown")
    assert down.labels == {"alertname": "WxDomainManyAppsDown", "severity": "critical"}
    assert "6 of 6 mini programs went down together" in down.annotations["description"]
    simulator.start()
    webhook.expect("resolved", "/pager: WxDomainManyAppsDown")
    webhook.expect("firing")


def wait_for_state(alertmanager: str, site: str, alert: str, state: str) -> None:
    """Wait until Alertmanager has the alert of a site in a state, such as `suppressed`."""
    matchers = urlencode([("filter", f'alertname="{alert}"'), ("filter", f'site="{site}"')])

    def has_state() -> bool:
        found = json.loads(request(f"http://{alertmanager}/api/v2/alerts?{matchers}").text)
        return {one["status"]["state"] for one in found} == {state}

    wait_until(has_state, f"{alert} of {site} is {state}")


@pytest.mark.parametrize("flags", [(), ("--fleet-label=site",)], ids=["default", "fleet label"])
def test_a_server_that_watches_nothing_hides_no_alert_of_another(
    fleet: SmallFleet, program: Exporter, release: str, flags: tuple[str, ...], tmp_path: Path
) -> None:
    address = f"127.0.0.1:{free_port()}"

    def prometheus(site: str, target: str) -> contextlib.AbstractContextManager[Prometheus]:
        return ruled_prometheus(
            tmp_path / site,
            [target],
            alertmanager=address,
            release=release,
            rules=flags,
            external_labels={"site": site},
        )

    with contextlib.ExitStack() as stack:
        server = stack.enter_context(prometheus("north", program.url))
        server.wait_for(f"count(appid_category:wx_domain_hash:last) == {6 * len(NAMES)}")
        server.wait_for('absent(ALERTS{alertstate="firing"})')
        webhook = stack.enter_context(receiver())
        configuration = alertmanager_configuration(webhook.url, *flags)
        stack.enter_context(alertmanager(tmp_path / "alertmanager", configuration, address, release))

        # Another server can't reach its exporter.
        stack.enter_context(prometheus("south", "http://127.0.0.1:1"))
        [absent] = webhook.expect("firing", "/pager: WxDomainAbsent")
        assert absent.labels["site"] == "south"
        assert absent.annotations["summary"].endswith("[south]" if flags else "at all.")

        # A foreign domain of the first one is told nevertheless.
        fleet.world.patch(BANK, {"domains": {"requestdomain": [API, FOREIGN]}})
        for event in expect_both(webhook, *FOREIGN_OF_BANK):
            assert event.labels["site"] == "north"
        wait_for_state(address, "north", "WxDomainUnexpectedDomain", "active")

        # The other server's own alerts are inhibited, but only if a label tells the servers apart.
        own = {"labels": {"alertname": "WxDomainRequiredMissing", "severity": "critical", "site": "south"}}
        request(
            f"http://{address}/api/v2/alerts",
            method="POST",
            headers={"Content-Type": "application/json"},
            body=as_json([own]).encode(),
        )
        wait_for_state(address, "south", "WxDomainRequiredMissing", "suppressed" if flags else "active")

        # The same alert of both servers is two alerts.
        program.send(signal.SIGTERM)
        for site in ("north", "south"):
            wait_for_state(address, site, "WxDomainAbsent", "active")
