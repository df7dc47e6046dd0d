"""The form of a request's target: some clients and proxies send the whole URL in the place of the path."""

import re
from urllib.parse import unquote

from starlette.types import Scope

_SCHEME_AND_AUTHORITY = re.compile(rb"https?://[^/]*", re.IGNORECASE)


def with_origin_form(scope: Scope) -> Scope:
    """Return a request whose target is only the path; RFC 9112, section 3.2.2 requires this of servers."""
    match = _SCHEME_AND_AUTHORITY.match(scope["raw_path"])
    if match is None:
        return scope
    raw_path = scope["raw_path"][match.end() :] or b"/"
    return {**scope, "raw_path": raw_path, "path": unquote(raw_path.decode("ascii"))}
