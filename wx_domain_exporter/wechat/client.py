"""Calls the WeChat API: sends a request, parses the response, and raises a `FetchError` for each failure."""

import json
import random
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from functools import lru_cache
from socket import AddressFamily
from typing import Any, TypeVar
from urllib.parse import quote

import gevent
from requests.structures import CaseInsensitiveDict

from wx_domain_exporter.config.schema import Wechat
from wx_domain_exporter.deadline import SharedDeadline
from wx_domain_exporter.errcodes.lookup import Action, look_up
from wx_domain_exporter.http.connection import SecretRequest
from wx_domain_exporter.http.desync import Desyncs
from wx_domain_exporter.wechat.apis import READ_ONLY_BODIES, Api
from wx_domain_exporter.wechat.errors import ApiError, DeadlineError, FetchError
from wx_domain_exporter.wechat.http_client import USER_AGENT, HttpClient
from wx_domain_exporter.wechat.observer import CallObserver
from wx_domain_exporter.wechat.proxies import wechat_proxies
from wx_domain_exporter.wechat.responses import ResponseParser
from wx_domain_exporter.wechat.token_service_client import TokenServiceClient

Result = TypeVar("Result")

_FAMILIES = {"any": AddressFamily.AF_UNSPEC, "ipv4": AddressFamily.AF_INET, "ipv6": AddressFamily.AF_INET6}

_BUSY_DELAY = (0.1, 0.4)
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
    """The connections to the WeChat API at one base URL; `Caller` makes the calls. Used by tasks only."""

    def __init__(
        self,
        settings: Wechat,
        observer: CallObserver,
        *,
        desyncs: Desyncs | None = None,
        sleep: Callable[[float], None] = gevent.sleep,
    ) -> None:
        """Create a client; connections are opened when they are needed.

        Args:
            settings: the base URL, timeouts and limits.
            observer: is notified of each call.
            desyncs: receives the periods in which responses may have belonged to other requests; its clock
                measures the duration of calls.
            sleep: waits some seconds before a call is repeated.

        Raises:
            OSError: `ca_file` can't be read or holds no certificate.
            SecretError: `proxy_url` can't be read.
        """
        self.timeout = settings.timeout
        """The seconds that one call may take."""
        self.observer = observer
        self.desyncs = desyncs or Desyncs()
        self.clock = self.desyncs.clock
        self.sleep = sleep
        self.http = HttpClient(
            settings.ca_file, settings, self.desyncs, self._close_idle, _FAMILIES[settings.address_family]
        )
        self.token_service = TokenServiceClient(settings, observer, self.desyncs, self._close_idle)
        self._base_url = settings.base_url
        self._proxies = wechat_proxies(settings)

    def close(self) -> None:
        """Close the idle connections."""
        self.http.close()
        self.token_service.close()

    def _close_idle(self) -> None:
        """Close all idle connections, because the process has no file descriptor left for a new one."""
        self.http.close_idle()
        self.token_service.close_idle()

    def proxies(self, credential: Credential | None) -> Mapping[str, str]:
        """Return the proxies for a call.

        WeChat's cloud identifies a service by the network that its calls come from, so they use no proxy.
        """
        return {} if credential is not None and credential.base_url is not None else self._proxies

    def request(self, api: Api, body: Mapping[str, Any], credential: Credential | None) -> SecretRequest:
        """Return the request of a call."""
        # The attributes are set directly, because `Request.prepare` costs ten times as much.
        request = SecretRequest()
        request.secrets = [body[key] for key in api.secrets]
        if credential is not None:
            request.secrets.append(credential.token)
        request.method = "POST"
        if credential is None:
            request.url = f"{self._base_url}{api.path}"
        else:
            base_url = credential.base_url or self._base_url
            parameter = api.token_parameter or credential.parameter
            request.url = f"{base_url}{api.path}?{parameter}={quote(credential.token, safe='')}"
        request.body = READ_ONLY_BODIES.get(api.path) or (json.dumps(body).encode() if body else b"{}")
        request.headers = _headers(len(request.body))
        return request


@dataclass(frozen=True, slots=True)
class Caller:
    """Calls APIs for one app until a deadline, and records their errcodes."""

    client: ApiClient
    deadline: SharedDeadline
    api_errors: MutableMapping[str, int]
    """The errcode of the app's last call of each API, by its name; missing if it ended otherwise."""

    def call(
        self,
        api: Api,
        body: Mapping[str, Any],
        parser: ResponseParser[Result],
        credential: Credential | None = None,
    ) -> Result:
        """Call an API, and once more if WeChat is busy and a scrape still waits for the response.

        Args:
            api: the API.
            body: sent as JSON, unless the API has a body of its own in `READ_ONLY_BODIES`.
            parser: parses the response.
            credential: sent in the query; None where the body authenticates the caller.

        Returns:
            What the parser returned.

        Raises:
            ApiError: the response has another errcode than 0.
            FetchError: there is no valid response.
        """
        try:
            return self._call_once(api, body, parser, credential)
        except ApiError as error:
            delay = random.uniform(*_BUSY_DELAY)  # noqa: S311 - spreads load, guards nothing
            is_busy = look_up(api.name, error.errcode).action is Action.BUSY
            if not is_busy or self.deadline.remaining() < 2 * delay:
                raise
        self.client.sleep(delay)
        return self._call_once(api, body, parser, credential)

    def call_timeout(self) -> float:
        """Return the seconds that the next call may take.

        Raises:
            DeadlineError: no scrape waits for it any more.
        """
        timeout = self.deadline.call_timeout(self.client.timeout)
        if timeout <= 0:
            raise DeadlineError("the scrape's deadline passed before the next call")
        return timeout

    def note(self, api: str, errcode: int | None) -> None:
        """Record how an API's last call ended, which several apps may share; None: without an errcode."""
        if errcode is None:
            self.api_errors.pop(api, None)
        else:
            self.api_errors[api] = errcode

    def _call_once(
        self,
        api: Api,
        body: Mapping[str, Any],
        parser: ResponseParser[Result],
        credential: Credential | None,
    ) -> Result:
        client, timeout = self.client, self.call_timeout()
        request, proxies = client.request(api, body, credential), client.proxies(credential)
        begin = client.clock.monotonic()
        try:
            result = client.http.send(
                request, timeout, proxies, lambda body, secrets: parser.parse(api.name, body, secrets)
            )
        except ApiError as error:
            self.note(api.name, error.errcode)
            client.observer.answered(api.name, error.errcode, client.clock.monotonic() - begin)
            raise
        except FetchError as error:
            self.note(api.name, None)
            client.observer.failed(api.name, error.reason, client.clock.monotonic() - begin)
            raise
        self.note(api.name, None)
        client.observer.answered(api.name, 0, client.clock.monotonic() - begin)
        return result


@lru_cache(256)
def _headers(length: int) -> CaseInsensitiveDict[str]:
    """Return the headers of a call; calls with bodies of the same length share them."""
    return CaseInsensitiveDict(
        {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "Content-Length": str(length),
        }
    )
