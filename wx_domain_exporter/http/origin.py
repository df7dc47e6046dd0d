"""Origins and proxies: where the connection for a URL leads."""

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
            InvalidProxyURL: it is not valid. The message does not quote it, as it may contain a password.
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
    """The peer of a connection: requests to the same origin can share connections."""

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
        """Return the value of the Host header: the host, with the port unless it is the default one."""
        host = self.ascii_host
        return host if self.port == _PORTS.get(self.scheme) else f"{host}:{self.port}"

    @property
    def ascii_host(self) -> str:
        """Return the host for use in HTTP: IPv6 addresses in brackets, internationalized names in ASCII."""
        host = self.host if self.host.isascii() else self.host.encode("idna").decode()
        return f"[{host}]" if ":" in host else host


# Without the query the URLs of all apps are the same, so a small cache is enough.
@lru_cache(256)
def _origin(url: str, proxy: Proxy | None) -> Origin:
    parts = urlsplit(url)
    return Origin(parts.scheme, parts.hostname or "", parts.port or _PORTS[parts.scheme], proxy)


def target_of(url: str) -> str:
    """Return the request target of a URL: its path and query."""
    base, mark, query = url.partition("?")
    return _path(base) + mark + query


@lru_cache(256)
def _path(url: str) -> str:
    return urlsplit(url).path or "/"
