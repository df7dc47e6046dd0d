from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from helpers.clocks import Clock

from wx_domain_exporter.scheduler.jobs import ScrapeJobs
from wx_domain_exporter.web.compressed_body import CompressedBody
from wx_domain_exporter.web.endpoints.shared_encodings import SharedEncodings

if TYPE_CHECKING:
    from collections.abc import Sequence


class Encoder:
    """Notes the scrapes that it encodes, once `opened` is set."""

    def __init__(self) -> None:
        self.encoded: list[ScrapeJobs] = []
        self.opened = threading.Event()
        self.clock = Clock()
        self.thread = ThreadPoolExecutor(1)
        self.encodings = SharedEncodings(self.thread)

    def scrape(self, *, done: bool = True) -> ScrapeJobs:
        """The jobs of a scrape that begins a second after the one before."""
        self.clock.ahead += 1
        jobs = ScrapeJobs([], self.clock)
        if done:
            jobs.job_done()
        return jobs

    def bodies(self, *scrapes: tuple[str, ScrapeJobs]) -> Sequence[CompressedBody]:
        """The bodies of scrapes with these keys, which all wait while another one is encoded."""

        async def run() -> Sequence[CompressedBody]:
            first = asyncio.ensure_future(self.encodings.encode("first", self.scrape(), self.encode))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            tasks = [
                asyncio.ensure_future(self.encodings.encode(key, jobs, self.encode)) for key, jobs in scrapes
            ]
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            self.opened.set()
            await first
            return await asyncio.gather(*tasks)

        bodies = asyncio.run(run())
        self.thread.shutdown()
        del self.encoded[0]
        return bodies

    def encode(self, jobs: ScrapeJobs) -> CompressedBody:
        assert self.opened.wait(30)
        self.encoded.append(jobs)
        return CompressedBody.of([b"text"])


@pytest.fixture
def encoder() -> Encoder:
    return Encoder()


def test_all_that_wait_share_the_text_of_the_one_that_began_last(encoder: Encoder) -> None:
    first, second, third = (encoder.scrape() for _ in range(3))
    bodies = encoder.bodies(("text", first), ("text", third), ("text", second))
    assert encoder.encoded == [third]
    assert bodies[0] is bodies[1] is bodies[2]


def test_each_format_has_a_text_of_its_own(encoder: Encoder) -> None:
    first, second = encoder.scrape(), encoder.scrape()
    encoder.bodies(("text", first), ("openmetrics", second))
    assert encoder.encoded == [first, second]


def test_a_scrape_that_its_deadline_ended_shares_with_nobody(encoder: Encoder) -> None:
    whole, ended, other = encoder.scrape(), encoder.scrape(done=False), encoder.scrape(done=False)
    encoder.bodies(("text", whole), ("text", ended), ("text", other))
    assert encoder.encoded == [whole, ended, other]


def test_one_that_comes_while_it_is_encoded_is_encoded_after_it(encoder: Encoder) -> None:
    late = encoder.scrape()
    encoder.bodies(("first", late))
    assert encoder.encoded == [late]
