"""Basic authentication with bcrypt hashes; one thread does their work, for few requests at a time."""

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
from typing import Literal, NamedTuple

import bcrypt

from wx_domain_exporter.web.concurrency_limit import ConcurrencyLimit

Verdict = Literal["accepted", "refused", "busy"]

_MAX_CHECKS = 8
_MAX_REMEMBERED = 100
_MAX_PASSWORD_BYTES = 72
"""bcrypt uses no more of a password; Go and htpasswd ignore the remainder too."""


def credentials(header: bytes | None) -> tuple[bytes, bytes] | None:
    """Return user and password of an `Authorization` header; None if it holds none."""
    scheme, _, encoded = (header or b"").partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded, validate=True).partition(b":")
    except binascii.Error:
        return None
    return (user, password) if colon else None


class _Check(NamedTuple):
    """One password that waits for the thread."""

    password: bytes
    hashed: bytes
    highest_cost: int
    matches: asyncio.Future[bool]


class PasswordChecker:
    """Verifies passwords of users. For one event loop; a thread of its own does the work of bcrypt."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(64)
        self._users: Mapping[bytes, bytes] = {}
        self._highest_cost = 0
        self._verified: OrderedDict[bytes, None] = OrderedDict()
        self._running: dict[bytes, asyncio.Future[bool]] = {}
        self.limit = ConcurrencyLimit(_MAX_CHECKS, "too many passwords are checked at once")
        """Of checks that run or wait for the thread."""
        self._queue: queue.SimpleQueue[_Check] = queue.SimpleQueue()
        self._worker: threading.Thread | None = None

    async def check(self, user: bytes, password: bytes, users: Mapping[bytes, bytes]) -> Verdict:
        """Check a password; this takes as long for an unknown user as for any known one.

        Args:
            user: the name that the client sent.
            password: the password that it sent.
            users: names and their bcrypt hashes; with another mapping, nothing counts as verified before.
        """
        if users is not self._users:
            self._set_users(users)
        # A keyed digest, of no use outside this process, is remembered in place of the password.
        digest = hmac.digest(self._key, len(user).to_bytes(4, "big") + user + password, "sha256")
        if digest in self._verified:
            self._verified.move_to_end(digest)
            return "accepted"
        matches = self._running.get(digest)
        if matches is None:
            if not self.limit.acquire():
                return "busy"
            matches = self._start(digest, password, users.get(user) or _unmatchable_hash(self._highest_cost))
        accepted = await asyncio.shield(matches) and user in users
        if accepted and users is self._users:
            self._remember(digest)
        return "accepted" if accepted else "refused"

    def _set_users(self, users: Mapping[bytes, bytes]) -> None:
        self._users = users
        self._highest_cost = max(map(_cost, users.values()), default=0)
        self._verified.clear()
        self._running = {}

    def _start(self, digest: bytes, password: bytes, hashed: bytes) -> asyncio.Future[bool]:
        matches = asyncio.get_running_loop().create_future()
        running = self._running
        running[digest] = matches

        def end(_: asyncio.Future[bool]) -> None:
            running.pop(digest, None)
            self.limit.release()

        matches.add_done_callback(end)
        self._queue.put(_Check(password, hashed, self._highest_cost, matches))
        if self._worker is None:
            # A daemon thread: a hash with a high cost does not delay the end of the process.
            self._worker = threading.Thread(target=self._work, name="bcrypt", daemon=True)
            self._worker.start()
        return matches

    def _remember(self, digest: bytes) -> None:
        self._verified[digest] = None
        if len(self._verified) > _MAX_REMEMBERED:
            self._verified.popitem(last=False)

    def _work(self) -> None:
        while True:
            password, hashed, highest_cost, future = self._queue.get()
            matches = _matches(password, hashed, highest_cost)
            with contextlib.suppress(RuntimeError):  # The loop has ended.
                future.get_loop().call_soon_threadsafe(_set_result, future, matches)


def _matches(password: bytes, hashed: bytes, highest_cost: int) -> bool:
    """Whether a password has this hash; takes as long as for a hash of the highest cost.

    A hash of cost C takes 2^C steps. Those of the costs C, C + 1, … H - 1 after it make 2^H of them.
    """
    password = password[:_MAX_PASSWORD_BYTES]
    try:
        matches = bcrypt.checkpw(password, hashed)
        for cost in range(_cost(hashed), highest_cost):
            bcrypt.checkpw(password, _unmatchable_hash(cost))
    except ValueError:  # The hash is damaged.
        return False
    return matches


def _cost(hashed: bytes) -> int:
    return int(hashed[4:6])


def _unmatchable_hash(cost: int) -> bytes:
    """Return a bcrypt hash of this cost that no password is expected to have."""
    return bcrypt.gensalt(4).replace(b"$04$", b"$%02d$" % cost) + b"." * 31


def _set_result(future: "asyncio.Future[bool]", matches: bool) -> None:  # noqa: FBT001 - called by the loop
    if not future.done():
        future.set_result(matches)
