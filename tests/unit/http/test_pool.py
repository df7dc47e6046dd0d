from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest
from gevent.ssl import SSLContext
from helpers.clocks import StoppedClock
from structlog.testing import capture_logs

from wx_domain_exporter.http.connection import Connection
from wx_domain_exporter.http.desync import Desyncs
from wx_domain_exporter.http.origin import Origin
from wx_domain_exporter.http.pool import ConnectionPool

if TYPE_CHECKING:
    from collections.abc import Callable

BEGIN = 3.0
ORIGIN = Origin.of("https://api.example.com", None)
OTHER_ORIGIN = Origin.of("https://other.example.com", None)
ANSWER = b"HTTP/1.1 200 OK\r\n\r\n"
GOODBYE = b"HTTP/1.1 408 Request Timeout\r\n\r\n"
END = b""


class FakeConnection(Connection):
    """A connection without a socket, which receives what a test says."""

    def __init__(self, origin: Origin = ORIGIN) -> None:
        super().__init__(origin, SSLContext(ssl.PROTOCOL_TLS_CLIENT), BEGIN)
        self.open = True
        self.received: bytes | None = None
        """None: nothing; empty: the end of the connection."""
        self.on_data: Callable[[Connection], None] | None = None

    def watch(self, received: Callable[[Connection], None]) -> None:
        self.on_data = received

    def stop_watching(self) -> None:
        self.on_data = None

    def close(self) -> None:
        self.open = False

    def is_idle(self) -> bool:
        return self.open and self.received is None

    def unexpected_data(self) -> bytes:
        assert self.open
        return self.received or b""

    def receive(self, data: bytes | None) -> None:
        """Let data arrive, and tell whoever watches the connection."""
        self.received = data
        assert self.on_data is not None
        self.on_data(self)


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock(BEGIN)


@pytest.fixture
def desyncs(clock: StoppedClock) -> Desyncs:
    return Desyncs(clock)


@pytest.fixture
def pool(desyncs: Desyncs) -> ConnectionPool:
    return ConnectionPool(2, desyncs)


def kept(pool: ConnectionPool, origin: Origin = ORIGIN) -> FakeConnection:
    """A connection that the pool keeps."""
    connection = FakeConnection(origin)
    pool.give_back(connection)
    assert connection.open
    return connection


def test_an_empty_pool_has_none(pool: ConnectionPool) -> None:
    assert pool.take(ORIGIN) is None


def test_each_is_taken_once_and_the_last_one_first(pool: ConnectionPool) -> None:
    first, last = kept(pool), kept(pool)
    assert [pool.take(ORIGIN) for _ in range(3)] == [last, first, None]
    assert first.on_data is last.on_data is None
    assert first.open
    assert last.open


def test_the_size_counts_for_each_server(pool: ConnectionPool) -> None:
    connections = [kept(pool, origin) for origin in (ORIGIN, OTHER_ORIGIN) for _ in range(2)]
    surplus = FakeConnection()
    pool.give_back(surplus)
    assert not surplus.open
    assert surplus.on_data is None
    assert all(connection.open for connection in connections)


@pytest.mark.parametrize(
    ("idle_seconds", "in_sync_at"),
    [(0.0, 0.0), (9.5, 0.0), (10.0, BEGIN + 10.0), (10.5, BEGIN + 10.5), (100.0, BEGIN + 100.0)],
)
def test_one_that_was_quiet_for_10_seconds_has_no_answer_under_way(
    pool: ConnectionPool, clock: StoppedClock, idle_seconds: float, in_sync_at: float
) -> None:
    connection = kept(pool)
    connection.in_sync_at = 0.0
    clock.now += idle_seconds
    assert pool.take(ORIGIN) is connection
    assert connection.in_sync_at == in_sync_at


def test_how_long_it_was_idle_counts_from_its_last_answer(pool: ConnectionPool, clock: StoppedClock) -> None:
    connection = FakeConnection()
    clock.now += 9.5
    pool.give_back(connection)
    clock.now += 9.5
    assert pool.take(ORIGIN) is connection
    assert connection.in_sync_at == BEGIN


class TestUnexpectedData:
    @pytest.mark.parametrize(
        ("data", "doubted"),
        [
            (END, False),
            (GOODBYE, False),
            (b"HTTP/1.0 408", False),
            (ANSWER, True),
            (b"HTTP/1.1 4080", True),
            (ANSWER + GOODBYE, True),
            (b"x", True),
        ],
    )
    @pytest.mark.parametrize("watched", [True, False])
    def test_it_closes_the_connection_and_casts_doubt_on_answers_unless_it_is_an_end(
        self, pool: ConnectionPool, desyncs: Desyncs, data: bytes, *, doubted: bool, watched: bool
    ) -> None:
        connection, other = kept(pool, OTHER_ORIGIN), kept(pool)
        if watched:
            connection.receive(data)
        else:
            connection.received = data
            assert pool.take(OTHER_ORIGIN) is None
        assert not connection.open
        assert desyncs.covers(BEGIN) is doubted
        again = FakeConnection(OTHER_ORIGIN)
        pool.give_back(again)
        assert again.open is not doubted
        assert pool.take(ORIGIN) is other

    def test_the_next_connection_is_taken_in_place_of_one_that_ended(self, pool: ConnectionPool) -> None:
        first, last = kept(pool), kept(pool)
        last.received = END
        assert pool.take(ORIGIN) is first
        assert first.open
        assert not last.open

    def test_a_notice_without_data_changes_nothing(self, pool: ConnectionPool, desyncs: Desyncs) -> None:
        connection = kept(pool)
        connection.receive(None)
        assert not desyncs.covers(BEGIN)
        assert pool.take(ORIGIN) is connection
        assert connection.open

    def test_a_notice_about_a_connection_in_use_changes_nothing(
        self, pool: ConnectionPool, desyncs: Desyncs
    ) -> None:
        connection = kept(pool)
        on_data = connection.on_data
        assert on_data is not None
        assert pool.take(ORIGIN) is connection
        connection.received = ANSWER
        on_data(connection)
        assert connection.open
        assert not desyncs.covers(BEGIN)


class TestDisable:
    def test_it_closes_the_connections_to_this_server_only(self, pool: ConnectionPool) -> None:
        idle, other = [kept(pool), kept(pool)], kept(pool, OTHER_ORIGIN)
        pool.disable(FakeConnection())
        assert not any(connection.open for connection in idle)
        assert pool.take(ORIGIN) is None
        assert pool.take(OTHER_ORIGIN) is other
        assert other.open

    def test_answers_since_the_connection_was_in_sync_are_doubted(
        self, pool: ConnectionPool, desyncs: Desyncs, clock: StoppedClock
    ) -> None:
        clock.now += 5
        pool.disable(FakeConnection())
        assert desyncs.covers(BEGIN)
        assert desyncs.covers(BEGIN + 5)
        assert not desyncs.covers(BEGIN - 1)

    @pytest.mark.parametrize(("seconds", "is_kept"), [(0.0, False), (599.5, False), (600.0, True)])
    def test_it_lasts_10_minutes(
        self, pool: ConnectionPool, clock: StoppedClock, seconds: float, *, is_kept: bool
    ) -> None:
        pool.disable(FakeConnection())
        clock.now += seconds
        connection = FakeConnection()
        pool.give_back(connection)
        assert connection.open is is_kept

    def test_it_lasts_10_minutes_from_the_last_time(self, pool: ConnectionPool, clock: StoppedClock) -> None:
        pool.disable(FakeConnection())
        clock.now += 500
        pool.disable(FakeConnection())
        clock.now += 599
        connection = FakeConnection()
        pool.give_back(connection)
        assert not connection.open

    def test_it_is_told_once_for_each_time_and_server(
        self, pool: ConnectionPool, clock: StoppedClock
    ) -> None:
        with capture_logs() as logs:
            for origin in (ORIGIN, ORIGIN, OTHER_ORIGIN):
                pool.disable(FakeConnection(origin))
            clock.now += 600
            pool.disable(FakeConnection())
        servers = [ORIGIN.netloc, OTHER_ORIGIN.netloc, ORIGIN.netloc]
        assert [(log["log_level"], log["server"]) for log in logs] == [("warning", one) for one in servers]


class TestClosing:
    def test_a_discarded_connection_is_closed_and_not_taken_again(self, pool: ConnectionPool) -> None:
        discarded, other = kept(pool), kept(pool)
        pool.discard(discarded)
        assert not discarded.open
        assert [pool.take(ORIGIN) for _ in range(2)] == [other, None]

    def test_one_that_is_not_kept_can_be_discarded(self, pool: ConnectionPool) -> None:
        other, discarded = kept(pool), FakeConnection()
        pool.discard(discarded)
        assert not discarded.open
        assert pool.take(ORIGIN) is other

    def test_all_idle_ones_are_closed_and_new_ones_kept(self, pool: ConnectionPool) -> None:
        idle = [kept(pool, origin) for origin in (ORIGIN, OTHER_ORIGIN) for _ in range(2)]
        pool.close_idle()
        assert not any(connection.open for connection in idle)
        assert pool.take(ORIGIN) is None
        assert pool.take(OTHER_ORIGIN) is None
        connection = kept(pool)
        assert pool.take(ORIGIN) is connection

    def test_a_closed_pool_keeps_no_more(self, pool: ConnectionPool) -> None:
        before, after = kept(pool), FakeConnection()
        pool.close()
        pool.give_back(after)
        assert not before.open
        assert not after.open
        assert pool.take(ORIGIN) is None
