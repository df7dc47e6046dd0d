"""Whether a request was made by a page of this exporter, and not by another site in the same browser."""

from starlette.datastructures import Headers


def is_same_origin(headers: Headers) -> bool:
    """Whether the headers prove that a page of the same origin made the request.

    Browsers send `Sec-Fetch-Site` over HTTPS and to this machine itself, and `Origin` with every POST. A page
    can set neither. A request with neither is not from a page. Either scheme of `Origin` is right: a
    proxy may serve HTTPS in front of the exporter.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin, host = headers.get("origin", ""), headers.get("host", "")
    return bool(host) and origin.lower() in {f"{scheme}://{host.lower()}" for scheme in ("http", "https")}
