"""A token service that sends one response too many: no app keeps another app's token."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from helpers.exporter_process import exporter
from helpers.faults import Peer, SocketServer
from helpers.fleets import appid, small_fleet
from helpers.samples import samples
from helpers.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from wx_domain_exporter.simulator.world import World

APPS = 6


class TokenService:
    """Issues the right tokens, but sends the first response twice, so that all later ones come too late."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.requests = 0

    async def serve(self, peer: Peer) -> None:
        late = b""
        while (request := await peer.read_request()) is not None:
            (asked,) = parse_qs(urlsplit(request.target).query)["appId"]
            self.requests += 1
            answer = self.answer(asked)
            await peer.send(late or answer)
            late = answer if self.requests < APPS else b""
            if self.requests == APPS:
                await asyncio.sleep(0.1)  # the client takes the one before for the answer to this request
                await peer.send(answer)

    def answer(self, asked: str) -> bytes:
        token = f"token-of-{asked}"
        self.world.patch(asked, {"access_tokens": [token]})
        body = json.dumps({"access_token": token, "expires_in": 7200}).encode()
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def test_the_tokens_are_requested_again(tmp_path: Path) -> None:
    with small_fleet(tmp_path, apps=APPS) as fleet:
        service = TokenService(fleet.world)
        with SocketServer(service.serve) as server:
            url = f"{server.url}/token?appId={{appid}}"
            token = {"type": "http", "url": url, "token_pointer": "/access_token"}
            apps = [{"appid": appid(number), "token": token} for number in range(APPS)]
            fleet.configure(apps=apps, wechat={"max_concurrency": 1})
            with exporter(f"--config.file={fleet.path}") as program:
                program.scrape(timeout=60)
                wait_until(lambda: "without a request" in program.log, "the surplus response is noticed")
                text = program.scrape(timeout=60)
    assert service.requests == 2 * APPS
    shown = {
        (dict(labels)["appid"], dict(labels)["domain"])
        for name, labels in samples(text)
        if name == "wx_domain_info"
    }
    assert len(shown) == APPS
    assert shown <= {(appid(number), f"https://app-{number}.example.com") for number in range(APPS)}
