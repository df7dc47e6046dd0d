from __future__ import annotations

import contextlib
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from helpers.adapters import LONG, SHORT
from helpers.api_clients import (
    BUSY,
    GOOD_ANSWER,
    Recorder,
    answering,
    ask,
    client_of,
    settings,
    time_left,
)
from helpers.clocks import StoppedClock
from helpers.fault_behaviours import domain_of
from helpers.fault_table import BEHAVIOURS, FAULTS, GOOD, Fault
from helpers.faults import CANARY, Call, FaultyApi, token_for

from wx_domain_exporter import __version__
from wx_domain_exporter.config.schema import Wechat
from wx_domain_exporter.deadline import SharedDeadline
from wx_domain_exporter.http.desync import Desyncs
from wx_domain_exporter.wechat.apis import (
    API_AUTHORIZER_TOKEN,
    API_COMPONENT_TOKEN,
    GETWXADEVINFO,
    MODIFY_WXA_JUMP_DOMAIN,
    MODIFY_WXA_SERVER_DOMAIN,
    STABLE_TOKEN,
    Api,
)
from wx_domain_exporter.wechat.client import ApiClient, Caller, Credential
from wx_domain_exporter.wechat.errors import (
    ApiError,
    CallTimeoutError,
    DeadlineError,
    FetchError,
    HttpError,
    QuotaError,
)
from wx_domain_exporter.wechat.responses import AS_JSON, read_categories

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="module")
def api() -> Iterator[FaultyApi]:
    with FaultyApi(BEHAVIOURS) as server:
        yield server


@pytest.fixture
def client(api: FaultyApi) -> Iterator[ApiClient]:
    client = ApiClient(settings(api.url), Recorder())
    yield client
    client.close()


@pytest.fixture
def impatient(api: FaultyApi) -> Iterator[ApiClient]:
    """A client whose calls time out soon."""
    client = ApiClient(settings(api.url, timeout=f"{int(1000 * SHORT)}ms"), Recorder())
    yield client
    client.close()


def observer(client: ApiClient) -> Recorder:
    assert isinstance(client.observer, Recorder)
    return client.observer


def noted(client: ApiClient) -> list[tuple[str, int | str]]:
    return observer(client).noted


class Allowing(SharedDeadline):
    """Allows the next call some seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def call_timeout(self, timeout: float) -> float:  # noqa: ARG002 - the signature of the base class
        return self._seconds


def fetch(client: ApiClient, fault: str) -> dict[str, Any]:
    answer = Caller(client, time_left(), {}).call(GETWXADEVINFO, {}, AS_JSON, Credential(token_for(fault)))
    return {name: listed.domains for name, listed in read_categories(answer, None, ()).items()}


class TestFaults:
    @pytest.mark.parametrize("fault", GOOD, ids=lambda fault: fault.name)
    def test_a_good_answer_is_read_whatever_its_form(self, client: ApiClient, fault: Fault) -> None:
        assert fetch(client, fault.name)["requestdomain"] == (domain_of(fault.name),)

    @pytest.mark.parametrize("fault", [f for f in FAULTS if f.reason], ids=lambda fault: fault.name)
    def test_each_fault_has_its_reason_and_quotes_no_token(
        self, client: ApiClient, impatient: ApiClient, fault: Fault
    ) -> None:
        with pytest.raises(FetchError) as caught:
            fetch(impatient if fault.reason == "timeout" else client, fault.name)
        assert caught.value.reason == fault.reason, str(caught.value)
        assert getattr(caught.value, "errcode", None) == fault.errcode
        assert CANARY not in str(caught.value)

    def test_a_redirect_is_not_followed(self, client: ApiClient, api: FaultyApi) -> None:
        before = api.calls("301")
        with pytest.raises(FetchError, match="HTTP status 301"):
            fetch(client, "301")
        assert api.calls("301") == before + 1


class TestRequest:
    def test_it_is_as_wechat_requires(self) -> None:
        with client_of({"errcode": 0}) as (client, api):
            Caller(client, time_left(), {}).call(
                GETWXADEVINFO, {"action": "getserverdomain"}, AS_JSON, Credential(token_for("it"))
            )
        (request,) = api.requests
        assert (request.method, request.path, request.version) == ("POST", "/wxa/getwxadevinfo", "HTTP/1.1")
        assert json.loads(request.body) == {"action": "getserverdomain"}
        assert request.headers == {
            "host": f"127.0.0.1:{api.port}",
            "accept": "application/json",
            "accept-encoding": "identity",
            "content-type": "application/json",
            "content-length": str(len(request.body)),
            "user-agent": f"wx_domain_exporter/{__version__}",
        }

    def test_an_empty_body_is_an_empty_object(self) -> None:
        with client_of({"errcode": 0}) as (client, api):
            ask(client)
        assert (api.requests[0].body, api.requests[0].headers["content-length"]) == (b"{}", "2")

    @pytest.mark.parametrize("token", ["fault-it.", "fault-it./+&=%?# é", "fault-it.a&access_token=b"])
    def test_a_token_is_quoted(self, token: str) -> None:
        with client_of({"errcode": 0}) as (client, api):
            ask(client, token=token)
        assert api.requests[0].target.count("=") == 1
        assert api.requests[0].token == token

    def test_a_call_without_a_query_has_no_question_mark(self) -> None:
        with FaultyApi({"": answering({"errcode": 0})}) as api:
            client = ApiClient(settings(api.url), Recorder())
            Caller(client, time_left(), {}).call(STABLE_TOKEN, {"secret": "ü"}, AS_JSON)
            client.close()
        assert api.requests[0].target == "/cgi-bin/stable_token"
        assert json.loads(api.requests[0].body) == {"secret": "ü"}

    def test_calls_share_no_state(self) -> None:
        with client_of({"errcode": 0}) as (client, api):
            for body in ({}, {"action": "getbizdomain"}, {}):
                Caller(client, time_left(), {}).call(
                    GETWXADEVINFO, body, AS_JSON, Credential(token_for("it"))
                )
        assert [json.loads(request.body) for request in api.requests] == [{}, {"action": "getbizdomain"}, {}]
        assert api.accepted == 1

    def test_a_base_url_can_have_a_path(self) -> None:
        with FaultyApi({"it": answering({"errcode": 0})}) as api:
            client = ApiClient(settings(f"{api.url}/behind/"), Recorder())
            ask(client)
            client.close()
        assert api.requests[0].path == "/behind/wxa/getwxadevinfo"


class TestErrcodes:
    def test_zero_is_the_answer(self) -> None:
        with client_of({"errcode": 0, "requestdomain": ["x"]}) as (client, _):
            errors = {"getwxadevinfo": 40001, "stable_token": -1}
            assert ask(client, Caller(client, time_left(), errors))["requestdomain"] == ["x"]
        assert errors == {"stable_token": -1}
        assert noted(client) == [("getwxadevinfo", 0)]

    @pytest.mark.parametrize(
        ("errcode", "kind"),
        [(61003, ApiError), ("48001", ApiError), (40001, ApiError), (45009, QuotaError), (45011, QuotaError)],
    )
    def test_any_other_is_an_error_of_its_type(self, errcode: int | str, kind: type[ApiError]) -> None:
        with client_of({"errcode": errcode, "errmsg": "why"}) as (client, api):
            errors: dict[str, int] = {}
            with pytest.raises(ApiError, match=f"^getwxadevinfo answered errcode {errcode}: why$") as caught:
                ask(client, Caller(client, time_left(), errors))
        assert type(caught.value) is kind
        assert (caught.value.api, caught.value.errcode) == ("getwxadevinfo", int(errcode))
        assert errors == {"getwxadevinfo": int(errcode)}
        assert noted(client) == [("getwxadevinfo", int(errcode))]
        assert len(api.requests) == 1

    def test_a_call_without_an_answer_clears_the_one_before(self) -> None:
        with client_of([]) as (client, _):
            errors = {"getwxadevinfo": 61003, "stable_token": -1}
            with pytest.raises(FetchError):
                ask(client, Caller(client, time_left(), errors))
        assert errors == {"stable_token": -1}
        assert noted(client) == [("getwxadevinfo", "decode")]

    def test_the_errmsg_is_redacted(self) -> None:
        with client_of({"errcode": 40001, "errmsg": f"access_token={CANARY} rid: 1"}) as (client, _):
            with pytest.raises(ApiError, match="rid: 1") as caught:
                ask(client)
            assert CANARY not in str(caught.value)


class TestEchoedSecrets:
    @pytest.mark.parametrize("token", ["k.7c0.e5d", "tk/7c0+e5d==", "7c0e"])
    def test_the_token_is_masked(self, token: str) -> None:
        async def echoes(call: Call) -> None:
            await call.answer(
                json.dumps({"errcode": 40001, "errmsg": f"token {call.request.token}"}).encode()
            )

        with FaultyApi({token: echoes, token.partition(".")[0]: echoes}) as api:
            client = ApiClient(settings(api.url), Recorder())
            with pytest.raises(ApiError, match=r"40001: token <secret>$"):
                ask(client, token=token)
            client.close()

    @pytest.mark.parametrize(
        ("api", "body", "shown"),
        [
            (STABLE_TOKEN, {"appid": "wx1", "secret": "k.7c0"}, "wx1 <secret>"),
            (API_AUTHORIZER_TOKEN, {"authorizer_refresh_token": "k.7c0"}, "<secret>"),
            (
                API_COMPONENT_TOKEN,
                {"component_appsecret": "k.7c0", "component_verify_ticket": "t.7c0"},
                "<secret> <secret>",
            ),
        ],
        ids=lambda value: value.name if isinstance(value, Api) else "",
    )
    def test_the_secrets_of_a_body_are_masked(self, api: Api, body: dict[str, str], shown: str) -> None:
        errmsg = " ".join(body.values())
        with FaultyApi({"": answering({"errcode": 40125, "errmsg": errmsg})}) as server:
            client = ApiClient(settings(server.url), Recorder())
            with pytest.raises(ApiError, match=f"40125: {shown}$"):
                Caller(client, time_left(), {}).call(api, body, AS_JSON)
            client.close()


class TestBusy:
    @pytest.mark.parametrize("errcode", [-1, -1000, 85113, "-1"])
    def test_it_is_called_again_after_a_short_delay(self, errcode: int | str) -> None:
        begin = time.monotonic()
        with client_of({"errcode": errcode}, GOOD_ANSWER) as (client, api):
            errors: dict[str, int] = {}
            assert ask(client, Caller(client, time_left(), errors)) == GOOD_ANSWER
        assert time.monotonic() - begin >= 0.1
        assert len(api.requests) == 2
        assert errors == {}
        assert noted(client) == [("getwxadevinfo", int(errcode)), ("getwxadevinfo", 0)]

    def test_it_is_not_called_a_third_time(self) -> None:
        with client_of(BUSY, BUSY, GOOD_ANSWER) as (client, api):
            with pytest.raises(ApiError, match="errcode -1"):
                ask(client)
            assert len(api.requests) == 2

    def test_another_errcode_is_not_retried(self) -> None:
        with client_of({"errcode": 61003}, GOOD_ANSWER) as (client, api):
            with pytest.raises(ApiError, match="errcode 61003"):
                ask(client)
            assert len(api.requests) == 1

    def test_the_second_answer_is_the_one_that_counts(self) -> None:
        with client_of(BUSY, {"errcode": 61003}) as (client, _), pytest.raises(ApiError, match="61003"):
            ask(client)

    def test_it_is_not_called_again_when_no_scrape_waits_for_it(self) -> None:
        with client_of(BUSY, GOOD_ANSWER) as (client, api):
            with pytest.raises(ApiError, match="errcode -1"):
                ask(client, Caller(client, time_left(0.1, StoppedClock()), {}))
            assert len(api.requests) == 1

    @pytest.mark.parametrize(("left", "calls"), [(0.49, 1), (0.5, 2), (0.51, 2)])
    def test_it_is_called_again_only_if_twice_the_delay_is_left(
        self, monkeypatch: pytest.MonkeyPatch, left: float, calls: int
    ) -> None:
        monkeypatch.setattr("random.uniform", lambda *_: 0.25)
        with client_of(BUSY, {"errcode": 61003}) as (client, api):
            with pytest.raises(ApiError):
                ask(client, Caller(client, time_left(left, StoppedClock()), {}))
            assert len(api.requests) == calls

    @pytest.mark.parametrize(("choose", "delay"), [(min, 0.1), (max, 0.4)])
    def test_the_delay_is_between_0_1_and_0_4_seconds(
        self, monkeypatch: pytest.MonkeyPatch, choose: Callable[[tuple[float, ...]], float], delay: float
    ) -> None:
        monkeypatch.setattr("random.uniform", lambda *limits: choose(limits))
        waits: list[float] = []
        with client_of(BUSY, GOOD_ANSWER) as (client, _):
            client.sleep = waits.append
            ask(client)
        assert waits == [delay]

    def test_the_delays_are_spread(self) -> None:
        waits: list[float] = []
        with FaultyApi({"it": answering(BUSY)}) as api:
            client = ApiClient(settings(api.url), Recorder(), sleep=waits.append)
            for _ in range(10):
                with pytest.raises(ApiError):
                    ask(client)
            client.close()
        assert len(set(waits)) == 10
        assert all(0.1 <= wait <= 0.4 for wait in waits)


class TestTime:
    def test_a_call_cut_short_is_not_a_timeout_of_wechat(self, client: ApiClient) -> None:
        deadline = time_left()
        deadline.limit(0.2)
        caller = Caller(client, deadline, {})
        with pytest.raises(DeadlineError):
            caller.call(GETWXADEVINFO, {}, AS_JSON, Credential(token_for("hang")))
        assert noted(client) == [("getwxadevinfo", "deadline")]

    def test_a_call_with_all_its_time_is_a_timeout_of_wechat(self, impatient: ApiClient) -> None:
        with pytest.raises(CallTimeoutError):
            fetch(impatient, "hang")
        assert noted(impatient) == [("getwxadevinfo", "timeout")]
        assert observer(impatient).seconds[0] >= SHORT

    def test_without_time_there_is_no_call(self) -> None:
        with client_of(GOOD_ANSWER) as (client, api):
            with pytest.raises(DeadlineError):
                ask(client, Caller(client, time_left(-1), {}))
            assert not api.requests
        assert not noted(client)

    @pytest.mark.parametrize("seconds", [0.0, -0.5])
    def test_no_call_begins_with_a_timeout_of_zero_or_less(self, seconds: float) -> None:
        with pytest.raises(DeadlineError, match="deadline passed before the next call"):
            Caller(ApiClient(Wechat(), Recorder()), Allowing(seconds), {}).call_timeout()

    def test_a_call_begins_with_a_short_timeout(self) -> None:
        assert Caller(ApiClient(Wechat(), Recorder()), Allowing(0.5), {}).call_timeout() == 0.5

    @pytest.mark.parametrize(
        "answer", [GOOD_ANSWER, {"errcode": 61003}, []], ids=["answered", "errcode", "malformed"]
    )
    def test_the_duration_of_a_call_is_measured_however_it_ends(self, answer: object) -> None:
        clock = StoppedClock(3.0)

        async def behave(call: Call) -> None:
            clock.now += 7.0
            await call.answer(json.dumps(answer).encode())

        with FaultyApi({"it": behave}) as api:
            client = ApiClient(settings(api.url), Recorder(), desyncs=Desyncs(clock))
            with contextlib.suppress(FetchError):
                ask(client)
            client.close()
        assert observer(client).seconds == [7.0]


def test_a_credential_does_not_show_its_token() -> None:
    assert CANARY not in repr(Credential(token_for("it")))


@pytest.mark.parametrize("api", [MODIFY_WXA_SERVER_DOMAIN, MODIFY_WXA_JUMP_DOMAIN])
def test_no_other_body_than_get_can_be_sent_to_the_apis_that_also_change_domains(api: Api) -> None:
    client = ApiClient(Wechat(), Recorder())
    other = Api("another", api.path)
    for one in (api, other):
        for body in ({}, {"action": "set", "wxa_server_domain": "evil.example.net"}, {"action": "delete"}):
            request = client.request(one, body, Credential("t", "component_access_token"))
            assert request.body == b'{"action":"get"}'
            assert request.headers["Content-Length"] == "16"
    request = client.request(api, {}, Credential("t", "component_access_token"))
    assert request.url == f"https://api.weixin.qq.com{api.path}?access_token=t"


@pytest.mark.parametrize(
    "path",
    [
        MODIFY_WXA_SERVER_DOMAIN.path,
        f"{MODIFY_WXA_JUMP_DOMAIN.path}/",
        "/cgi-bin/component/%6dodify_wxa_server_domain",
        "/CGI-BIN/component/MODIFY_WXA_JUMP_DOMAIN",
        "/cgi-bin//component/./modify_wxa_server_domain;x=1",
    ],
)
def test_a_request_that_would_change_domains_is_not_sent_whoever_makes_it(path: str) -> None:
    with client_of(GOOD_ANSWER) as (client, api):
        request = client.request(GETWXADEVINFO, {"action": "delete"}, Credential("t"))
        request.url = (request.url or "").replace(GETWXADEVINFO.path, path)
        with pytest.raises(HttpError, match="was not sent"):
            client.http.send(request, LONG, {}, lambda body, _secrets: body)
        assert api.accepted == 0
