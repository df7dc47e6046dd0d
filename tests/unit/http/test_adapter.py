from __future__ import annotations

import asyncio
import errno
import json
import os
import time
import traceback
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import requests
from helpers.adapters import LONG, SHORT, RunningAdapter, prepared
from helpers.clocks import Clock
from helpers.fault_behaviours import SLOW_SECONDS, answers_well, domain_of, good, good_lists
from helpers.fault_table import BEHAVIOURS, CONNECTION, TIMEOUT
from helpers.faults import CANARY, Call, FaultyApi, Peer, SocketServer, full_backlog
from helpers.ports import free_port
from helpers.waiting import wait_until
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import ContentDecodingError, Timeout
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from structlog.testing import capture_logs

from wx_domain_exporter.http import connection, dialing, pool
from wx_domain_exporter.http.response import NotHttpError, ResponseTooLargeError

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    import gevent.socket


@pytest.fixture
def adapter() -> Iterator[RunningAdapter]:
    adapter = RunningAdapter(DEFAULT_CA_BUNDLE_PATH)
    yield adapter
    adapter.end()


@pytest.fixture
def api() -> Iterator[FaultyApi]:
    with FaultyApi(BEHAVIOURS) as server:
        yield server


def call(adapter: RunningAdapter, url: str, fault: str = "healthy-first", timeout: float = LONG) -> Any:
    """What a call for a fault's token answers, as JSON."""
    return adapter.send(prepared(url, fault), timeout=timeout).json()


def call_any(adapter: RunningAdapter, url: str, fault: str) -> requests.Response:
    return adapter.send(prepared(url, fault), timeout=LONG)


def call_together(adapter: RunningAdapter, url: str, number: int) -> None:
    """Make calls that need a connection each, because all of them wait for their answers at once."""
    for running in [adapter.begin(prepared(url, "slow"), timeout=LONG) for _ in range(number)]:
        running.result()


class TestResponse:
    def test_it_is_what_the_peer_answered(self, adapter: RunningAdapter, api: FaultyApi) -> None:
        request = prepared(api.url, "404")
        response = adapter.send(request, timeout=LONG)
        assert (response.status_code, response.reason) == (404, CANARY)
        assert response.headers["content-type"] == "application/json"
        assert response.content.startswith(b"<html>")
        assert response.url == request.url
        assert response.request is request

    def test_a_text_as_body_is_sent_as_utf8(self, adapter: RunningAdapter, api: FaultyApi) -> None:
        request = requests.Request("POST", prepared(api.url).url, data="例子").prepare()
        adapter.send(request, timeout=LONG)
        assert api.requests[0].body == "例子".encode()

    def test_it_works_mounted_on_a_session(self, adapter: RunningAdapter, api: FaultyApi) -> None:
        with requests.Session() as session:
            session.trust_env = False
            session.mount("http://", adapter.adapter)
            answer = session.post(prepared(api.url).url or "", json={}, timeout=LONG)
        assert answer.json()["requestdomain"] == [domain_of("healthy-first")]

    def test_a_gzip_body_is_decoded(self, adapter: RunningAdapter, api: FaultyApi) -> None:
        assert call(adapter, api.url, "gzip")["requestdomain"] == [domain_of("gzip")]


KINDS: dict[str, type[requests.RequestException]] = {
    **{fault.name: Timeout for fault in TIMEOUT},
    **{fault.name: RequestsConnectionError for fault in CONNECTION},
    "garbage": NotHttpError,
    "http-2": NotHttpError,
    "status-no-number": NotHttpError,
    "endless-status-line": NotHttpError,
    "endless-header": NotHttpError,
    "endless-headers": NotHttpError,
    "endless-negative-chunk": NotHttpError,
    "endless-trailers": NotHttpError,
    "gzip-truncated": ContentDecodingError,
    "gzip-empty": ContentDecodingError,
    "gzip-that-is-none": ContentDecodingError,
    "brotli": ContentDecodingError,
    "two-encodings": ContentDecodingError,
    "gzip-bomb": ResponseTooLargeError,
    "over-the-cap": ResponseTooLargeError,
    "endless-by-length": ResponseTooLargeError,
    "endless-chunks": ResponseTooLargeError,
    "endless-chunk": ResponseTooLargeError,
    "endless-without-length": ResponseTooLargeError,
}


class TestFailures:
    @pytest.mark.parametrize(("fault", "kind"), KINDS.items(), ids=KINDS)
    def test_each_has_its_type_hides_the_token_and_ends_the_connection(
        self, adapter: RunningAdapter, api: FaultyApi, fault: str, kind: type[requests.RequestException]
    ) -> None:
        with pytest.raises(requests.RequestException) as caught:
            call(adapter, api.url, fault, SHORT if kind is Timeout else LONG)
        assert type(caught.value) is kind, str(caught.value)
        assert CANARY not in "".join(traceback.format_exception(caught.value))
        # Also while somebody keeps the error, as the exporter does.
        api.wait_for_ended(1)
        assert api.calls(fault) == 1
        assert not adapter.kept

    def test_a_timeout_is_not_before_its_time(self, adapter: RunningAdapter, api: FaultyApi) -> None:
        begin = time.monotonic()
        with pytest.raises(Timeout):
            call(adapter, api.url, "drip-body", SHORT)
        assert time.monotonic() - begin >= SHORT

    def test_a_connection_that_nobody_accepts_times_out(self, adapter: RunningAdapter) -> None:
        with full_backlog() as port, pytest.raises(Timeout):
            call(adapter, f"http://127.0.0.1:{port}", timeout=SHORT)

    def test_a_peer_that_never_reads_times_out(self, adapter: RunningAdapter) -> None:
        async def reads_nothing(_: Peer) -> None:
            await asyncio.Event().wait()

        with SocketServer(reads_nothing) as server, pytest.raises(Timeout):
            adapter.send(prepared(server.url, data=bytes(64 << 20)), timeout=SHORT)

    def test_a_body_that_cannot_be_decoded_is_a_failure_of_a_good_answer_only(
        self, adapter: RunningAdapter
    ) -> None:
        async def answers_with_brotli(call: Call) -> None:
            await call.answer(b"x", "Content-Encoding: br", status=call.request.fault)

        with FaultyApi({**BEHAVIOURS, "299": answers_with_brotli, "300": answers_with_brotli}) as api:
            response = call_any(adapter, api.url, "300")
            assert (response.status_code, response.content) == (300, b"")
            with pytest.raises(ContentDecodingError):
                call_any(adapter, api.url, "299")

    def test_a_port_where_nobody_listens_is_a_connection_error_that_says_so(
        self, adapter: RunningAdapter
    ) -> None:
        with pytest.raises(RequestsConnectionError, match=r"^connection failed: Connection refused$"):
            call(adapter, f"http://127.0.0.1:{free_port()}")

    def test_a_name_that_does_not_exist_is_a_connection_error(self, adapter: RunningAdapter) -> None:
        with pytest.raises(RequestsConnectionError, match="connection failed: "):
            call(adapter, "http://name.invalid")


class TestKeptConnections:
    def test_one_is_used_again(self, adapter: RunningAdapter, api: FaultyApi) -> None:
        for fault in ("healthy-first", "chunked", "errcode-missing", "404", "healthy-last"):
            call_any(adapter, api.url, fault)
        assert api.accepted == 1

    @pytest.mark.parametrize("fault", ["connection-close", "without-length", "http-1-0"])
    def test_one_that_the_peer_ends_is_not_kept(
        self, adapter: RunningAdapter, api: FaultyApi, fault: str
    ) -> None:
        call(adapter, api.url, fault)
        assert not adapter.kept
        api.wait_for_ended(1)

    @pytest.mark.parametrize("fault", ["closed-unannounced", "reset-after-answer"])
    def test_one_that_the_peer_closed_meanwhile_costs_no_call(
        self, adapter: RunningAdapter, api: FaultyApi, fault: str
    ) -> None:
        call(adapter, api.url, fault)
        api.wait_for_ended(1)
        assert call(adapter, api.url)["requestdomain"] == [domain_of("healthy-first")]
        assert api.accepted == 2

    @pytest.mark.parametrize("fault", ["close", "reset"])
    def test_one_that_breaks_under_a_call_is_replaced_by_a_fresh_one_once(
        self, adapter: RunningAdapter, api: FaultyApi, fault: str
    ) -> None:
        call(adapter, api.url)
        with pytest.raises(RequestsConnectionError):
            call(adapter, api.url, fault)
        assert api.calls(fault) == 2
        api.wait_for_ended(2)
        assert api.accepted == 2

    def test_one_that_hangs_is_not_replaced(self, adapter: RunningAdapter, api: FaultyApi) -> None:
        call(adapter, api.url)
        with pytest.raises(Timeout):
            call(adapter, api.url, "hang", SHORT)
        assert api.calls("hang") == 1
        api.wait_for_ended(1)

    def test_each_call_has_a_deadline_of_its_own(self, adapter: RunningAdapter, api: FaultyApi) -> None:
        for _ in range(11):  # together they take longer than one may
            call(adapter, api.url, "slow", 10 * SLOW_SECONDS)
        assert api.accepted == 1

    @pytest.mark.parametrize("fault", ["longer-than-its-length", "second-answer-unasked"])
    def test_what_comes_after_an_answer_is_no_answer_to_the_next_call(
        self, adapter: RunningAdapter, api: FaultyApi, fault: str
    ) -> None:
        assert call(adapter, api.url, fault)["requestdomain"] == [domain_of(fault)]
        wait_until(lambda: all(not one.is_idle() for one in adapter.kept), "more has come")
        assert call(adapter, api.url)["requestdomain"] == [domain_of("healthy-first")]

    def test_a_late_second_answer_that_comes_with_the_next_one_is_not_taken_for_it(
        self, adapter: RunningAdapter
    ) -> None:
        repeated = False

        async def answers_twice_at_first(call: Call) -> None:
            nonlocal repeated
            late = b"" if repeated else json.dumps(good_lists("first")).encode()
            repeated = True
            bodies = [body for body in (late, good(call)) if body]
            await call.peer.send(
                b"".join(call.head(f"Content-Length: {len(body)}") + body for body in bodies)
            )

        behaviours = {**BEHAVIOURS, "first": answers_well, "second": answers_twice_at_first}
        with FaultyApi(behaviours) as api, capture_logs() as logs:
            call_any(adapter, api.url, "first")
            answer = call_any(adapter, api.url, "second").json()
            assert answer["requestdomain"] == [domain_of("second")]
            assert (api.calls("second"), api.accepted) == (2, 2)
        assert "without a request" in logs[0]["event"]

    def test_what_arrives_later_is_noticed_without_another_call(self, adapter: RunningAdapter) -> None:
        async def answers_again_later(call: Call) -> None:
            await answers_well(call)
            await asyncio.sleep(SLOW_SECONDS)
            await answers_well(call)

        with FaultyApi({**BEHAVIOURS, "again": answers_again_later}) as api, capture_logs() as logs:
            begin = time.monotonic()
            call_any(adapter, api.url, "again")
            received = time.monotonic()
            wait_until(lambda: adapter.desyncs.covers(received), "the second answer is noticed")
            assert not adapter.desyncs.covers(begin - 1)
            assert not adapter.desyncs.covers(time.monotonic() + 1)
            api.wait_for_ended(1)
        assert "without a request" in logs[0]["event"]
        assert not adapter.kept

    def test_what_a_quiet_connection_received_before_is_not_doubted(
        self, adapter: RunningAdapter, api: FaultyApi
    ) -> None:
        clock = adapter.desyncs.clock = Clock()
        call(adapter, api.url)
        received = clock.monotonic()
        clock.ahead = pool._QUIET_SECONDS
        call(adapter, api.url)
        doubtful = clock.monotonic()
        call(adapter, api.url, "second-answer-unasked")
        wait_until(lambda: adapter.desyncs.covers(doubtful), "the second answer is noticed")
        assert not adapter.desyncs.covers(received)

    def test_what_comes_late_after_an_interim_answer_is_no_answer_to_the_next_call(
        self, adapter: RunningAdapter
    ) -> None:
        async def hints_and_answers_late(call: Call) -> None:
            await call.peer.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")
            await asyncio.sleep(SLOW_SECONDS)
            await answers_well(call)

        with FaultyApi({**BEHAVIOURS, "late": hints_and_answers_late}) as api:
            call_any(adapter, api.url, "late")
            assert call(adapter, api.url)["requestdomain"] == [domain_of("healthy-first")]

    @pytest.mark.parametrize("fault", ["longer-than-its-length", "second-answer-unasked"])
    @pytest.mark.parametrize(("seconds", "accepted"), [(600.0, 4), (0.0, 2)])
    def test_none_is_kept_for_some_time_to_a_server_that_answers_more_than_it_is_asked(  # noqa: PLR0917
        self,
        adapter: RunningAdapter,
        api: FaultyApi,
        monkeypatch: pytest.MonkeyPatch,
        fault: str,
        seconds: float,
        accepted: int,
    ) -> None:
        monkeypatch.setattr(pool, "_SECONDS_DISABLED", seconds)
        with FaultyApi(BEHAVIOURS) as other, capture_logs() as logs:
            call(adapter, other.url)
            call(adapter, api.url, fault)
            odd = [one for one in adapter.kept if f":{one.origin.port}" in api.url]
            wait_until(lambda: all(not one.is_idle() for one in odd), "more has come")
            for _ in range(3):
                call(adapter, api.url)
                call(adapter, other.url)
            assert (api.accepted, other.accepted) == (accepted, 1)
        (told,) = logs
        assert "without a request" in told["event"]
        assert told["server"] == urlsplit(api.url).netloc

    def test_one_that_ends_with_a_goodbye_costs_no_other(self, adapter: RunningAdapter) -> None:
        async def answers_well_and_says_goodbye(call: Call) -> None:
            await answers_well(call)
            await call.close_after(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")

        with FaultyApi({**BEHAVIOURS, "goodbye": answers_well_and_says_goodbye}) as api:
            call_any(adapter, api.url, "goodbye")
            api.wait_for_ended(1)
            for _ in range(3):
                call(adapter, api.url)
            assert api.accepted == 2

    def test_those_to_different_servers_are_told_apart(self, adapter: RunningAdapter, api: FaultyApi) -> None:
        with FaultyApi(BEHAVIOURS) as other:
            for _ in range(2):
                call(adapter, api.url, "healthy-first")
                call(adapter, other.url, "healthy-last")
            assert (api.accepted, other.accepted) == (1, 1)
            assert (api.calls("healthy-first"), other.calls("healthy-last")) == (2, 2)

    def test_the_one_used_last_is_used_first(self, adapter: RunningAdapter, api: FaultyApi) -> None:
        call_together(adapter, api.url, 2)
        last = adapter.kept[-1]
        call(adapter, api.url)
        assert adapter.kept[-1] is last

    def test_they_are_closed_when_a_new_one_finds_no_file_descriptor(
        self, adapter: RunningAdapter, api: FaultyApi, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def dial(host: str, port: int, deadline: float, family: socket.AddressFamily) -> gevent.socket.socket:
            if adapter.kept:
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
            return dialing.dial(host, port, deadline, family)

        with FaultyApi(BEHAVIOURS) as other:
            call(adapter, other.url)
            assert len(adapter.kept) == 1
            monkeypatch.setattr(connection, "dial", dial)
            call(adapter, api.url)
        assert [one.origin.netloc for one in adapter.kept] == [api.url.removeprefix("http://")]

    def test_no_more_are_kept_than_were_asked_for(self, api: FaultyApi) -> None:
        adapter = RunningAdapter(DEFAULT_CA_BUNDLE_PATH, idle_connections=1)
        call_together(adapter, api.url, 3)
        api.wait_for_ended(2)
        assert len(adapter.kept) == 1
        adapter.close()

    def test_closing_the_adapter_closes_them(self, adapter: RunningAdapter, api: FaultyApi) -> None:
        call_together(adapter, api.url, 2)
        adapter.close()
        api.wait_for_ended(2)

    def test_a_call_under_way_closes_its_own_after_the_adapter_is_closed(
        self, adapter: RunningAdapter, api: FaultyApi
    ) -> None:
        running = adapter.begin(prepared(api.url, "slow"), timeout=LONG)
        wait_until(lambda: api.calls("slow") == 1, "the call has begun")
        adapter.close()
        assert running.result().json()["requestdomain"] == [domain_of("slow")]
        api.wait_for_ended(1)
        assert not adapter.kept

    def test_tasks_share_them_and_each_gets_its_own_answer(
        self, adapter: RunningAdapter, api: FaultyApi
    ) -> None:
        faults = ["healthy-first", "healthy-last", "chunked", "gzip", "bom", "closed-unannounced"] * 30
        running = [adapter.begin(prepared(api.url, fault), timeout=LONG) for fault in faults]
        answers = [one.result().content.decode("utf-8-sig") for one in running]
        assert all(domain_of(fault) in answer for fault, answer in zip(faults, answers, strict=True))
        assert len(adapter.kept) <= 8
