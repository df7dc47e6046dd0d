"""Two exporters and a backend with the same appsecrets: none invalidates another's token."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

from helpers.exporter_process import Exporter, exporter
from helpers.fleets import APPSECRET, SmallFleet, appid
from helpers.http_requests import request
from helpers.json_text import as_json
from helpers.samples import series
from helpers.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

A, B = appid(0), appid(1)
EXPIRIES = 2


@contextmanager
def two_exporters(fleet: SmallFleet) -> Iterator[tuple[Exporter, Exporter]]:
    argument = f"--config.file={fleet.path}"
    with exporter(argument) as first, exporter(argument) as second:
        yield first, second


def all_up(*programs: Exporter) -> None:
    for program in programs:
        text = program.scrape()
        assert series(text, "wx_domain_up", "appid") == {A: 1, B: 1}
        assert series(text, "wx_domain_api_error", "errcode") == {}


class Backend:
    """A mini program's backend, which keeps its stable_token until that expires."""

    def __init__(self, fleet: SmallFleet) -> None:
        self.tokens: list[str] = []
        self._world, self._url = fleet.world, fleet.url
        self._end = 0.0

    def work(self) -> None:
        """Get a token if the last one has expired, and check that it is valid as long as WeChat said."""
        now = self._world.clock()
        if now >= self._end:
            body = {"grant_type": "client_credential", "appid": A, "secret": APPSECRET}
            answer = request(f"{self._url}/cgi-bin/stable_token", method="POST", body=as_json(body).encode())
            payload = json.loads(answer.body.decode("utf-8-sig"))
            self.tokens.append(payload["access_token"])
            self._end = now + payload["expires_in"]
        token = self._world.find_token(self.tokens[-1])
        assert token is not None, "the backend's token was invalidated"
        assert token.expires_at > now


def test_after_each_expiry_all_get_the_same_new_token(fleet: SmallFleet) -> None:
    calls = fleet.world.calls
    with two_exporters(fleet) as programs:
        all_up(*programs)
        for expiry in range(1, EXPIRIES + 1):
            for one in (A, B):
                fleet.world.expire_tokens(one)
            for _ in range(3):
                all_up(*programs)
            # One call from each exporter: the second one did not invalidate the token of the first one.
            assert calls["stable_token", A] == calls["stable_token", B] == 2 * (1 + expiry)
    assert fleet.calls("token") == fleet.calls("stable_token_force_refresh") == 0
    # Each exporter used each expired token once.
    assert calls["getwxadevinfo", A] == 2 * (1 + 3 * EXPIRIES) + 2 * EXPIRIES


def test_a_backends_token_stays_valid_while_exporters_run(fleet: SmallFleet) -> None:
    """Tokens are valid for 2 s, so that several of them expire."""
    for one in (A, B):
        fleet.world.patch(one, {"token_lifetime": 2.0})
    backend = Backend(fleet)
    with two_exporters(fleet) as programs:

        def several_tokens() -> bool:
            backend.work()
            all_up(*programs)
            backend.work()
            of_exporters = fleet.world.calls["stable_token", B]
            return len(set(backend.tokens)) > EXPIRIES and of_exporters > 2 * EXPIRIES

        wait_until(several_tokens, "the backend and the exporters have had several tokens")
    assert fleet.calls("token") == fleet.calls("stable_token_force_refresh") == 0
    assert fleet.world.calls["stable_token", A] > fleet.world.calls["stable_token", B]
