from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

import pytest

from wx_domain_exporter.web import scrape_priority
from wx_domain_exporter.web.middleware.scrapes_first import ScrapesFirstMiddleware
from wx_domain_exporter.web.scrape_priority import ScrapePriority

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Message, Receive, Scope, Send


class FakeTime:
    """A clock whose time passes only in `sleep`, and in each look at it, as if a thread worked meanwhile."""

    def __init__(self, busy: float, when_asleep: Callable[[], object] = lambda: None) -> None:
        self.now = 0.0
        self.cpu = 0.0
        self.busy = busy
        self.when_asleep = when_asleep
        self.sleeps = 0

    def perf_counter(self) -> float:
        self.now += 0.0006
        return self.now

    def process_time(self) -> float:
        return self.cpu

    def sleep(self, seconds: float) -> None:
        self.sleeps += 1
        self.now += seconds
        self.cpu += self.busy * seconds
        self.when_asleep()


def pauses(monkeypatch: pytest.MonkeyPatch, fake: FakeTime, priority: ScrapePriority, items: int = 2) -> int:
    """How often a thread pauses while it works on two slices of work."""
    monkeypatch.setattr(scrape_priority, "time", fake)
    assert list(priority.pace(range(items))) == list(range(items))
    return fake.sleeps


class TestPace:
    def test_without_a_scrape_there_is_no_pause(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert pauses(monkeypatch, FakeTime(1.0), ScrapePriority(), 100) == 0

    def test_while_a_scrape_needs_the_processor_other_work_gets_a_tenth_of_the_time(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        priority = ScrapePriority()
        with priority.scrape():
            assert pauses(monkeypatch, FakeTime(1.0), priority) == 9

    def test_while_a_scrape_only_waits_other_work_gets_half_of_the_time(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        priority = ScrapePriority()
        with priority.scrape():
            assert pauses(monkeypatch, FakeTime(0.1), priority) == 1

    def test_it_goes_on_at_once_when_the_scrape_ends(self, monkeypatch: pytest.MonkeyPatch) -> None:
        priority = ScrapePriority()
        scrape = priority.scrape()
        scrape.__enter__()
        fake = FakeTime(1.0, lambda: scrape.__exit__(None, None, None) if fake.sleeps == 3 else None)
        assert pauses(monkeypatch, fake, priority) == 3
        assert not priority.scraping


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds of each wait in the event loop, none of which takes any time."""
    waits: list[float] = []

    async def note(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr("wx_domain_exporter.web.scrape_priority.asyncio.sleep", note)
    monkeypatch.setattr("wx_domain_exporter.web.scrape_priority.time.monotonic", lambda: 1000.0)
    return waits


class TestTurns:
    def test_without_a_scrape_nobody_waits(self, waits: list[float]) -> None:
        async def run() -> None:
            await asyncio.gather(*(ScrapePriority().turn() for _ in range(100)))

        asyncio.run(run())
        assert waits == []

    def test_during_a_scrape_they_come_one_after_another_at_intervals(self, waits: list[float]) -> None:
        order: list[int] = []
        priority = ScrapePriority()

        async def turn(number: int) -> None:
            await priority.turn()
            order.append(number)

        async def run() -> None:
            with priority.scrape():
                await asyncio.gather(*map(turn, range(4)))

        asyncio.run(run())
        assert order == [0, 1, 2, 3]
        assert waits == pytest.approx([0, 0.01, 0.02, 0.03])

    def test_those_that_wait_have_their_turn_at_once_when_the_scrape_ends(self) -> None:
        priority = ScrapePriority()

        async def run() -> None:
            with priority.scrape():
                waiting = [asyncio.ensure_future(priority.turn()) for _ in range(50)]
                await waiting[0]
            await asyncio.wait_for(asyncio.gather(*waiting), 30)

        asyncio.run(run())


class TestMiddleware:
    """Its application answers with two pieces, and notes what it was asked while which scrapes ran."""

    def answered(self, priority: ScrapePriority, *paths: str) -> list[list[Message]]:
        asked: deque[tuple[str, bool]] = deque()

        async def application(scope: Scope, _: Receive, send: Send) -> None:
            asked.append((scope["path"], priority.scraping))
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"a", "more_body": True})
            await send({"type": "http.response.body", "body": b"b"})

        middleware = ScrapesFirstMiddleware(application, priority, {"/metrics", "/probe"})

        async def ask(path: str) -> list[Message]:
            messages: list[Message] = []

            async def send(message: Message) -> None:
                messages.append(message)

            scope: dict[str, Any] = {"type": "http", "method": "GET", "path": path, "headers": []}
            await middleware(scope, lambda: asyncio.Event().wait(), send)  # type: ignore[arg-type, return-value]
            return messages

        async def run() -> list[list[Message]]:
            return await asyncio.gather(*map(ask, paths))

        answers = asyncio.run(run())
        self.asked = list(asked)
        return answers

    def test_a_scrape_is_under_way_until_its_answer_is_written(self) -> None:
        priority = ScrapePriority()
        self.answered(priority, "/metrics", "/", "/probe")
        assert self.asked[0] == ("/metrics", True)
        assert not priority.scraping

    def test_pages_and_their_pieces_have_turns_and_health_checks_and_scrapes_have_none(
        self, waits: list[float]
    ) -> None:
        priority = ScrapePriority()
        with priority.scrape():
            self.answered(priority, "/-/healthy", "/metrics", "/probe", "/-/ready")
            assert waits == []
            self.answered(priority, "/", "/sd", "/nothing")
        assert waits == pytest.approx([0.01 * turn for turn in range(6)])

    def test_more_requests_than_may_wait_are_refused(self) -> None:
        priority = ScrapePriority()
        with priority.scrape():
            answers = self.answered(priority, *["/sd"] * 70)
        refused = [messages for messages in answers if messages[0]["status"] == 503]
        assert len(refused) == 70 - scrape_priority._MAX_WAITING
        assert (b"retry-after", b"1") in refused[0][0]["headers"]
        assert {messages[0]["status"] for messages in self.answered(priority, *["/sd"] * 70)} == {200}
