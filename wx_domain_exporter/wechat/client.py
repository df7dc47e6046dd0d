"""Calling the WeChat API: one POST, its answer parsed, every failure as a type of ours."""

import json
import random
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import quote

import gevent
import requests
from requests.structures import CaseInsensitiveDict

from wx_domain_exporter import __version__
from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock
from wx_domain_exporter.config.schema import Wechat
from wx_domain_exporter.deadline import SharedDeadline
from wx_domain_exporter.errcodes.lookup import Action, look_up
from wx_domain_exporter.wechat.apis import Api
from wx_domain_exporter.wechat.errors import ApiError, DeadlineError, FetchError
from wx_domain_exporter.wechat.http_client import HttpClient
from wx_domain_exporter.wechat.observer import CallObserver
from wx_domain_exporter.wechat.proxies import wechat_proxies
from wx_domain_exporter.wechat.responses import AS_JSON, JsonObject, ResponseParser
from wx_domain_exporter.wechat.token_service import TokenServiceClient

Result = TypeVar("Result")

_BUSY_WAIT = (0.1, 0.4)
"""Seconds between a busy response and the retry; chosen at random from this range."""


@dataclass(frozen=True, slots=True)
class Credential:
    """The credential of a call (接口调用凭证), which is sent in the query.

    Attributes:
        token: the value of the parameter.
        parameter: the name of the parameter.
        base_url: replaces the client's base URL; None: it is used.
    """

    token: str = field(repr=False)
    parameter: str = "access_token"
    base_url: str | None = None


class ApiClient:
    """The WeChat API at one base URL; all but its making is for tasks."""

    def __init__(
        self,
        settings: Wechat,
        observer: CallObserver,
        *,
        clock: Clock = SYSTEM_CLOCK,
        sleep: Callable[[float], None] = gevent.sleep,
    ) -> None:
        """Make a client without connections.

        Args:
            settings: the base URL, timeouts and limits.
            observer: is notified of each call.
            clock: measures the duration of calls.
            sleep: waits some seconds before a call is repeated.

        Raises:
            OSError: `ca_file` can't be read or holds no certificate.
            SecretError: `proxy_url` can't be read.
        """
        self._settings = settings
        self._clock = clock
        self._sleep = sleep
        self.observer = observer
        self.token_service = TokenServiceClient(settings, observer, clock)
        self._http = HttpClient(
            ca_file=settings.ca_file,
            idle_connections=settings.max_concurrency,
            max_response_bytes=settings.max_response_bytes,
            timeout=settings.timeout,
        )
        self._proxies = wechat_proxies(settings)

    @property
    def timeout(self) -> float:
        """Return the seconds that one call may take."""
        return self._settings.timeout

    def close(self) -> None:
        """Close the idle connections."""
        self._http.close()
        self.token_service.close()

    def call(
        self,
        api: Api,
        body: Mapping[str, Any],
        caller: "Caller",
        credential: Credential | None,
        parser: ResponseParser[Result],
    ) -> Result:
        """Call an API, and once more if WeChat is busy and a scrape still waits for the response.

        Args:
            api: the API.
            body: sent as JSON.
            caller: limits the time, and records the errcode.
            credential: sent in the query; None where the body authenticates the caller.
            parser: parses the response.

        Returns:
            What the parser returned.

        Raises:
            ApiError: the response has another errcode than 0.
            FetchError: there is no valid response.
        """
        try:
            return self._call_once(api, body, caller, credential, parser)
        except ApiError as error:
            wait = random.uniform(*_BUSY_WAIT)  # noqa: S311 - spreads load, guards nothing
            is_busy = look_up(api.name, error.errcode).action is Action.BUSY
            if not is_busy or caller.deadline.remaining() < 2 * wait:
                raise
        self._sleep(wait)
        return self._call_once(api, body, caller, credential, parser)

    def _call_once(
        self,
        api: Api,
        body: Mapping[str, Any],
        caller: "Caller",
        credential: Credential | None,
        parser: ResponseParser[Result],
    ) -> Result:
        timeout = caller.call_timeout()
        # WeChat's cloud identifies a caller by the path of the call, so it must not go through a proxy.
        proxies = {} if credential is not None and credential.base_url is not None else self._proxies
        begin = self._clock.monotonic()
        try:
            response = self._http.send(self._request(api, body, credential), timeout, proxies)
            result = parser.parse(api.name, response)
        except ApiError as error:
            caller.api_errors[api.name] = error.errcode
            self.observer.answered(api.name, error.errcode, self._clock.monotonic() - begin)
            raise
        except FetchError as error:
            caller.api_errors.pop(api.name, None)
            self.observer.failed(api.name, error.reason, self._clock.monotonic() - begin)
            raise
        caller.api_errors.pop(api.name, None)
        self.observer.answered(api.name, 0, self._clock.monotonic() - begin)
        return result

    def _request(
        self, api: Api, body: Mapping[str, Any], credential: Credential | None
    ) -> requests.PreparedRequest:
        # The attributes are set directly, because `Request.prepare` costs ten times as much.
        request = requests.PreparedRequest()
        request.method = "POST"
        if credential is None:
            request.url = f"{self._settings.base_url}{api.path}"
        else:
            base_url = credential.base_url or self._settings.base_url
            request.url = f"{base_url}{api.path}?{credential.parameter}={quote(credential.token, safe='')}"
        request.body = json.dumps(body).encode() if body else b"{}"
        request.headers = _headers(len(request.body))
        return request


@dataclass(frozen=True, slots=True)
class Caller:
    """The context of a call: the client, the deadline, and where errcodes are recorded."""

    client: ApiClient
    deadline: SharedDeadline
    api_errors: MutableMapping[str, int]
    """The errcode of the app's last call of each API, by its name; missing if it ended otherwise."""

    def call_timeout(self) -> float:
        """Return the seconds that the next call may take.

        Raises:
            DeadlineError: no scrape waits for it any more.
        """
        timeout = self.deadline.call_timeout(self.client.timeout)
        if timeout <= 0:
            raise DeadlineError("the scrape's time was over before the next call")
        return timeout

    def call(self, api: Api, body: Mapping[str, Any], credential: Credential | None = None) -> JsonObject:
        """Call an API and return the parsed JSON; see `ApiClient.call`."""
        return self.client.call(api, body, self, credential, AS_JSON)

    def ask_token_service(self, url: str, headers: Mapping[str, str], ca_file: str | None) -> JsonObject:
        """Request a token from a token service; see `TokenServiceClient.get`."""
        return self.client.token_service.get(url, headers, ca_file, self.call_timeout())

    def note(self, api: str, errcode: int | None) -> None:
        """Record the errcode of an API's last call, which other apps may share; None: success."""
        if errcode is None:
            self.api_errors.pop(api, None)
        else:
            self.api_errors[api] = errcode


@lru_cache(256)
def _headers(length: int) -> CaseInsensitiveDict[str]:
    """Return the headers of a call; calls with bodies of the same length share them."""
    return CaseInsensitiveDict(
        {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
            "User-Agent": f"wx_domain_exporter/{__version__}",
            "Content-Length": str(length),
        }
    )
