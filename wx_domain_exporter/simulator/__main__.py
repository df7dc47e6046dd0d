"""`python -m wx_domain_exporter.simulator`: serve the simulated WeChat."""

from __future__ import annotations

import argparse
import re
import signal
import sys
import threading

from wx_domain_exporter.simulator.demo import demo_world
from wx_domain_exporter.simulator.generated_fleet import generate_fleet
from wx_domain_exporter.simulator.server import SimulatorServer

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0}


def seconds(text: str) -> float:
    """A duration such as `50ms`, `1.5s` or `2m`, in seconds.

    Raises:
        argparse.ArgumentTypeError: The text is not a duration.
    """
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m)", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration; examples: 50ms, 1.5s, 2m")
    return float(match[1]) * _UNITS[match[2]]


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    flags = argparse.ArgumentParser(prog="python -m wx_domain_exporter.simulator", description=__doc__)
    flags.add_argument("--host", default="127.0.0.1", help="address to listen on")
    flags.add_argument("--port", type=int, default=0, help="port to listen on; 0 picks a free one")
    flags.add_argument(
        "--apps", type=int, default=0, help="number of generated apps; 0 serves the fleet of --demo"
    )
    flags.add_argument("--hanging", type=int, default=0, help="number of generated apps that never answer")
    flags.add_argument("--domains-each", type=int, default=8, help="number of domains of each generated app")
    flags.add_argument(
        "--latency",
        type=seconds,
        default=0.0,
        help="latency of every call about a generated app, such as 50ms",
    )
    flags.add_argument(
        "--quirks", action="store_true", help="give the answers of generated apps WeChat's irregularities"
    )
    flags.add_argument(
        "--keep-alive", type=seconds, default=65.0, help="duration after which idle connections are closed"
    )
    flags.add_argument("--tls-cert", help="certificate chain, PEM")
    flags.add_argument("--tls-key", help="key of the certificate, PEM")
    return flags


def main(arguments: list[str] | None = None) -> int:
    """Print the URL and serve until SIGTERM or SIGINT."""
    flags = parser().parse_args(arguments)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    if flags.apps:
        world = generate_fleet(
            flags.apps, flags.hanging, flags.domains_each, flags.latency, quirks=flags.quirks
        )
    else:
        world = demo_world()
    server = SimulatorServer(
        world,
        flags.host,
        flags.port,
        certfile=flags.tls_cert,
        keyfile=flags.tls_key,
        keep_alive=flags.keep_alive,
    )
    with server:
        sys.stdout.write(f"listening on {server.url}\n")
        sys.stdout.flush()
        stopped.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
