from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from fault_behaviours import SLOW_SECONDS, answers_well, domain_of
from fault_table import BEHAVIOURS, FAULTS, GOOD, Fault
from faults import CANARY, Call, FaultyApi, token_for

from wx_domain_exporter.schema import Wechat
from wx_domain_exporter.wechat.answer import read_categories
from wx_domain_exporter.wechat.client import GETWXADEVINFO, STABLE_TOKEN, ApiClient, Caller
from wx_domain_exporter.wechat.errors import ApiError, DeadlineError, FetchError, Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

TIMEOUT = 2 * SLOW_SECONDS


class Time:
    """A budget; what it allows is less than asked for only where a test says so."""

    def __init__(self, allowed: float = 1000.0, spare: float = 1000.0) -> None:
        self.allowed = allowed
        self.spared = spare

    def allow(self, timeout: float) -> float:
        return min(timeout, self.allowed)

    def spare(self) -> float:
        return self.spared


class Calls:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.noted: list[tuple[str, int | str]] = []
        self.seconds: list[float] = []

    def answered(self, api: str, errcode: int, seconds: float) -> None:
        self.noted.append((api, errcode))
        self.seconds.append(seconds)

    def failed(self, api: str, reason: str, seconds: float) -> None:
        self.noted.append((api, str(reason)))
        self.seconds.append(seconds)

    def token_refreshed(self, source: str) -> None:
        raise AssertionError(source)


@pytest.fixture(scope="module")
def api() -> Iterator[FaultyApi]:
    with FaultyApi(BEHAVIOURS) as server:
        yield server


def settings(url: str, **more: Any) -> Wechat:
    return Wechat.model_validate({"base_url": url, "timeout": f"{int(1000 * TIMEOUT)}ms", **more})


@pytest.fixture
def client(api: FaultyApi) -> Iterator[ApiClient]:
    client = ApiClient(settings(api.url), Calls())
    yield client
    client.close()


def fetch(client: ApiClient, fault: str) -> dict[str, Any]:
    answer = Caller(client, Time(), {}).call(GETWXADEVINFO, {}, access_token=token_for(fault))
    return {name: listed.domains for name, listed in read_categories(answer, None, ()).items()}


class TestFaults:
    @pytest.mark.parametrize("fault", GOOD, ids=lambda fault: fault.name)
    def test_a_good_answer_is_read_whatever_its_form(self, client: ApiClient, fault: Fault) -> None:
        assert fetch(client, fault.name)["requestdomain"] == (domain_of(fault.name),)

    @pytest.mark.parametrize("fault", [f for f in FAULTS if f.reason], ids=lambda fault: fault.name)
    def test_each_fault_has_its_reason_and_quotes_no_token(self, client: ApiClient, fault: Fault) -> None:
        begin = time.monotonic()
        with pytest.raises(FetchError) as caught:
            fetch(client, fault.name)
        assert caught.value.reason == fault.reason, str(caught.value)
        assert getattr(caught.value, "errcode", None) == fault.errcode
        assert CANARY not in str(caught.value)
        assert time.monotonic() - begin < TIMEOUT + 5
