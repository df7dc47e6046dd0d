from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, TypeVar

import bcrypt
import pytest

from wx_domain_exporter.web.middleware import basic_auth
from wx_domain_exporter.web.middleware.basic_auth import PasswordChecker, _matches, credentials

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
        assert self.open.wait(120)
        self.hashes.append(hashed)
        return self._check(password, hashed)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Bcrypt:
    return Bcrypt(monkeypatch)


def run(checks: Callable[[PasswordChecker], Coroutine[object, object, T]]) -> T:
    async def with_new_checker() -> T:
        return await checks(PasswordChecker())

    return asyncio.run(with_new_checker())


def test_a_right_password_is_verified_once(work: Bcrypt) -> None:
    async def checks(checker: PasswordChecker) -> list[str]:
        return [await checker.check(b"alice", PASSWORD, USERS) for _ in range(5)]

    assert run(checks) == ["accepted"] * 5
    assert len(work.hashes) == 1


def test_a_wrong_password_is_checked_each_time(work: Bcrypt) -> None:
    async def checks(checker: PasswordChecker) -> list[str]:
        return [await checker.check(b"alice", b"wrong", USERS) for _ in range(9)]

    assert run(checks) == ["refused"] * 9
    assert len(work.hashes) == 9


def test_an_unknown_user_costs_as_much_as_any_known_one(work: Bcrypt) -> None:
    users = {b"alice": USERS[b"alice"], b"bob": bcrypt.hashpw(PASSWORD, bcrypt.gensalt(6))}

    async def checks(checker: PasswordChecker) -> list[int]:
        steps = []
        for name in (b"alice", b"bob", b"mallory", b""):
            work.hashes.clear()
            assert await checker.check(name, b"wrong", users) == "refused"
            steps.append(sum(2 ** int(hashed[4:6]) for hashed in work.hashes))
        return steps

    assert run(checks) == [2**6] * 4
    assert {len(hashed) for hashed in work.hashes} == {60}


def test_a_cost_has_two_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    costs = []

    def check(_: bytes, hashed: bytes) -> bool:
        costs.append(hashed[4:6])
        return False

    monkeypatch.setattr(bcrypt, "checkpw", check)
    users = {b"alice": USERS[b"alice"], b"bob": USERS[b"alice"].replace(b"$04$", b"$12$")}

    async def checks(checker: PasswordChecker) -> None:
        for name in (b"alice", b"bob", b"mallory"):
            assert await checker.check(name, b"wrong", users) == "refused"

    run(checks)
    alice = [b"04", *(b"%02d" % cost for cost in range(4, 12))]
    assert costs == [*alice, b"12", b"12"]


def test_an_unknown_user_is_refused_even_if_the_password_matches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bcrypt, "checkpw", lambda *_: True)

    async def checks(checker: PasswordChecker) -> list[str]:
        return [await checker.check(name, PASSWORD, USERS) for name in (b"alice", b"mallory")]

    assert run(checks) == ["accepted", "refused"]


def test_the_first_72_bytes_of_a_password_count() -> None:
    users = {b"alice": bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4))}
    passwords = (b"x" * 71, b"x" * 71 + b"y", b"x" * 72, b"x" * 72 + b"y")

    async def checks(checker: PasswordChecker) -> list[str]:
        return [await checker.check(b"alice", password, users) for password in passwords]

    assert run(checks) == ["refused", "refused", "accepted", "accepted"]


def test_the_end_of_the_process_does_not_wait_for_the_thread() -> None:
    async def checks(checker: PasswordChecker) -> bool:
        await checker.check(b"alice", PASSWORD, USERS)
        assert checker._worker is not None
        return checker._worker.daemon

    assert run(checks)


def test_a_change_of_the_users_ends_what_was_remembered(work: Bcrypt) -> None:
    async def checks(checker: PasswordChecker) -> list[str]:
        all_users = (USERS, dict(USERS), {b"bob": USERS[b"alice"]})
        return [await checker.check(b"alice", PASSWORD, users) for users in all_users]

    assert run(checks) == ["accepted", "accepted", "refused"]
    assert len(work.hashes) == 3


def test_what_is_remembered_is_bounded_and_holds_no_password(
    work: Bcrypt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(basic_auth, "_MAX_REMEMBERED", 2)
    users = dict.fromkeys((b"a", b"b", b"c"), USERS[b"alice"])

    async def checks(checker: PasswordChecker) -> str:
        for name in (b"a", b"b", b"a", b"c", b"a", b"b"):
            assert await checker.check(name, PASSWORD, users) == "accepted"
        return str(vars(checker))

    assert PASSWORD.decode() not in run(checks)
    assert len(work.hashes) == 4


def test_100_verified_passwords_are_remembered(work: Bcrypt) -> None:
    users = {b"%d" % number: USERS[b"alice"] for number in range(101)}

    async def checks(checker: PasswordChecker, *names: bytes) -> int:
        for name in names:
            assert await checker.check(name, PASSWORD, users) == "accepted"
        return len(work.hashes)

    async def all_checks(checker: PasswordChecker) -> list[int]:
        names = list(users)
        return [
            await checks(checker, *names[:100]),
            await checks(checker, *names[:100]),
            await checks(checker, names[100]),
            await checks(checker, *names[1:]),
            await checks(checker, names[0]),
        ]

    assert run(all_checks) == [100, 100, 101, 101, 102]


def test_the_border_between_user_and_password_counts(work: Bcrypt) -> None:
    users = {b"ab": bcrypt.hashpw(b"c", bcrypt.gensalt(4)), b"a": bcrypt.hashpw(b"x", bcrypt.gensalt(4))}

    async def checks(checker: PasswordChecker) -> list[str]:
        return [await checker.check(b"ab", b"c", users), await checker.check(b"a", b"bc", users)]

    assert run(checks) == ["accepted", "refused"]
    assert len(work.hashes) == 2


def test_equal_requests_at_once_share_one_check(work: Bcrypt) -> None:
    async def checks(checker: PasswordChecker) -> list[str]:
        return await asyncio.gather(*(checker.check(b"alice", PASSWORD, USERS) for _ in range(100)))

    assert run(checks) == ["accepted"] * 100
    assert len(work.hashes) == 1


def test_checks_at_once_are_limited_and_delay_no_verified_user(work: Bcrypt) -> None:
    async def checks(checker: PasswordChecker) -> tuple[list[str], str]:
        assert await checker.check(b"alice", PASSWORD, USERS) == "accepted"
        work.open.clear()
        wrong = [asyncio.ensure_future(checker.check(b"alice", b"%d" % n, USERS)) for n in range(50)]
        await asyncio.sleep(0)
        known = await checker.check(b"alice", PASSWORD, USERS)
        work.open.set()
        return await asyncio.gather(*wrong), known

    verdicts, known = run(checks)
    assert known == "accepted"
    assert verdicts == ["refused"] * 8 + ["busy"] * 42
    assert len(work.hashes) == 9


def test_a_password_that_was_changed_meanwhile_is_not_remembered(work: Bcrypt) -> None:
    changed = {b"alice": bcrypt.hashpw(b"new", bcrypt.gensalt(4))}

    async def checks(checker: PasswordChecker) -> list[str]:
        work.open.clear()
        before = asyncio.ensure_future(checker.check(b"alice", PASSWORD, USERS))
        await asyncio.sleep(0)
        after = asyncio.ensure_future(checker.check(b"alice", PASSWORD, changed))
        await asyncio.sleep(0)
        work.open.set()
        await asyncio.gather(before, after)
        return [await after, await checker.check(b"alice", PASSWORD, changed)]

    assert run(checks) == ["refused", "refused"]


def test_an_end_of_the_loop_during_a_check_is_no_error(work: Bcrypt) -> None:
    async def checks(checker: PasswordChecker) -> None:
        work.open.clear()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(checker.check(b"alice", PASSWORD, USERS), 0.01)

    run(checks)
    work.open.set()


def test_a_password_is_not_remembered_for_users_that_were_read_again_meanwhile(work: Bcrypt) -> None:
    read_again = dict(USERS)

    async def checks(checker: PasswordChecker) -> list[str]:
        work.open.clear()
        before = asyncio.ensure_future(checker.check(b"alice", PASSWORD, USERS))
        await asyncio.sleep(0)
        after = asyncio.ensure_future(checker.check(b"alice", b"wrong", read_again))
        await asyncio.sleep(0)
        work.open.set()
        return [await before, await after, await checker.check(b"alice", PASSWORD, read_again)]

    assert run(checks) == ["accepted", "refused", "accepted"]
    assert len(work.hashes) == 3


@pytest.mark.parametrize(
    ("header", "expected"),
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
        (b"AWS4-HMAC-SHA256 YTpi", None),
    ],
)
def test_credentials(header: bytes | None, expected: tuple[bytes, bytes] | None) -> None:
    assert credentials(header) == expected


def test_a_damaged_hash_refuses() -> None:
    good = bcrypt.hashpw(b"password", bcrypt.gensalt(4))
    assert _matches(b"password", good, 4)
    for damaged in (good[:-1], good[:7] + b"!" + good[8:], good.replace(b"$2b$", b"$9z$")):
        assert not _matches(b"password", damaged, 4)
