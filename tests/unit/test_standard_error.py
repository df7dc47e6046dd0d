from __future__ import annotations

import logging
import os
import re
from typing import TYPE_CHECKING

import pytest
from helpers.waiting import wait_until

from wx_domain_exporter.standard_error import QueuedWriter, text_stream

if TYPE_CHECKING:
    from collections.abc import Iterator

LINE = b"x" * 99 + b"\n"


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    yield reader, writer
    os.close(reader)  # a thread that still writes gets an error and ends its wait


def read_lines(reader: int, until: str) -> list[str]:
    """Read a pipe up to the line that has the text."""
    lines: list[str] = []
    with open(reader, encoding="utf-8", closefd=False) as stream:
        for line in stream:
            lines.append(line)
            if until in line:
                break
    return lines


def fill(writer: QueuedWriter, lines: int) -> None:
    for _ in range(lines):
        writer.write(LINE)


def test_what_does_not_fit_is_counted_and_told_when_somebody_reads(pipe: tuple[int, int]) -> None:
    reader, descriptor = pipe
    writer = QueuedWriter(descriptor, max_queued_bytes=100_000)
    handler = logging.StreamHandler(text_stream(writer))
    logger = logging.getLogger("wx_domain_exporter.standard_error")
    logger.addHandler(handler)
    try:
        fill(writer, 5000)
        written = dropped = 0
        with open(reader, encoding="utf-8", closefd=False) as stream:
            while written + dropped < 5000:  # lines are dropped more than once where the writer is slow
                line = stream.readline()
                report = re.fullmatch(r"(\d+) log lines? dropped: nobody reads standard error\n", line)
                assert report or line == LINE.decode()
                dropped += int(report[1]) if report else 0
                written += not report
    finally:
        logger.removeHandler(handler)
    assert written + dropped == 5000
    assert written >= 1000
    assert dropped > 0


def test_everything_arrives_where_somebody_reads(pipe: tuple[int, int]) -> None:
    reader, descriptor = pipe
    writer = QueuedWriter(descriptor, max_queued_bytes=1_000_000)
    fill(writer, 9999)
    writer.write(b"last\n")
    assert len(read_lines(reader, "last")) == 10_000
    writer.wait_until_written()


def test_nobody_waits_for_long_where_nobody_reads(pipe: tuple[int, int]) -> None:
    writer = QueuedWriter(pipe[1])
    fill(writer, 5000)
    writer.wait_until_written()  # would never return if it had no limit


def test_a_full_disk_is_told_when_there_is_room_again(caplog: pytest.LogCaptureFixture) -> None:
    descriptor = os.open("/dev/full", os.O_WRONLY)
    writer = QueuedWriter(descriptor)
    fill(writer, 1)
    writer.wait_until_written()
    null = os.open("/dev/null", os.O_WRONLY)
    os.dup2(null, descriptor)
    fill(writer, 1)
    wait_until(lambda: bool(caplog.messages), "the message")
    assert caplog.messages == ["1 log line dropped: can't write to standard error: No space left on device"]


def test_a_descriptor_that_does_not_block_is_waited_for(pipe: tuple[int, int]) -> None:
    reader, descriptor = pipe
    os.set_blocking(descriptor, False)
    writer = QueuedWriter(descriptor)
    fill(writer, 5000)
    writer.write(b"last\n")
    assert len(read_lines(reader, "last")) == 5001
