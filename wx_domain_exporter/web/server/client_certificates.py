"""The Subject Alternative Names of a client's certificate, as Go writes them. Pure."""

import ipaddress
from collections.abc import Collection, Mapping
from typing import Any

_KINDS = frozenset({"DNS", "email", "URI"})


def client_names(certificate: Mapping[str, Any]) -> set[str]:
    """Return the DNS names, e-mail addresses, URIs and IP addresses of a result of `getpeercert`."""
    names = set()
    for kind, value in certificate.get("subjectAltName", ()):
        if kind in _KINDS:
            names.add(value)
        elif kind == "IP Address":
            names.add(_address(value.strip()))
    return names


def is_allowed_client(certificate: Mapping[str, Any] | None, allowed: Collection[str] | None) -> bool:
    """Whether one of a client's names is allowed; a client without a certificate is allowed here."""
    return allowed is None or not certificate or not client_names(certificate).isdisjoint(allowed)


def _address(text: str) -> str:
    """Return an address in its short form, an IPv4-mapped IPv6 address as IPv4."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:  # Python writes `<invalid>` for an address of a wrong length.
        return text
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
