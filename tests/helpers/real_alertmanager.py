"""Runs Debian's Alertmanager, and receives its notifications."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.json_server import json_server
from helpers.json_text import as_json
from helpers.programs import FORKY, program
from helpers.real_prometheus import running
from helpers.repository import REPOSITORY
from helpers.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PACKAGE = "prometheus-alertmanager"


@dataclass(frozen=True)
class Event:
    """The first notification of an alert's start or end."""

    path: str
    labels: dict[str, str]
    annotations: dict[str, str]

    @property
    def short(self) -> str:
        """Such as `/messages: WxDomainAppDown of shop`."""
        name = f" of {self.labels['name']}" if "name" in self.labels else ""
        return f"{self.path}: {self.labels['alertname']}{name}"


@dataclass
class Receiver:
    """A webhook, and the alerts that started or ended there, except repeated ones and WxDomainRulesMissed."""

    url: str = ""
    notifications: list[dict[str, Any]] = field(default_factory=list)
    """What Alertmanager sent, as it was."""
    _events: dict[str, list[Event]] = field(default_factory=lambda: {"firing": [], "resolved": []})
    _known: set[tuple[str, ...]] = field(default_factory=set)

    def receive(self, path: str, notification: Any) -> None:
        self.notifications.append(notification)
        for alert in notification["alerts"]:
            if alert["labels"]["alertname"] == "WxDomainRulesMissed":
                continue  # On a busy machine, Prometheus leaves out an evaluation now and then.
            key = (alert["status"], alert["fingerprint"], alert["startsAt"])
            if key not in self._known:
                self._known.add(key)
                self._events[alert["status"]].append(Event(path, alert["labels"], alert["annotations"]))

    def expect(self, status: str, *expected: str) -> list[Event]:
        """Wait for exactly these alerts to start or end since the last call, in any order."""
        arrived = self._events[status]
        with contextlib.suppress(AssertionError):
            wait_until(lambda: len(arrived) >= len(expected), "all arrive")
        self._events[status] = []
        alerts = sorted(event.short for event in arrived)
        assert alerts == sorted(expected), f"{status}: {alerts}"
        return arrived


@contextlib.contextmanager
def receiver() -> Iterator[Receiver]:
    """Run a webhook that accepts any path."""
    received = Receiver()
    with json_server(received.receive) as received.url:
        yield received


_TEMPLATES = Path("/usr/share/prometheus/alertmanager")


def _runnable(folder: Path, release: str) -> tuple[Path, Path]:
    """The program, and its working folder.

    Debian's program reads its templates from a fixed path. If the package is only unpacked
    (scripts/programs), a patched copy reads them from its working folder.
    """
    original = Path(program(PACKAGE, PACKAGE, release))
    if REPOSITORY not in original.parents:
        return original, folder
    path = str(_TEMPLATES).encode()
    copy = folder / PACKAGE
    copy.write_bytes(original.read_bytes().replace(path, (b"./" * len(path))[: len(path)]))
    copy.chmod(0o755)
    return copy, original.parent.parent / _TEMPLATES.relative_to("/usr")


@contextlib.contextmanager
def alertmanager(
    folder: Path, configuration: Mapping[str, Any], address: str, release: str = FORKY
) -> Iterator[None]:
    """Run Alertmanager at an address such as `127.0.0.1:9093`."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "alertmanager.yml"
    file.write_text(as_json(configuration))
    executable, working_folder = _runnable(folder, release)
    command = [
        str(executable),
        f"--config.file={file}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
    ]
    with running(command, folder / "alertmanager.log", f"http://{address}/-/ready", working_folder):
        yield
