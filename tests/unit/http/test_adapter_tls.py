from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
import requests
from helpers.adapters import LONG, SHORT, RunningAdapter, prepared
from helpers.fault_behaviours import PAUSE, domain_of
from helpers.fault_table import BEHAVIOURS, CONNECTION, TIMEOUT
from helpers.faults import (
    CANARY,
    FaultyApi,
    Peer,
    SocketServer,
    drips_from,
    hangs_up,
    resets_at_once,
    says_nothing,
    speaks_plain_http,
)
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import SSLError, Timeout

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from helpers.tls import Certificates


@pytest.fixture
def adapter(certificates: Certificates) -> Iterator[RunningAdapter]:
    adapter = RunningAdapter(str(certificates.ca_file))
    yield adapter
    adapter.end()


def call(
    adapter: RunningAdapter, url: str, fault: str = "healthy-first", timeout: float = LONG, **more: Any
) -> Any:
    return adapter.send(prepared(url, fault), timeout=timeout, **more).json()


class TestAnswers:
    @pytest.mark.parametrize("fault", ["healthy-first", "chunked", "up-to-the-cap", "without-length", "slow"])
    def test_a_good_one_arrives(
        self, adapter: RunningAdapter, certificates: Certificates, fault: str
    ) -> None:
        with FaultyApi(BEHAVIOURS, certificates.good) as api:
            assert call(adapter, api.url, fault)["requestdomain"] == [domain_of(fault)]

    def test_the_connection_is_kept_for_the_next_call(
        self, adapter: RunningAdapter, certificates: Certificates
    ) -> None:
        with FaultyApi(BEHAVIOURS, certificates.good) as api:
            for fault in ("healthy-first", "chunked", "healthy-last"):
                call(adapter, api.url, fault)
            assert api.accepted == 1

    @pytest.mark.parametrize("fault", ["closed-unannounced", "reset-after-answer"])
    def test_one_that_the_peer_closed_meanwhile_costs_no_call(
        self, adapter: RunningAdapter, certificates: Certificates, fault: str
    ) -> None:
        with FaultyApi(BEHAVIOURS, certificates.good) as api:
            call(adapter, api.url, fault)
            api.wait_for_ended(1)
            assert call(adapter, api.url)["requestdomain"] == [domain_of("healthy-first")]

    @pytest.mark.parametrize("fault", ["longer-than-its-length", "second-answer-unasked"])
    def test_what_comes_after_one_is_no_answer_to_the_next_call(
        self, adapter: RunningAdapter, certificates: Certificates, fault: str
    ) -> None:
        with FaultyApi(BEHAVIOURS, certificates.good) as api:
            assert call(adapter, api.url, fault)["requestdomain"] == [domain_of(fault)]
            for accepted in (2, 3):  # nothing is kept any more
                assert call(adapter, api.url)["requestdomain"] == [domain_of("healthy-first")]
                assert api.accepted == accepted

    @pytest.mark.parametrize("fault", [fault.name for fault in TIMEOUT])
    def test_a_slow_one_ends_with_the_wall_clock(
        self, adapter: RunningAdapter, certificates: Certificates, fault: str
    ) -> None:
        with FaultyApi(BEHAVIOURS, certificates.good) as api:
            begin = time.monotonic()
            with pytest.raises(Timeout):
                call(adapter, api.url, fault, SHORT)
            assert time.monotonic() - begin >= SHORT
            api.wait_for_ended(1)

    @pytest.mark.parametrize("fault", [fault.name for fault in CONNECTION])
    def test_a_broken_one_is_a_connection_error(
        self, adapter: RunningAdapter, certificates: Certificates, fault: str
    ) -> None:
        with FaultyApi(BEHAVIOURS, certificates.good) as api:
            with pytest.raises(RequestsConnectionError) as caught:
                call(adapter, api.url, fault)
            assert type(caught.value) is RequestsConnectionError
            api.wait_for_ended(1)


class TestCertificates:
    @pytest.mark.parametrize(
        ("bad", "why"),
        [
            ("expired", "certificate refused: certificate has expired"),
            ("wrong_name", "certificate refused: IP address mismatch"),
            ("unknown_ca", "certificate refused: unable to get local issuer certificate"),
        ],
        ids=["expired", "wrong name", "unknown authority"],
    )
    def test_a_bad_one_is_refused_before_the_token_is_sent(
        self, adapter: RunningAdapter, certificates: Certificates, bad: str, why: str
    ) -> None:
        with FaultyApi(BEHAVIOURS, getattr(certificates, bad)) as api:
            with pytest.raises(SSLError, match=f"^{why}") as caught:
                call(adapter, api.url)
            assert CANARY not in str(caught.value)
            assert not api.requests

    def test_a_name_is_checked_too(self, adapter: RunningAdapter, certificates: Certificates) -> None:
        with FaultyApi(BEHAVIOURS, certificates.good) as api:
            assert call(adapter, f"https://localhost:{api.port}")["errcode"] == 0
        with FaultyApi(BEHAVIOURS, certificates.wrong_name) as api, pytest.raises(SSLError):
            call(adapter, f"https://localhost:{api.port}")

    def test_no_caller_can_switch_the_check_off(
        self, adapter: RunningAdapter, certificates: Certificates
    ) -> None:
        with FaultyApi(BEHAVIOURS, certificates.unknown_ca) as api, pytest.raises(SSLError):
            call(adapter, api.url, verify=False)

    def test_a_connection_in_clear_is_not_used_for_tls(self, adapter: RunningAdapter) -> None:
        with FaultyApi(BEHAVIOURS) as api:
            call(adapter, api.url)
            with pytest.raises(Timeout):
                call(adapter, f"https://127.0.0.1:{api.port}", timeout=SHORT)
            assert (api.accepted, len(api.requests)) == (2, 1)


class TestHandshake:
    def test_a_hanging_one_ends_with_the_wall_clock(self, adapter: RunningAdapter) -> None:
        begin = time.monotonic()
        with SocketServer(says_nothing) as server:
            with pytest.raises(Timeout):
                call(adapter, f"https://127.0.0.1:{server.port}", timeout=SHORT)
            assert time.monotonic() - begin >= SHORT
            server.wait_for_ended(1)

    def test_a_dripping_one_ends_with_the_wall_clock(
        self, adapter: RunningAdapter, certificates: Certificates
    ) -> None:
        with (
            FaultyApi(BEHAVIOURS, certificates.good) as api,
            SocketServer(drips_from(api.port, PAUSE)) as slow,
        ):
            begin = time.monotonic()
            with pytest.raises(Timeout):
                call(adapter, f"https://127.0.0.1:{slow.port}", timeout=SHORT)
            assert time.monotonic() - begin >= SHORT
            slow.wait_for_ended(1)

    def test_a_slow_one_is_good_within_the_time(
        self, adapter: RunningAdapter, certificates: Certificates
    ) -> None:
        with FaultyApi(BEHAVIOURS, certificates.good) as api, SocketServer(drips_from(api.port, 0)) as slow:
            assert call(adapter, f"https://127.0.0.1:{slow.port}")["errcode"] == 0

    @pytest.mark.parametrize(
        ("behave", "kind"),
        [
            (speaks_plain_http, SSLError),
            (hangs_up, RequestsConnectionError),
            (resets_at_once, RequestsConnectionError),
        ],
    )
    def test_a_broken_one_has_its_type(
        self,
        adapter: RunningAdapter,
        behave: Callable[[Peer], Awaitable[None]],
        kind: type[requests.RequestException],
    ) -> None:
        with SocketServer(behave) as server:
            with pytest.raises(requests.RequestException) as caught:
                call(adapter, f"https://127.0.0.1:{server.port}")
            assert type(caught.value) is kind, str(caught.value)
            assert CANARY not in str(caught.value)
