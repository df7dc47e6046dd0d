"""Run the shipped rules in vmalert, and print which alerts start and end; see scripts/try-victoriametrics."""

import contextlib
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from helpers.exporter_process import Exporter, exporter
from helpers.http_requests import request
from helpers.ports import free_port
from helpers.real_alertmanager import alertmanager
from helpers.real_victoriametrics import victoria_metrics, vmagent, vmalert
from helpers.repository import REPOSITORY

from wx_domain_exporter.simulator.demo import demo_config, demo_world
from wx_domain_exporter.simulator.invented_credentials import appid_of
from wx_domain_exporter.simulator.server import SimulatorServer
from wx_domain_exporter.simulator.world import World

CHANGED = appid_of("shop")
FOREIGN = "https://foreign.example.net"
OUTAGE = 85015


def change(world: World) -> None:
    """Replace a domain of an app whose baseline allows no other."""
    domains = world.apps[CHANGED].domains
    listed = [*domains["requestdomain"][1:], FOREIGN]
    world.patch(CHANGED, {"domains": {**domains, "requestdomain": listed}})


def let_all_fail(world: World) -> None:
    """Let the API answer an errcode to all apps to which it answered none."""
    for appid, app in list(world.apps.items()):
        if app.errcode == 0:
            world.patch(appid, {"errcode": OUTAGE})


def recover(world: World) -> None:
    """End this."""
    for appid, app in list(world.apps.items()):
        if app.errcode == OUTAGE:
            world.patch(appid, {"errcode": 0})


STEPS: tuple[tuple[int, str, Callable[[World], None]], ...] = (
    (12, "a domain of shop is replaced by a foreign one", change),
    (20, "all mini programs fail", let_all_fail),
    (34, "they recover", recover),
    (42, "the end", lambda _: None),
)
"""What happens after how many minutes."""


class AlertLog:
    """Prints the alerts that start and end in Alertmanager."""

    def __init__(self, address: str) -> None:
        self._url = f"http://{address}/api/v2/alerts?active=true"
        self._start = time.monotonic()
        self._active: dict[str, str] = {}

    def say(self, text: str) -> None:
        """Print a line, with the minutes since the start."""
        minutes, seconds = divmod(int(time.monotonic() - self._start), 60)
        print(f"{minutes:2}:{seconds:02} {text}")

    def watch_until(self, minute: float) -> None:
        """Print what starts and ends until so many minutes have passed."""
        while time.monotonic() - self._start < 60 * minute:
            self._compare(json.loads(request(self._url).text))
            time.sleep(1)

    def _compare(self, alerts: list[dict[str, dict[str, str]]]) -> None:
        active = {str(alert["fingerprint"]): _line(alert["labels"], alert["annotations"]) for alert in alerts}
        for fingerprint in active.keys() - self._active.keys():
            self.say(f"  started: {active[fingerprint]}")
        for fingerprint in self._active.keys() - active.keys():
            self.say(f"  ended:   {self._active[fingerprint]}")
        self._active = active


def _line(labels: dict[str, str], annotations: dict[str, str]) -> str:
    of = "".join(f" {name}={labels[name]}" for name in ("category", "hash", "class") if name in labels)
    description = " ".join(annotations["description"].split())[:200]
    return f"{labels['alertname']} ({labels['severity']}) {labels.get('name', '')}{of}: {description}"


@contextlib.contextmanager
def chain(folder: Path, program: Exporter) -> Iterator[AlertLog]:
    """Run everything behind the exporter."""
    address = f"127.0.0.1:{free_port()}"
    target = {"targets": [program.url.removeprefix("http://")]}
    scraping = {
        "global": {"scrape_interval": "60s", "scrape_timeout": "10s"},
        "scrape_configs": [{"job_name": "wx_domain", "static_configs": [target]}],
    }
    route = {"receiver": "nobody", "group_by": ["..."], "group_wait": "1s", "group_interval": "1s"}
    notifying = {"route": route, "receivers": [{"name": "nobody"}]}
    rules = REPOSITORY / "rules" / "wx-domain.rules.yml"
    with (
        victoria_metrics(folder / "victoria-metrics") as server,
        vmagent(folder / "vmagent", scraping, server),
        alertmanager(folder / "alertmanager", notifying, address),
        vmalert(folder / "vmalert", rules, server, address),
    ):
        yield AlertLog(address)


def main() -> None:
    """Print what happens, and what alerts start and end, until the last step."""
    world = demo_world()
    with tempfile.TemporaryDirectory() as name, SimulatorServer(world) as wechat:
        folder = Path(name)
        (folder / "config.yml").write_text(demo_config(wechat.url))
        with exporter(cwd=folder) as program, chain(folder, program) as log:
            log.say("the exporter is scraped")
            for minute, what, do in STEPS:
                log.watch_until(minute)
                log.say(what)
                do(world)


if __name__ == "__main__":
    main()
