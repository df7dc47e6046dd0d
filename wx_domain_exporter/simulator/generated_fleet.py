"""Generated fleets of any size, for load tests and benchmarks."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from wx_domain_exporter.simulator.invented_credentials import appid_of, appsecret_of
from wx_domain_exporter.simulator.world import CATEGORIES, SimulatedApp, World

if TYPE_CHECKING:
    from collections.abc import Callable

_SCHEMES = {"wsrequestdomain": "wss", "udpdomain": "udp"}


def generate_fleet(
    apps: int,
    hanging: int = 0,
    domains_each: int = 8,
    latency: float = 0.0,
    *,
    quirks: bool = False,
    clock: Callable[[], float] = time.time,
) -> World:
    """Generate a fleet; the same arguments make the same fleet.

    Args:
        apps: The number of mini programs.
        hanging: The number of them that never answer, spread evenly.
        domains_each: Domains per app, spread over the six documented categories.
        latency: Seconds before any API answers.
        quirks: Whether answers have the irregularities of real ones, which costs time.
        clock: Unix time.
    """
    world = World(clock=clock, quirks=quirks)
    for number in range(apps):
        hang = is_spread(number, hanging, among=apps)
        world.add(_generated_app(number, domains_each, latency, hang=hang))
    return world


def is_spread(number: int, count: int, *, among: int) -> bool:
    """Whether `number` is one of `count` numbers that are spread evenly from 0 to `among` - 1."""
    return (number + 1) * count // among > number * count // among


def _generated_app(number: int, domains_each: int, latency: float, *, hang: bool) -> SimulatedApp:
    name = f"app-{number:05}"
    return SimulatedApp(
        appid=appid_of(name),
        name=name,
        appsecret=appsecret_of(name),
        domains=_generated_domains(name, domains_each),
        latency=latency,
        token_latency=latency,
        hang=hang,
    )


def _generated_domains(name: str, number: int) -> dict[str, list[str]]:
    domains: dict[str, list[str]] = {category: [] for category in CATEGORIES}
    for index in range(number):
        category = CATEGORIES[index % len(CATEGORIES)]
        domains[category].append(f"{_SCHEMES.get(category, 'https')}://host-{index}.{name}.example.com")
    return domains
