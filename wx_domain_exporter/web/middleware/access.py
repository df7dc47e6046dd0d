"""The ASGI middleware that checks every request: rate limit, password and size; it also adds headers."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus

from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wx_domain_exporter.web.middleware.basic_auth import PasswordChecker, credentials
from wx_domain_exporter.web.middleware.rate_limit import TokenBucket
from wx_domain_exporter.web.middleware.request_target import with_origin_form
from wx_domain_exporter.web.web_config.current import CurrentWebConfig
from wx_domain_exporter.web.web_config.loader import LoadedWebConfig

_MAX_BODY_BYTES = 8192
"""No path expects a body."""


class AccessMiddleware:
    """Answers the requests that are not allowed, and passes on the others; health checks are no exception."""

    def __init__(self, app: ASGIApp, web_config: CurrentWebConfig | None) -> None:
        self._app = app
        self._web_config = web_config
        self._bucket = TokenBucket()
        self._checker = PasswordChecker()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, or let the application answer it."""
        refusal = None
        if self._web_config is not None:
            loaded = self._web_config.get()
            if loaded is None:
                await _error(HTTPStatus.INTERNAL_SERVER_ERROR)(scope, receive, send)
                return
            refusal = await self._check_access(scope, loaded)
            send = _with_headers(send, loaded.headers)
        respond = refusal or _check_body(scope) or self._app
        await respond(with_origin_form(scope), receive, send)

    async def _check_access(self, scope: Scope, loaded: LoadedWebConfig) -> Response | None:
        if not self._bucket.allows(loaded.rate_limit):
            return _error(HTTPStatus.TOO_MANY_REQUESTS)
        if not loaded.users:
            return None
        user_and_password = credentials(_header(scope, b"authorization"))
        if user_and_password is not None:
            verdict = await self._checker.check(*user_and_password, loaded.users)
            if verdict == "accepted":
                return None
            if verdict == "busy":
                return self._checker.limit.refuse()
        return _error(HTTPStatus.UNAUTHORIZED, {"WWW-Authenticate": 'Basic realm="wx_domain_exporter"'})


def _error(status: HTTPStatus, headers: Mapping[str, str] | None = None) -> Response:
    return PlainTextResponse(f"{status.phrase}\n", status, headers)


def _check_body(scope: Scope) -> Response | None:
    if int(_header(scope, b"content-length") or b"0") <= _MAX_BODY_BYTES:  # h11 accepts only digits.
        return None
    return _error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"Connection": "close"})


def _header(scope: Scope, name: bytes) -> bytes | None:
    headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
    return next((value for header, value in headers if header == name), None)


def _with_headers(send: Send, headers: Iterable[tuple[str, str]]) -> Send:
    """Add headers to an answer, except those that it has already, as exporter-toolkit does."""
    added = [(name.lower().encode(), value.encode()) for name, value in headers]

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start" and added:
            present = {name.lower() for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *(pair for pair in added if pair[0] not in present)]
        await send(message)

    return send_with_headers
