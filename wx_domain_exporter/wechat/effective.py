"""Reading what is in force after a release: get_effective_domain and get_effective_webviewdomain."""

from collections.abc import Collection, Mapping

from wx_domain_exporter.lists.domains import SERVER_CATEGORIES, DomainList
from wx_domain_exporter.wechat.errors import DecodeError
from wx_domain_exporter.wechat.responses import JsonObject, read_lists

DOCUMENTED_EFFECTIVE = tuple(dict.fromkeys((*SERVER_CATEGORIES, "tcpdomain")))
"""The categories that WeChat documents for get_effective_domain, in the order of its page."""


def read_effective_domain(
    answer: JsonObject, seen_before: Collection[str], known: Mapping[str, DomainList] | None = None
) -> dict[str, DomainList]:
    """Read the lists of the object `effective_domain`; those beside it say where a domain was configured.

    Args:
        answer: with errcode 0.
        seen_before: undocumented categories that this app had; they count as empty when they are absent.
        known: its lists before; those that are the same still are returned themselves.

    Raises:
        DecodeError: there is no such object, or its lists are malformed.
    """
    lists = answer.get("effective_domain")
    if not isinstance(lists, dict):
        raise DecodeError("effective_domain is not an object")
    return read_lists(lists, DOCUMENTED_EFFECTIVE, DOCUMENTED_EFFECTIVE, seen_before, known)


def read_effective_webviewdomain(answer: JsonObject) -> dict[str, DomainList]:
    """Read the list `effective_webviewdomain`: what getwxadevinfo calls bizdomain.

    Raises:
        DecodeError: there is no such list, or it is malformed.
    """
    documented = ("bizdomain",)
    return read_lists({"bizdomain": answer.get("effective_webviewdomain")}, documented, documented, ())
