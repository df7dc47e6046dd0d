from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, TypeVar

import bcrypt
import pytest

from wx_domain_exporter.web.middleware import basic_auth
from wx_domain_exporter.web.middleware.basic_auth import PasswordChecker, credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")
PASSWORD = b"canary-of-a-password"
USERS = {b"alice": bcrypt.hashpw(PASSWORD, bcrypt.gensalt(4))}


class Bcrypt:
    """Counts its calls, and lets them end when the test wants it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hashes: list[bytes] = []
        self.open = threading.Event()
        self.open.set()
        self._check = bcrypt.checkpw
        monkeypatch.setattr(bcrypt, "checkpw", self.check)

    def check(self, password: bytes, hashed: bytes) -> bool:
        assert self.open.wait(30)
        self.hashes.append(hashed)
        return self._check(password, hashed)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Bcrypt:
    return Bcrypt(monkeypatch)


def run(story: Callable[[PasswordChecker], Coroutine[object, object, T]]) -> T:
    async def tell() -> T:
        return await story(PasswordChecker())

    return asyncio.run(tell())


def test_a_right_password_is_worked_out_once(work: Bcrypt) -> None:
    async def story(checker: PasswordChecker) -> list[str]:
        return [await checker.check(b"alice", PASSWORD, USERS) for _ in range(5)]

    assert run(story) == ["let in"] * 5
    assert len(work.hashes) == 1


def test_a_wrong_one_each_time(work: Bcrypt) -> None:
    async def story(checker: PasswordChecker) -> list[str]:
        return [await checker.check(b"alice", b"wrong", USERS) for _ in range(3)]

    assert run(story) == ["refused"] * 3
    assert len(work.hashes) == 3


def test_a_stranger_costs_as_much_as_one_who_is_known(work: Bcrypt) -> None:
    async def story(checker: PasswordChecker) -> list[str]:
        names = (b"alice", b"mallory", b"")
        return [await checker.check(name, b"wrong", USERS) for name in names]

    assert run(story) == ["refused"] * 3
    assert {found[:7] for found in work.hashes} == {b"$2b$04$"}
    assert len(work.hashes) == 3


def test_other_users_make_it_forget(work: Bcrypt) -> None:
    async def story(checker: PasswordChecker) -> list[str]:
        all_users = (USERS, dict(USERS), {b"bob": USERS[b"alice"]})
        return [await checker.check(b"alice", PASSWORD, users) for users in all_users]

    assert run(story) == ["let in", "let in", "refused"]
    assert len(work.hashes) == 3


def test_what_is_remembered_is_bounded_and_holds_no_password(
    work: Bcrypt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(basic_auth, "_MAX_REMEMBERED", 2)
    users = dict.fromkeys((b"a", b"b", b"c"), USERS[b"alice"])

    async def story(checker: PasswordChecker) -> str:
        for name in (b"a", b"b", b"a", b"c", b"a", b"b"):
            assert await checker.check(name, PASSWORD, users) == "let in"
        return str(vars(checker))

    assert PASSWORD.decode() not in run(story)
    assert len(work.hashes) == 4


def test_user_and_password_are_told_apart(work: Bcrypt) -> None:
    users = {b"ab": bcrypt.hashpw(b"c", bcrypt.gensalt(4)), b"a": bcrypt.hashpw(b"x", bcrypt.gensalt(4))}

    async def story(checker: PasswordChecker) -> list[str]:
        return [await checker.check(b"ab", b"c", users), await checker.check(b"a", b"bc", users)]

    assert run(story) == ["let in", "refused"]
    assert len(work.hashes) == 2


def test_many_who_ask_the_same_share_the_work(work: Bcrypt) -> None:
    async def story(checker: PasswordChecker) -> list[str]:
        return await asyncio.gather(*(checker.check(b"alice", PASSWORD, USERS) for _ in range(100)))

    assert run(story) == ["let in"] * 100
    assert len(work.hashes) == 1


def test_the_work_does_not_pile_up_and_holds_up_nobody_who_is_known(work: Bcrypt) -> None:
    async def story(checker: PasswordChecker) -> tuple[list[str], str]:
        assert await checker.check(b"alice", PASSWORD, USERS) == "let in"
        work.open.clear()
        wrong = [asyncio.ensure_future(checker.check(b"alice", b"%d" % n, USERS)) for n in range(50)]
        await asyncio.sleep(0)
        known = await checker.check(b"alice", PASSWORD, USERS)
        work.open.set()
        return await asyncio.gather(*wrong), known

    verdicts, known = run(story)
    assert known == "let in"
    assert verdicts == ["refused"] * 8 + ["busy"] * 42
    assert len(work.hashes) == 9


def test_a_password_that_was_changed_meanwhile_is_not_remembered(work: Bcrypt) -> None:
    changed = {b"alice": bcrypt.hashpw(b"new", bcrypt.gensalt(4))}

    async def story(checker: PasswordChecker) -> list[str]:
        work.open.clear()
        before = asyncio.ensure_future(checker.check(b"alice", PASSWORD, USERS))
        await asyncio.sleep(0)
        after = asyncio.ensure_future(checker.check(b"alice", PASSWORD, changed))
        await asyncio.sleep(0)
        work.open.set()
        await asyncio.gather(before, after)
        return [await after, await checker.check(b"alice", PASSWORD, changed)]

    assert run(story) == ["refused", "refused"]


def test_an_end_amid_the_work_is_no_error(work: Bcrypt) -> None:
    async def story(checker: PasswordChecker) -> None:
        work.open.clear()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(checker.check(b"alice", PASSWORD, USERS), 0.01)

    run(story)
    work.open.set()


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (b"Basic YTpiOmM=", (b"a", b"b:c")),
        (b"bAsIc YTo=", (b"a", b"")),
        (b"Basic Og==", (b"", b"")),
        (b"Basic YQ==", None),
        (b"Basic  YTpi", None),
        (b"Basic YTpi\xff", None),
        (b"Basic", None),
        (b"", None),
        (None, None),
        (b"Digest YTpi", None),
    ],
)
def test_credentials(header: bytes | None, found: tuple[bytes, bytes] | None) -> None:
    assert credentials(header) == found
