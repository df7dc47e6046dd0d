"""The URL at which blackbox_exporter probes a domain of WeChat's lists. Pure."""

import ipaddress
import re
from typing import NamedTuple
from urllib.parse import quote

_PROBED_AS = {"https": "https", "wss": "https", "http": "http", "ws": "http"}
_PARTS = re.compile(
    rf"(?P<scheme>{'|'.join(_PROBED_AS)})://"
    r"(?:\[(?P<ipv6>[0-9a-f:.]+)\]|(?P<host>[^][/?#@:\s]+))"
    r"(?P<port>:[0-9]{1,5})?"
    r"(?P<path>[/?][^#\s]*)?"
)
_LABEL = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*")
_DEVIATING = re.compile("[ßς\u200c\u200d]")
"""Characters that IDNA 2003 and IDNA 2008 map to different hosts."""

_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_UNQUOTED = "/?%:@!$&'()*+,;=~"
_MAX_PORT = 65535


class ProbeUrl(NamedTuple):
    """Where a domain is probed.

    Attributes:
        url: in ASCII; a WebSocket is probed over HTTP, which its handshake is.
        scheme: that of the domain, such as wss.
        host: in ASCII, without port and brackets.
    """

    url: str
    scheme: str
    host: str


def probe_url(domain: str) -> ProbeUrl | None:
    """Return where a domain in normal form is probed; None if it is not a URL that HTTP can be used with."""
    parts = _PARTS.fullmatch(domain)
    if parts is None:
        return None
    host = _ipv6_host(parts["ipv6"]) if parts["ipv6"] else _host(parts["host"])
    port, path = parts["port"] or "", parts["path"] or ""
    if host is None or (port and not 0 < int(port[1:]) <= _MAX_PORT) or _BAD_ESCAPE.search(path):
        return None
    authority = f"[{host}]{port}" if ":" in host else f"{host}{port}"
    url = f"{_PROBED_AS[parts['scheme']]}://{authority}{quote(path, _UNQUOTED)}"
    return ProbeUrl(url, parts["scheme"], host)


def _ipv6_host(text: str) -> str | None:
    try:
        return str(ipaddress.IPv6Address(text))
    except ValueError:
        return None


def _host(text: str) -> str | None:
    if _DEVIATING.search(text):
        return None
    try:
        name = text if text.isascii() else text.encode("idna").decode()
        if name.rpartition(".")[2].isdigit():
            return str(ipaddress.IPv4Address(name))
    except ValueError:
        return None
    return name if _HOST.fullmatch(name) else None
