"""The simulated WeChat as an ASGI application."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from wx_domain_exporter.simulator import control
from wx_domain_exporter.simulator.apis.api_call import ApiCall
from wx_domain_exporter.simulator.apis.dispatch import answer_api_call
from wx_domain_exporter.simulator.apis.token_service import answer_token_request

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from wx_domain_exporter.simulator.world import World


class Application:
    """Serves WeChat's APIs, the token service at `/_token_service/` and `control` at `/_simulator/`."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        response: Response | None
        try:
            if scope["path"].startswith(control.PREFIX):
                response = control.answer_control_request(
                    self.world, request.method, scope["path"], await request.body()
                )
            else:
                response = await self._answer_call(request)
        # Only the stopping server cancels, after it has closed the connection.
        except (ClientDisconnect, asyncio.CancelledError):
            return
        if response is not None:
            await response(scope, receive, send)

    async def _answer_call(self, request: Request) -> Response | None:
        call = ApiCall(
            path=request.scope["path"],
            method=request.method,
            query=request.query_params,
            body=await request.body(),
            content_length="content-length" in request.headers,
            secure=request.url.scheme == "https",
            authorization_header=request.headers.get("authorization", ""),
            client_ip=request.headers.get("x-forwarded-for", ""),
        )
        for_token_service = call.path.startswith("/_token_service/")
        self.world.begin_call()
        try:
            respond = answer_token_request if for_token_service else answer_api_call
            response = respond(self.world, call)
            if response.hang:
                await _wait_for_disconnect(request)
                return None
            if response.delay:
                await asyncio.sleep(response.delay)
        finally:
            self.world.end_call()
        headers = {"content-type": response.content_type, **response.headers}
        return Response(response.body, response.status, headers)


async def _wait_for_disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
