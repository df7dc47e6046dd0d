"""The URL under which a domain of WeChat's lists is probed. Pure."""

import ipaddress
import re
from typing import NamedTuple
from urllib.parse import quote

_PROBED_AS = {"https": "https", "wss": "https", "http": "http", "ws": "http"}
_PARTS = re.compile(
    rf"(?P<scheme>{'|'.join(_PROBED_AS)})://"
    r"(?:\[(?P<six>[0-9a-f:.]+)\]|(?P<host>[^][/?#@:\s]+))"
    r"(?P<port>:[0-9]{1,5})?"
    r"(?P<rest>[/?][^#\s]*)?"
)
_LABEL = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*")
_DEVIATING = re.compile("[ßς\u200c\u200d]")
"""What one version of the standard of such names makes another host of than the other."""

_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_KEPT = "/?%:@!$&'()*+,;=~"
_MAX_PORT = 65535


class ProbeUrl(NamedTuple):
    """Where a domain is probed.

    Attributes:
        url: in ASCII; a WebSocket is probed over HTTP, which its handshake is.
        scheme: the domain's own, such as wss.
        host: in ASCII, without port and brackets.
    """

    url: str
    scheme: str
    host: str


def probe_url(domain: str) -> ProbeUrl | None:
    """Return where a domain in normal form is probed; None if it is no URL that HTTP could be spoken with."""
    parts = _PARTS.fullmatch(domain)
    if parts is None:
        return None
    host = _six(parts["six"]) if parts["six"] else _name(parts["host"])
    port, rest = parts["port"] or "", parts["rest"] or ""
    if host is None or (port and not 0 < int(port[1:]) <= _MAX_PORT) or _BROKEN_ESCAPE.search(rest):
        return None
    shown = f"[{host}]" if ":" in host else host
    return ProbeUrl(
        f"{_PROBED_AS[parts['scheme']]}://{shown}{port}{quote(rest, _KEPT)}", parts["scheme"], host
    )


def _six(text: str) -> str | None:
    try:
        return str(ipaddress.IPv6Address(text))
    except ValueError:
        return None


def _name(text: str) -> str | None:
    if _DEVIATING.search(text):
        return None
    try:
        name = text if text.isascii() else text.encode("idna").decode()
        if name.rpartition(".")[2].isdigit():
            return str(ipaddress.IPv4Address(name))
    except ValueError:
        return None
    return name if _HOST.fullmatch(name) else None
