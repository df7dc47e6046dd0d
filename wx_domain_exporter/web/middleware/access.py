"""What every request passes before any path: the web configuration's headers, users and rate limit."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus

from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wx_domain_exporter.web.middleware.basic_auth import PasswordChecker, credentials
from wx_domain_exporter.web.middleware.rate_limit import TokenBucket
from wx_domain_exporter.web.web_config.current import CurrentWebConfig
from wx_domain_exporter.web.web_config.loader import LoadedWebConfig

_MAX_BODY = 8192
"""Bytes; no path wants any."""
_PIECE = 1 << 16


class AccessMiddleware:
    """Wraps an application; health paths are no exception."""

    def __init__(self, app: ASGIApp, web_config: CurrentWebConfig | None) -> None:
        self._app = app
        self._web_config = web_config
        self._bucket = TokenBucket()
        self._checker = PasswordChecker()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request here, or let the application do it."""
        send = _in_pieces(send)
        if self._web_config is not None:
            loaded = self._web_config.get()
            if loaded is None:
                await _refuse(HTTPStatus.INTERNAL_SERVER_ERROR)(scope, receive, send)
                return
            refusal = await self._refusal(scope, loaded)
            send = _with_headers(send, loaded.headers)
            if refusal is not None:
                await refusal(scope, receive, send)
                return
        if _body_length(scope) > _MAX_BODY:
            refusal = _refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"Connection": "close"})
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _refusal(self, scope: Scope, loaded: LoadedWebConfig) -> Response | None:
        if not self._bucket.allows(loaded.rate_limit):
            return _refuse(HTTPStatus.TOO_MANY_REQUESTS)
        if not loaded.users:
            return None
        given = credentials(_header(scope, b"authorization"))
        verdict = "refused" if given is None else await self._checker.check(*given, loaded.users)
        if verdict == "let in":
            return None
        if verdict == "busy":
            return self._checker.limit.refuse()
        return _refuse(HTTPStatus.UNAUTHORIZED, {"WWW-Authenticate": 'Basic realm="wx_domain_exporter"'})


def _refuse(status: HTTPStatus, headers: Mapping[str, str] | None = None) -> PlainTextResponse:
    return PlainTextResponse(f"{status.phrase}\n", status, headers)


def _header(scope: Scope, wanted: bytes) -> bytes | None:
    for name, value in scope["headers"]:
        if name == wanted:
            found: bytes = value
            return found
    return None


def _body_length(scope: Scope) -> int:
    # h11 lets only digits through.
    return int(_header(scope, b"content-length") or b"0")


def _in_pieces(send: Send) -> Send:
    """Hand an answer on in pieces, so that one that is not read stops growing in the connection's buffers.

    On TLS, asyncio would encrypt and keep whatever is written at once, and never say that it is too much.
    """

    async def send_in_pieces(message: Message) -> None:
        body = memoryview(message.get("body", b""))
        while len(body) > _PIECE:
            await send({**message, "body": bytes(body[:_PIECE]), "more_body": True})
            body = body[_PIECE:]
            message = {**message, "body": bytes(body[:_PIECE])}
        await send(message)

    return send_in_pieces


def _with_headers(send: Send, headers: Iterable[tuple[str, str]]) -> Send:
    """Add headers to an answer, but for those that the page sets itself, as the toolkit has it."""
    added = [(name.lower().encode(), value.encode()) for name, value in headers]

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start" and added:
            own = {name.lower() for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *(one for one in added if one[0] not in own)]
        await send(message)

    return send_with_headers
