"""The irregularities of WeChat's real answers, applied at random; none changes a domain's normal form."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

BOM = b"\xef\xbb\xbf"
CONTENT_TYPES = (
    "application/json; encoding=utf-8",
    "application/json",
    "text/plain",
    "text/plain; charset=gbk",
)


def happens(rng: Random, probability: float) -> bool:
    """True with the given probability, from 0 to 1."""
    return rng.random() < probability


def _with_mixed_case(domain: str, rng: Random) -> str:
    """The domain with some letters of its scheme and host in upper case; port and path are unchanged."""
    scheme, separator, remainder = domain.partition("://")
    if not separator or "/" in scheme:
        scheme, separator, remainder = "", "", domain
    host, slash, path = remainder.partition("/")
    head = scheme + separator + host
    # Some letters beyond ASCII do not come back when their upper-case form is lowered.
    letters = (char.upper() if char.isascii() and happens(rng, 0.4) else char for char in head)
    return "".join(letters) + slash + path


def _as_typed(domain: str, rng: Random) -> str:
    """The domain as an administrator might have typed it: mixed case, trailing slash, leading space."""
    if happens(rng, 0.4):
        domain = _with_mixed_case(domain, rng)
    if happens(rng, 0.25) and not domain.endswith("/"):
        domain += "/"
    return f" {domain}" if happens(rng, 0.02) else domain


def untidy_list(domains: list[str], rng: Random) -> list[str]:
    """The same domains in random order and as typed, some of them twice."""
    repeated = [domain for domain in domains if happens(rng, 0.1)]
    untidy = [_as_typed(domain, rng) for domain in (*domains, *repeated)]
    rng.shuffle(untidy)
    return untidy


def untidy_lists(domains: Mapping[str, list[str]], rng: Random) -> dict[str, object]:
    """The untidy lists by category; some of the empty ones are null, some are left out.

    At least one category stays a list, because an answer without any list is malformed.
    """
    untidy: dict[str, object] = {}
    for category, values in domains.items():
        if values or happens(rng, 0.6):
            untidy[category] = untidy_list(values, rng)
        elif happens(rng, 0.5):
            untidy[category] = None
    if not any(isinstance(values, list) for values in untidy.values()):
        untidy[next(iter(domains))] = []
    return untidy


def untidy_success(payload: dict[str, object], rng: Random) -> dict[str, object]:
    """The payload of a successful answer with lists, sometimes without its errcode or errmsg."""
    omitted = {key for key in ("errcode", "errmsg") if happens(rng, 0.15)}
    return {key: value for key, value in payload.items() if key not in omitted}


def untidy_failure(
    payload: dict[str, object], empty_lists: Mapping[str, object], rng: Random
) -> dict[str, object]:
    """The payload of a failed answer, sometimes with a string as errcode or with all lists, empty."""
    untidy = dict(payload)
    if happens(rng, 0.3):
        untidy["errcode"] = str(payload["errcode"])
    if happens(rng, 0.5):
        untidy |= empty_lists
    return untidy


def numbers_as_text(numbers: Mapping[str, object], rng: Random) -> dict[str, object]:
    """The same object, in which some numbers are strings."""
    return {
        key: str(value) if isinstance(value, int) and happens(rng, 0.3) else value
        for key, value in numbers.items()
    }


def with_optional_errcode(payload: dict[str, object], rng: Random) -> dict[str, object]:
    """The payload of an API that answers without an errcode, sometimes with errcode 0."""
    return {"errcode": 0, "errmsg": "ok"} | payload if happens(rng, 0.3) else payload


def render(payload: object, rng: Random | None) -> tuple[bytes, str]:
    """The body and its Content-Type; without `rng` plain JSON."""
    if rng is None:
        text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
        return text.encode(), CONTENT_TYPES[0]
    text = json.dumps(payload, ensure_ascii=happens(rng, 0.3)).replace("/", "\\/")
    mark = BOM if happens(rng, 0.1) else b""
    return mark + text.encode(), rng.choice(CONTENT_TYPES)
