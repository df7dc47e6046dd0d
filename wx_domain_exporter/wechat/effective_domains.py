"""Parses the lists in force: get_effective_domain and get_effective_webviewdomain."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from wx_domain_exporter.domains.domain_list import EMPTY, SERVER_CATEGORIES, DomainList
from wx_domain_exporter.wechat.errors import DecodeError
from wx_domain_exporter.wechat.responses import JsonObject, read_lists

DOCUMENTED_EFFECTIVE = tuple(dict.fromkeys((*SERVER_CATEGORIES, "tcpdomain")))
"""The categories that WeChat documents for get_effective_domain, in the order of its page."""

_ORIGINS = ("mp", "third", "direct", "effective")
"""The prefixes of the keys: set at mp.weixin.qq.com, by a platform in two ways, and published."""


@dataclass(frozen=True, slots=True)
class EffectiveLists:
    """The result of one of the two APIs.

    Attributes:
        lists: the lists in force, by category.
        blank: whether all lists of the response are empty, also those of the other origins.
    """

    lists: Mapping[str, DomainList]
    blank: bool


def withheld(answers: Sequence[EffectiveLists], configured: Mapping[str, DomainList]) -> bool:
    """Whether empty lists mean "unknown": domains are configured that one of the responses should contain.

    WeChat documents both APIs for an authorizer_access_token; other tokens can get errcode 0 and empty lists.

    Args:
        answers: the results of the two APIs at the same time.
        configured: the lists of getwxadevinfo.
    """
    return any(
        configured.get(category, EMPTY).count
        for answer in answers
        if answer.blank
        for category in answer.lists
    )


def read_effective_domain(answer: JsonObject, seen_before: Collection[str]) -> EffectiveLists:
    """Read the lists of the object `effective_domain`; those beside it say where a domain was configured.

    Args:
        answer: the response, with errcode 0.
        seen_before: undocumented categories that this app had; they count as empty when they are absent.

    Raises:
        DecodeError: there is no such object, or its lists are malformed.
    """
    effective = answer.get("effective_domain")
    if not isinstance(effective, dict):
        raise DecodeError("effective_domain is not an object")
    lists = read_lists(effective, DOCUMENTED_EFFECTIVE, DOCUMENTED_EFFECTIVE, seen_before)
    return EffectiveLists(lists, not any(_server_domains(answer)))


def read_effective_webviewdomain(answer: JsonObject) -> EffectiveLists:
    """Read the list `effective_webviewdomain`, which getwxadevinfo calls bizdomain.

    Raises:
        DecodeError: there is no such list, or it is malformed.
    """
    documented = ("bizdomain",)
    lists = read_lists({"bizdomain": answer.get("effective_webviewdomain")}, documented, documented, ())
    return EffectiveLists(lists, not any(answer.get(f"{origin}_webviewdomain") for origin in _ORIGINS))


def _server_domains(answer: JsonObject) -> Iterator[object]:
    """Yield the lists of all origins."""
    for origin in _ORIGINS:
        lists = answer.get(f"{origin}_domain")
        if isinstance(lists, dict):
            yield from lists.values()
