"""Targets and their labels for Prometheus' HTTP service discovery. Pure.

The same apps give the same groups in the same order.
"""

import functools
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypedDict

from wx_domain_exporter.config.settings import AppSettings
from wx_domain_exporter.domains.domain_list import DomainList
from wx_domain_exporter.web.endpoints.probe_url import ProbeUrl, probe_url

_PREFIX = "__meta_wx_domain_"


class TargetGroup(TypedDict):
    """One target and its labels."""

    targets: list[str]
    labels: dict[str, str]


@dataclass(frozen=True, slots=True)
class KnownApp:
    """One app and its last known lists."""

    appid: str
    name: str
    lists: Mapping[str, DomainList]


class _ListedDomain(NamedTuple):
    """One domain of one app in one category."""

    app: KnownApp
    category: str
    domain: str
    probe: ProbeUrl


def app_groups(apps: Iterable[AppSettings]) -> Iterator[TargetGroup]:
    """Yield a group for each app, with the appid as its target."""
    for app in sorted(apps, key=lambda app: app.appid):
        labels = {f"label_{key}": value for key, value in sorted(app.labels.items())}
        yield _group(app.appid, {"name": app.name, **labels})


def domain_groups(
    apps: Iterable[KnownApp], categories: Collection[str] = (), *, by_app: bool = False
) -> Iterator[TargetGroup]:
    """Yield a group for each URL at which domains of the apps are probed.

    Args:
        apps: the apps.
        categories: which lists count; none: all.
        by_app: yield a group for each pair of app and URL instead.
    """
    plural = "" if by_app else "s"
    category = "category" if by_app else "categories"
    for (url, _), listed in sorted(_by_url(apps, categories, by_app=by_app).items()):
        # In the order of the appids, so that appids and names are in the same order.
        names = {domain.app.appid: domain.app.name for domain in listed}
        labels = {
            f"appid{plural}": ",".join(names),
            f"name{plural}": ",".join(names.values()),
            category: _joined(domain.category for domain in listed),
            "domain": _joined(domain.domain for domain in listed),
            "scheme": _joined(domain.probe.scheme for domain in listed),
            "host": listed[0].probe.host,
        }
        yield _group(url, labels)


def _by_url(
    apps: Iterable[KnownApp], categories: Collection[str], *, by_app: bool
) -> Mapping[tuple[str, str], list[_ListedDomain]]:
    """Return the listed domains by URL and, with `by_app`, by appid."""
    probe_of = functools.cache(probe_url)
    groups: dict[tuple[str, str], list[_ListedDomain]] = {}
    for app in sorted(apps, key=lambda app: app.appid):
        for category, domain_list in app.lists.items():
            if categories and category not in categories:
                continue
            for domain in domain_list.domains:
                probe = probe_of(domain)
                if probe is not None:
                    key = (probe.url, app.appid if by_app else "")
                    groups.setdefault(key, []).append(_ListedDomain(app, category, domain, probe))
    return groups


def _joined(values: Iterable[str]) -> str:
    return ",".join(sorted(set(values)))


def _group(target: str, labels: Mapping[str, str]) -> TargetGroup:
    return {"targets": [target], "labels": {f"{_PREFIX}{key}": value for key, value in labels.items()}}
