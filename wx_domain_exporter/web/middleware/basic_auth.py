"""Basic authentication with bcrypt, whose cost is paid in one thread and by few at a time."""

import asyncio
import base64
import binascii
import contextlib
import hmac
import queue
import secrets
import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Literal

import bcrypt

from wx_domain_exporter.web.concurrency_limit import ConcurrencyLimit

Verdict = Literal["let in", "refused", "busy"]

_MOST_CHECKS = 8
_MAX_REMEMBERED = 100
_BCRYPT_BYTES = 72
"""What bcrypt looks at; Go leaves out the rest without a word, and so do the hashes that htpasswd makes."""


def credentials(header: bytes | None) -> tuple[bytes, bytes] | None:
    """Return user and password of an `Authorization` header, None if it holds none."""
    scheme, _, encoded = (header or b"").partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded, validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return None
    return (user, password) if colon else None


class PasswordChecker:
    """Tells right passwords from wrong ones. For one event loop; the bcrypt work has a thread of its own."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(64)
        self._users: Mapping[bytes, bytes] = {}
        self._stranger = b""
        self._right: OrderedDict[bytes, None] = OrderedDict()
        self._running: dict[bytes, asyncio.Future[bool]] = {}
        self.limit = ConcurrencyLimit(_MOST_CHECKS, "too many passwords are checked at once")
        """Of checks that run or wait for the thread."""
        self._work: queue.SimpleQueue[tuple[bytes, bytes, asyncio.Future[bool]]] = queue.SimpleQueue()
        self._worker: threading.Thread | None = None

    async def check(self, user: bytes, password: bytes, users: Mapping[bytes, bytes]) -> Verdict:
        """Check a password.

        Args:
            user: the name that was given.
            password: what was given with it.
            users: names and bcrypt hashes in force; another mapping makes forget what was verified before.
        """
        if users is not self._users:
            self._adopt(users)
        # A digest that is worth nothing outside of this process stands for the password that was verified.
        key = hmac.digest(self._secret, len(user).to_bytes(4, "big") + user + password, "sha256")
        if key in self._right:
            self._right.move_to_end(key)
            return "let in"
        check = self._running.get(key)
        if check is None:
            if not self.limit.acquire():
                return "busy"
            check = self._start(key, password, users.get(user, self._stranger))
        right = await asyncio.shield(check) and user in users
        if right and users is self._users:
            self._remember(key)
        return "let in" if right else "refused"

    def _adopt(self, users: Mapping[bytes, bytes]) -> None:
        self._users = users
        self._right.clear()
        self._running = {}
        cost = max((found[4:6] for found in users.values()), default=b"10")
        # Nobody has this hash: whoever is not known waits as long as those who are.
        self._stranger = bcrypt.gensalt(4).replace(b"$04$", b"$" + cost + b"$") + b"." * 31

    def _start(self, key: bytes, password: bytes, hashed: bytes) -> asyncio.Future[bool]:
        check = asyncio.get_running_loop().create_future()
        running = self._running
        running[key] = check

        def end(_: asyncio.Future[bool]) -> None:
            running.pop(key, None)
            self.limit.release()

        check.add_done_callback(end)
        self._work.put((password, hashed, check))
        if self._worker is None:
            # A daemon: a hash with a high cost keeps nobody from stopping the process.
            self._worker = threading.Thread(target=self._check_one_by_one, name="bcrypt", daemon=True)
            self._worker.start()
        return check

    def _remember(self, key: bytes) -> None:
        self._right[key] = None
        if len(self._right) > _MAX_REMEMBERED:
            self._right.popitem(last=False)

    def _check_one_by_one(self) -> None:
        while True:
            password, hashed, check = self._work.get()
            right = _matches(password, hashed)
            with contextlib.suppress(RuntimeError):  # the loop has ended
                check.get_loop().call_soon_threadsafe(_finish, check, right)


def _matches(password: bytes, hashed: bytes) -> bool:
    try:
        return bcrypt.checkpw(password[:_BCRYPT_BYTES], hashed)
    except ValueError:
        return False


def _finish(check: "asyncio.Future[bool]", right: bool) -> None:  # noqa: FBT001 - called by the loop
    if not check.done():
        check.set_result(right)
