"""Where requests go: the origin of a URL, and the proxy on the way there."""

import base64
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from requests.exceptions import InvalidProxyURL

_HTTP_PORT = 80
_PORTS = {"http": _HTTP_PORT, "https": 443}


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy: CONNECT for https, absolute URLs for http."""

    host: str
    port: int
    authorization: str | None = field(repr=False)

    @classmethod
    def of(cls, url: str) -> "Proxy":
        """Read a proxy's URL, `http://[USER:PASSWORD@]HOST[:PORT]`.

        Raises:
            InvalidProxyURL: it is none; the text quotes nothing of it, for it may hold a password.
        """
        try:
            parts = urlsplit(url if "://" in url else f"http://{url}")
            port = parts.port or _HTTP_PORT
        except ValueError:
            raise InvalidProxyURL("the proxy's URL can't be read") from None
        if parts.scheme != "http" or not parts.hostname:
            raise InvalidProxyURL("the proxy's URL is not http://[USER:PASSWORD@]HOST[:PORT]")
        authorization = None
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            authorization = f"Basic {base64.b64encode(pair.encode()).decode()}"
        return cls(parts.hostname, port, authorization)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a connection leads: requests to the same origin can share it."""

    scheme: str
    host: str
    port: int
    proxy: Proxy | None

    @classmethod
    def of(cls, url: str, proxy: Proxy | None) -> "Origin":
        """Return the origin of a URL."""
        return _origin(url.partition("?")[0], proxy)

    @property
    def netloc(self) -> str:
        """Return the host, with the port where it is not the scheme's own, as requests name it."""
        host = self.ascii_host
        return host if self.port == _PORTS.get(self.scheme) else f"{host}:{self.port}"

    @property
    def ascii_host(self) -> str:
        """Return the host as HTTP has it: an IPv6 address in brackets, a name in ASCII."""
        host = self.host if self.host.isascii() else self.host.encode("idna").decode()
        return f"[{host}]" if ":" in host else host


# The URLs of all apps' calls differ in what comes after the question mark.
@lru_cache(256)
def _origin(url: str, proxy: Proxy | None) -> Origin:
    parts = urlsplit(url)
    return Origin(parts.scheme, parts.hostname or "", parts.port or _PORTS[parts.scheme], proxy)


def target_of(url: str) -> str:
    """Return what of a URL the server itself is asked for."""
    base, mark, query = url.partition("?")
    return _path(base) + mark + query


@lru_cache(256)
def _path(url: str) -> str:
    return urlsplit(url).path or "/"
