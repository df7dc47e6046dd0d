"""What makes real answers hard to read: nothing here changes the normal form of a domain."""

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
    """Whether something of that probability happens this time."""
    return rng.random() < probability


def mixed_case(domain: str, rng: Random) -> str:
    """The domain with some letters of its scheme and host in upper case; port and path stay as they are."""
    scheme, separator, rest = domain.partition("://")
    if not separator or "/" in scheme:
        scheme, separator, rest = "", "", domain
    host, slash, path = rest.partition("/")
    head = scheme + separator + host
    # Letters beyond ASCII have upper-case forms that do not lead back.
    raised = (char.upper() if char.isascii() and happens(rng, 0.4) else char for char in head)
    return "".join(raised) + slash + path


def disguised(domain: str, rng: Random) -> str:
    """The domain as somebody might have typed it."""
    if happens(rng, 0.4):
        domain = mixed_case(domain, rng)
    if happens(rng, 0.25) and not domain.endswith("/"):
        domain += "/"
    return f" {domain}" if happens(rng, 0.02) else domain


def disordered(domains: list[str], rng: Random) -> list[str]:
    """The same domains in another order, disguised, and some of them twice."""
    repeated = [domain for domain in domains if happens(rng, 0.1)]
    shown = [disguised(domain, rng) for domain in (*domains, *repeated)]
    rng.shuffle(shown)
    return shown


def lists(domains: Mapping[str, list[str]], rng: Random) -> dict[str, object]:
    """The category lists of an answer; of the empty ones some are null and some left out.

    One category at least stays a list, for without any the answer would mean something else.
    """
    shown: dict[str, object] = {}
    for category, values in domains.items():
        if values or happens(rng, 0.6):
            shown[category] = disordered(values, rng)
        elif happens(rng, 0.5):
            shown[category] = None
    if not any(isinstance(values, list) for values in shown.values()):
        shown[next(iter(domains))] = []
    return shown


def success(payload: dict[str, object], rng: Random) -> dict[str, object]:
    """The payload of a good answer with lists, now and then without its errcode or errmsg."""
    left_out = {key for key in ("errcode", "errmsg") if happens(rng, 0.15)}
    return {key: value for key, value in payload.items() if key not in left_out}


def failure(payload: dict[str, object], empties: Mapping[str, object], rng: Random) -> dict[str, object]:
    """The payload of a failed answer, now and then with a string as errcode or with all lists, empty."""
    shown = dict(payload)
    if happens(rng, 0.3):
        shown["errcode"] = str(payload["errcode"])
    if happens(rng, 0.5):
        shown |= empties
    return shown


def perhaps_text(numbers: Mapping[str, object], rng: Random) -> dict[str, object]:
    """The same object, each number now and then as a string."""
    return {
        key: str(value) if isinstance(value, int) and happens(rng, 0.3) else value
        for key, value in numbers.items()
    }


def perhaps_ok(payload: dict[str, object], rng: Random) -> dict[str, object]:
    """The payload of an API that answers without an errcode, now and then with that of success."""
    return {"errcode": 0, "errmsg": "ok"} | payload if happens(rng, 0.3) else payload


def render(payload: object, rng: Random | None) -> tuple[bytes, str]:
    """The body and its Content-Type, in plain JSON without a `rng`."""
    if rng is None:
        text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
        return text.encode(), CONTENT_TYPES[0]
    text = json.dumps(payload, ensure_ascii=happens(rng, 0.3)).replace("/", "\\/")
    mark = BOM if happens(rng, 0.1) else b""
    return mark + text.encode(), rng.choice(CONTENT_TYPES)
