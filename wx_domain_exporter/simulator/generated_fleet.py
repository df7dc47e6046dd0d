"""Generated fleets, as big as load tests want them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from wx_domain_exporter.simulator.credentials import appid_of, appsecret_of
from wx_domain_exporter.simulator.world import CATEGORIES, SimulatedApp, World

if TYPE_CHECKING:
    from collections.abc import Callable

_SCHEMES = {"wsrequestdomain": "wss", "udpdomain": "udp"}


def fleet(
    apps: int,
    hanging: int = 0,
    domains_each: int = 8,
    latency: float = 0.0,
    *,
    quirks: bool = False,
    clock: Callable[[], float] = time.time,
) -> World:
    """A generated fleet for load tests; the same arguments make the same fleet.

    Args:
        apps: How many mini programs.
        hanging: How many of them never answer; they are spread evenly.
        domains_each: Domains per app, spread over the six documented categories.
        latency: Seconds before any API answers.
        quirks: Whether answers are untidy, which costs time.
        clock: Unix time.
    """
    world = World(clock=clock, quirks=quirks)
    for number in range(apps):
        world.add(_generated_app(number, domains_each, latency, hang=is_one_of(number, hanging, among=apps)))
    return world


def is_one_of(number: int, some: int, *, among: int) -> bool:
    """Whether `number` is one of `some` numbers that are spread evenly from 0 to `among` - 1."""
    return (number + 1) * some // among > number * some // among


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
