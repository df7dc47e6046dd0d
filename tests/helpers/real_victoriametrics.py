"""Runs Debian's VictoriaMetrics, vmagent and vmalert, which only the next release has in a recent version."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from helpers.json_text import as_json
from helpers.ports import free_port
from helpers.programs import FORKY, program
from helpers.real_prometheus import Prometheus, running

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PACKAGE = "victoria-metrics"
AT_ONCE = "-search.latencyOffset=1ms"
"""A flag with which VictoriaMetrics answers from the newest samples, not from those of 30 s ago."""


class VictoriaMetrics(Prometheus):
    """A server with the API of Prometheus."""


@contextlib.contextmanager
def victoria_metrics(folder: Path, *flags: str) -> Iterator[VictoriaMetrics]:
    """Run VictoriaMetrics with its data in a folder."""
    with _running("victoria-metrics", folder, f"-storageDataPath={folder / 'data'}", *flags) as url:
        yield VictoriaMetrics(url)


@contextlib.contextmanager
def vmagent(folder: Path, configuration: Mapping[str, Any], server: VictoriaMetrics) -> Iterator[None]:
    """Run vmagent with a configuration like Prometheus'; it sends what it scrapes to the server."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "scrape.yml"
    file.write_text(as_json(configuration))
    flags = (f"-promscrape.config={file}", f"-remoteWrite.tmpDataPath={folder / 'queue'}")
    with _running("vmagent", folder, *flags, f"-remoteWrite.url={server.url}/api/v1/write"):
        yield


@contextlib.contextmanager
def vmalert(folder: Path, rules: Path, server: VictoriaMetrics, alertmanager: str) -> Iterator[None]:
    """Run vmalert with a rule file; the server keeps its results and the states of its alerts."""
    urls = {"datasource": server.url, "remoteRead": server.url, "remoteWrite": server.url}
    flags = [f"-{name}.url={url}" for name, url in urls.items()]
    with _running("vmalert", folder, f"-rule={rules}", f"-notifier.url=http://{alertmanager}", *flags):
        yield


@contextlib.contextmanager
def _running(name: str, folder: Path, *flags: str) -> Iterator[str]:
    folder.mkdir(parents=True, exist_ok=True)
    address = f"127.0.0.1:{free_port()}"
    command = [program(name, PACKAGE, FORKY), f"-httpListenAddr={address}", *flags]
    with running(command, folder / f"{name}.log", f"http://{address}/health"):
        yield f"http://{address}"
