"""The simulated WeChat as an ASGI application."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from wx_domain_exporter.simulator import control
from wx_domain_exporter.simulator.apis.api_call import Call
from wx_domain_exporter.simulator.apis.dispatch import answer
from wx_domain_exporter.simulator.apis.token_service import centre_answer

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from wx_domain_exporter.simulator.world import World


class Application:
    """WeChat's APIs, the token centre below `/_centre/`, and `control` below `/_simulator/`."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        response: Response | None
        try:
            if scope["path"].startswith(control.PREFIX):
                response = control.control(self.world, request.method, scope["path"], await request.body())
            else:
                response = await self._api(request)
        # The only one who cancels is the stopping server, which has closed the connection already.
        except (ClientDisconnect, asyncio.CancelledError):
            return
        if response is not None:
            await response(scope, receive, send)

    async def _api(self, request: Request) -> Response | None:
        call = Call(
            path=request.scope["path"],
            method=request.method,
            query=request.query_params,
            body=await request.body(),
            content_length="content-length" in request.headers,
            secure=request.url.scheme == "https",
            authorization_header=request.headers.get("authorization", ""),
            client_ip=request.headers.get("x-forwarded-for", ""),
        )
        answering = centre_answer if call.path.startswith("/_centre/") else answer
        self.world.begin_call()
        try:
            answered = answering(self.world, call)
            if answered.hang:
                await _disconnection(request)
                return None
            if answered.delay:
                await asyncio.sleep(answered.delay)
        finally:
            self.world.end_call()
        headers = {"content-type": answered.content_type, **answered.headers}
        return Response(answered.body, answered.status, headers)


async def _disconnection(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
