"""Targets and their labels for Prometheus' HTTP service discovery. Pure.

The same apps give the same groups in the same order.
"""

import functools
import heapq
import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypedDict

from wx_domain_exporter.config.settings import AppSettings
from wx_domain_exporter.domains.domain_list import DomainList
from wx_domain_exporter.web.endpoints.probe_url import probe_url

_PREFIX = "__meta_wx_domain_"
_MAX_CACHED_URLS = 1 << 12
"""URLs of domains that many apps have in common."""
_SORTED_AT_ONCE = 1000


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


_ListedDomain = tuple[str, str, str, str]
"""URL, appid, category and domain. Of 10,000 apps there are 400,000, and this takes the least memory."""


def app_groups(apps: Iterable[AppSettings]) -> Iterator[TargetGroup]:
    """Yield a group for each app, with the appid as its target."""
    for app in sorted(apps, key=lambda app: app.appid):
        labels = {f"label_{key}": value for key, value in sorted(app.labels.items())}
        yield _group(app.appid, {"name": app.name, **labels})


def domain_groups(
    apps: Collection[KnownApp],
    categories: Collection[str] = (),
    *,
    by_app: bool = False,
    pace: Callable[[Iterator[_ListedDomain]], Iterator[_ListedDomain]] = iter,
) -> Iterator[TargetGroup]:
    """Yield a group for each URL at which domains of the apps are probed.

    Args:
        apps: the apps.
        categories: which lists count; none: all.
        by_app: yield a group for each pair of app and URL instead.
        pace: yields the listed domains, with pauses while other work comes first.
    """
    names = {app.appid: app.name for app in apps}
    plural = "" if by_app else "s"
    category = "category" if by_app else "categories"
    listed_domains = _sorted(pace(_listed_domains(apps, categories)))
    for _, group in itertools.groupby(listed_domains, key=lambda listed: listed[: 1 + by_app]):
        listed = list(group)
        url, _, _, first_domain = listed[0]
        probe = probe_url(first_domain)
        appids = dict.fromkeys(appid for _, appid, _, _ in listed)
        labels = {
            f"appid{plural}": ",".join(appids),
            f"name{plural}": ",".join(names[appid] for appid in appids),
            category: _joined(category for _, _, category, _ in listed),
            "domain": _joined(domain for _, _, _, domain in listed),
            "scheme": _joined(domain.partition(":")[0] for _, _, _, domain in listed),
            "host": "" if probe is None else probe.host,
        }
        yield _group(url, labels)


def _listed_domains(apps: Iterable[KnownApp], categories: Collection[str]) -> Iterator[_ListedDomain]:
    url_of = functools.lru_cache(_MAX_CACHED_URLS)(probe_url)
    for app in apps:
        for category, domain_list in app.lists.items():
            if categories and category not in categories:
                continue
            for domain in domain_list.domains:
                probe = url_of(domain)
                if probe is not None:
                    url = domain if probe.url == domain else probe.url  # one string in place of two
                    yield url, app.appid, category, domain


def _sorted(items: Iterator[_ListedDomain]) -> Iterator[_ListedDomain]:
    """Sort in small parts: Python runs no other thread while it sorts."""
    parts = []
    while part := sorted(itertools.islice(items, _SORTED_AT_ONCE)):
        parts.append(part)
    return heapq.merge(*parts)


def _joined(values: Iterable[str]) -> str:
    return ",".join(sorted(set(values)))


def _group(target: str, labels: Mapping[str, str]) -> TargetGroup:
    return {"targets": [target], "labels": {f"{_PREFIX}{key}": value for key, value in labels.items()}}
