"""Clients of the WeChat API for tests, and APIs that answer what a test says."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from helpers.faults import Call, FaultyApi, token_for

from wx_domain_exporter.clock import SYSTEM_CLOCK
from wx_domain_exporter.config.schema import Wechat
from wx_domain_exporter.deadline import Deadline, SharedDeadline
from wx_domain_exporter.wechat.apis import GETWXADEVINFO
from wx_domain_exporter.wechat.client import ApiClient, Caller, Credential
from wx_domain_exporter.wechat.responses import AS_JSON

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from wx_domain_exporter.clock import Clock

BUSY = {"errcode": -1, "errmsg": "system error"}
GOOD_ANSWER: dict[str, Any] = {"errcode": 0, "requestdomain": []}


def time_left(seconds: float = 1000.0, clock: Clock = SYSTEM_CLOCK) -> SharedDeadline:
    """A deadline in `seconds` seconds."""
    return SharedDeadline(Deadline.after(seconds, clock))


class Recorder:
    """An observer of calls that records them."""

    def __init__(self) -> None:
        self.noted: list[tuple[str, int | str]] = []
        """Each call's API, with its errcode or the reason of its failure."""
        self.seconds: list[float] = []
        self.refreshed: list[str] = []
        """The types of the sources that received a token."""

    def answered(self, api: str, errcode: int, seconds: float) -> None:
        self.noted.append((api, errcode))
        self.seconds.append(seconds)

    def failed(self, api: str, reason: str, seconds: float) -> None:
        self.noted.append((api, str(reason)))
        self.seconds.append(seconds)

    def token_refreshed(self, source: str) -> None:
        self.refreshed.append(source)


def settings(url: str, **more: Any) -> Wechat:
    return Wechat.model_validate({"base_url": url, "timeout": "2m", **more})


def answering(*bodies: Any) -> Callable[[Call], Awaitable[None]]:
    """Answer with one body after the other, and then always with the last one."""
    remaining = list(bodies)

    async def behave(call: Call) -> None:
        await call.answer(json.dumps(remaining.pop(0) if len(remaining) > 1 else remaining[0]).encode())

    return behave


@contextmanager
def client_of(*bodies: Any, **more: Any) -> Iterator[tuple[ApiClient, FaultyApi]]:
    """A client, and an API that answers with these bodies."""
    with FaultyApi({"it": answering(*bodies)}) as api:
        client = ApiClient(settings(api.url, **more), Recorder())
        try:
            yield client, api
        finally:
            client.close()


def ask(client: ApiClient, caller: Caller | None = None, token: str | None = None) -> Any:
    credential = Credential(token_for("it") if token is None else token)
    return (caller or Caller(client, time_left(), {})).call(GETWXADEVINFO, {}, AS_JSON, credential)
