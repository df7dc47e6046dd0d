"""Runs the command line in the tests' own process: a command that fails at once, or the server."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

import pytest
from helpers.waiting import wait_until

from wx_domain_exporter import cli

if TYPE_CHECKING:
    from collections.abc import Callable


Capture = pytest.CaptureFixture[str]


class Served:
    """The server in the tests' main thread, and a client in another thread."""

    def __init__(self, capture: Capture) -> None:
        self._capture = capture
        self.log = ""
        self.handlers_afterwards: list[object] = []
        """The handlers of SIGTERM, SIGINT and SIGHUP once the server has ended."""

    def read(self) -> str:
        self.log += self._capture.readouterr().err
        return self.log

    def wait_for(self, text: str) -> None:
        wait_until(lambda: text in self.read(), text)

    @property
    def urls(self) -> list[str]:
        self.wait_for("msg=listening")
        lines = [line for line in self.read().splitlines() if "msg=listening" in line]
        return [line.split("url=")[1].split()[0].rstrip("/") for line in lines]

    def run(self, client: Callable[[], None], *arguments: str, number: int = signal.SIGTERM) -> int:
        """Serve until the client has finished and the signal has been sent; return the exit status."""
        failures: list[BaseException] = []
        ended = threading.Event()

        def work() -> None:
            try:
                client()
            except BaseException as error:  # noqa: BLE001 - raised again below
                failures.append(error)
            finally:
                if not ended.is_set():
                    os.kill(os.getpid(), number)

        numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        handlers = [signal.getsignal(each) for each in numbers]
        thread = threading.Thread(target=work)
        thread.start()
        try:
            status = cli.run(arguments)
        finally:
            ended.set()
            thread.join()
            self.handlers_afterwards = [signal.getsignal(each) for each in numbers]
            for each, handler in zip(numbers, handlers, strict=True):
                signal.signal(each, handler)
        self.read()
        if failures:
            raise failures[0]
        return status


def failure(capsys: Capture, *arguments: str) -> str:
    """Run a command that fails; return its errors, of which each line has the program's name."""
    assert cli.run(arguments) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err
    for line in captured.err.splitlines():
        assert line.startswith("wx-domain-exporter: ")
    return captured.err
