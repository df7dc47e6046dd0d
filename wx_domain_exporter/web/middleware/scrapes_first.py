"""The ASGI middleware that lets all other requests wait for scrapes."""

from collections.abc import Collection

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wx_domain_exporter.http_paths import MANAGEMENT
from wx_domain_exporter.web.scrape_priority import ScrapePriority

_REFUSAL = PlainTextResponse("too many requests wait for a scrape to end\n", 503, {"Retry-After": "1"})


class ScrapesFirstMiddleware:
    """Passes scrapes on at once, and other requests in turns; health checks and reloads do not wait."""

    def __init__(self, app: ASGIApp, priority: ScrapePriority, scrape_paths: Collection[str]) -> None:
        self._app = app
        self._priority = priority
        self._scrape_paths = scrape_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer the request."""
        path = scope["path"]
        if path in self._scrape_paths:
            with self._priority.scrape():
                await self._app(scope, receive, send)
        elif path.startswith(MANAGEMENT):
            await self._app(scope, receive, send)
        elif await self._priority.admit():
            await self._app(scope, receive, self._in_turns(send))
        else:
            await _REFUSAL(scope, receive, send)

    def _in_turns(self, send: Send) -> Send:
        """Send each piece of an answer but the last in a turn of its own."""

        async def send_in_turns(message: Message) -> None:
            if message.get("more_body", False):
                await self._priority.turn()
            await send(message)

        return send_in_turns
