"""What Prometheus is told to probe: targets with their labels, as its HTTP service discovery has them.

Pure. The same apps make the same groups, in the same order.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypedDict

from wx_domain_exporter.config.loader import AppSettings
from wx_domain_exporter.domains.domain_list import DomainList
from wx_domain_exporter.web.endpoints.probe_url import ProbeUrl, probe_url

_PREFIX = "__meta_wx_domain_"


class TargetGroup(TypedDict):
    """One target and its labels."""

    targets: list[str]
    labels: dict[str, str]


@dataclass(frozen=True, slots=True)
class KnownApp:
    """One app, and the lists that it was last known to have."""

    appid: str
    name: str
    lists: Mapping[str, DomainList]


class _Use(NamedTuple):
    """One domain of one app in one category."""

    app: KnownApp
    category: str
    domain: str
    place: ProbeUrl


def app_groups(apps: Iterable[AppSettings]) -> Iterator[TargetGroup]:
    """Yield a group for each app; its target is the appid."""
    for app in sorted(apps, key=lambda app: app.appid):
        labels = {f"label_{key}": value for key, value in sorted(app.labels.items())}
        yield _group(app.appid, {"name": app.name, **labels})


def domain_groups(
    apps: Iterable[KnownApp], categories: Collection[str] = (), *, by_app: bool = False
) -> Iterator[TargetGroup]:
    """Yield a group for each URL that the apps' domains lead to.

    Args:
        apps: whose domains.
        categories: only these; none given: all.
        by_app: a group for each app and URL instead.
    """
    end = "" if by_app else "s"
    category = "category" if by_app else "categories"
    for (url, _), uses in sorted(_uses(apps, categories, by_app=by_app).items()):
        # The uses come in the order of the appids, so the names stand in that of their apps.
        names = {use.app.appid: use.app.name for use in uses}
        labels = {
            f"appid{end}": ",".join(names),
            f"name{end}": ",".join(names.values()),
            category: _joined(use.category for use in uses),
            "domain": _joined(use.domain for use in uses),
            "scheme": _joined(use.place.scheme for use in uses),
            "host": uses[0].place.host,
        }
        yield _group(url, labels)


def _uses(
    apps: Iterable[KnownApp], categories: Collection[str], *, by_app: bool
) -> Mapping[tuple[str, str], list[_Use]]:
    """Return the domains' uses by URL, and by appid if that is asked for."""
    places: dict[str, ProbeUrl | None] = {}
    found: dict[tuple[str, str], list[_Use]] = {}
    for app in sorted(apps, key=lambda app: app.appid):
        for category, listed in app.lists.items():
            if categories and category not in categories:
                continue
            for domain in listed.domains:
                if domain not in places:
                    places[domain] = probe_url(domain)
                place = places[domain]
                if place is not None:
                    key = (place.url, app.appid if by_app else "")
                    found.setdefault(key, []).append(_Use(app, category, domain, place))
    return found


def _joined(values: Iterable[str]) -> str:
    return ",".join(sorted(set(values)))


def _group(target: str, labels: Mapping[str, str]) -> TargetGroup:
    return {"targets": [target], "labels": {f"{_PREFIX}{key}": value for key, value in labels.items()}}
