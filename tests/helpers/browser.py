"""A real Chromium without a window, controlled through a pipe by the DevTools protocol, without a library."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.programs import program
from helpers.repository import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 30.0
_RUN_AXE = """axe.run().then(found => ({
  passed: found.passes.length,
  violations: found.violations.map(one => `${one.id}: ${one.nodes[0].html}`),
}))"""
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
)
_UNPACKED = REPOSITORY / ".programs" / "usr"
_FONTS = """<?xml version="1.0"?>
<fontconfig><dir>{unpacked}/share/fonts</dir><dir>/usr/share/fonts</dir><cachedir>{cache}</cachedir></fontconfig>
"""


def _chromium(folder: Path) -> tuple[str, dict[str, str]]:
    """The browser's path and environment; if it is unpacked but not installed, it needs variables."""
    unpacked = _UNPACKED / "lib" / "chromium" / "chromium"
    if not unpacked.exists():
        return program("chromium", "chromium"), dict(os.environ)
    fonts = folder / "fonts.conf"
    fonts.write_text(_FONTS.format(unpacked=_UNPACKED, cache=folder / "fonts"))
    # PulseAudio's library looks for its own part under /usr, where nothing is unpacked.
    folders = ("*-linux-gnu", "*-linux-gnu/pulseaudio")
    libraries = ":".join(str(path) for folder in folders for path in (_UNPACKED / "lib").glob(folder))
    return str(unpacked), {**os.environ, "LD_LIBRARY_PATH": libraries, "FONTCONFIG_FILE": str(fonts)}


class Browser:
    """One browser process; each tab has its own session."""

    def __init__(self, folder: Path) -> None:
        # The browser reads commands from descriptor 3 and writes to 4; the shell sets them up.
        child_reads, self._out = os.pipe()
        self._in, child_writes = os.pipe()
        path, environment = _chromium(folder)
        shell = f'exec "$0" "$@" 3<&{child_reads} 4>&{child_writes}'
        self._process = subprocess.Popen(
            [shutil.which("bash") or "sh", "-c", shell, path, *_FLAGS, f"--user-data-dir={folder}/profile"],
            pass_fds=(child_reads, child_writes),
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(child_reads)
        os.close(child_writes)
        self._buffer = b""
        self._calls = 0
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """Send a command and wait for its answer; keep the events that come before it."""
        self._calls += 1
        message: dict[str, Any] = {"id": self._calls, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        number = self._calls
        end = time.monotonic() + SECONDS
        while True:
            answer = self.receive(end)
            if answer.get("id") == number:
                assert "error" not in answer, (method, answer)
                result: dict[str, Any] = answer["result"]
                return result

    def receive(self, end: float) -> dict[str, Any]:
        """The next message, which is kept if it is an event."""
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._in], [], [], max(0.0, end - time.monotonic()))
            assert ready, "the browser does not answer"
            piece = os.read(self._in, 1 << 16)
            assert piece, "the browser ended"
            self._buffer += piece
        first, self._buffer = self._buffer.split(b"\0", 1)
        message: dict[str, Any] = json.loads(first)
        if "method" in message:
            self.events.append(message)
        return message

    def tab(self) -> Tab:
        return Tab(self)

    def close(self) -> None:
        with contextlib.suppress(AssertionError, OSError):
            self.call("Browser.close")
        try:
            self._process.wait(120)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._out)
        os.close(self._in)


class Tab:
    """A page, and the errors that the browser reports for it."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        return self._browser.call(method, self._session, **params)

    def events(self, *methods: str) -> list[dict[str, Any]]:
        """The parameters of this tab's events of these kinds, the earliest first."""
        return [
            event["params"]
            for event in self._browser.events
            if event.get("sessionId") == self._session and event["method"] in methods
        ]

    def open(self, url: str) -> None:
        """Load a page and wait until it has loaded."""
        loads = len(self.events("Page.loadEventFired"))
        self.call("Page.navigate", url=url)
        self.wait_for_load(loads)

    def wait_for_load(self, loads: int) -> None:
        end = time.monotonic() + SECONDS
        while len(self.events("Page.loadEventFired")) == loads:
            self._browser.receive(end)

    def follow(self, action: str) -> None:
        """Run a script that opens another page, and wait until it has loaded."""
        loads = len(self.events("Page.loadEventFired"))
        self.evaluate(action)
        self.wait_for_load(loads)

    def key(self, name: str, code: int, text: str = "") -> None:
        """Press and release a key."""
        key = {"key": name, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **key)
        self.call("Input.dispatchKeyEvent", type="keyUp", **key)

    def submit(self) -> None:
        """Press Enter, which submits the form, and wait until the new page has loaded."""
        loads = len(self.events("Page.loadEventFired"))
        self.key("Enter", 13, "\r")
        self.wait_for_load(loads)

    def evaluate(self, script: str) -> Any:
        """The value of an expression, which the page's Content-Security-Policy does not affect."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    @property
    def complaints(self) -> list[str]:
        """Errors, warnings, policy violations, and console output of scripts."""
        events = self.events("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")
        return [json.dumps(event) for event in events]

    @property
    def requested(self) -> list[str]:
        return [event["request"]["url"] for event in self.events("Network.requestWillBeSent")]

    def axe_violations(self) -> list[str]:
        """The rules of axe, a checker of accessibility, that the page violates, each with an element."""
        axe = (files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8")
        self.call("Runtime.evaluate", expression=axe)
        answer = self.call("Runtime.evaluate", expression=_RUN_AXE, awaitPromise=True, returnByValue=True)
        found = answer["result"]["value"]
        assert found["passed"]
        violations: list[str] = found["violations"]
        return violations

    def emulate(self, *, dark: bool = False, width: int = 1280) -> None:
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=width < 800,
        )


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        running = Browser(Path(folder))
        try:
            yield running
        finally:
            running.close()
