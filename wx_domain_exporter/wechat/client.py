"""Calling the WeChat API: one POST, its answer as a JSON object, every failure as a type of ours."""

import json
import random
import time
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import quote

import gevent
import requests
from requests.structures import CaseInsensitiveDict
from requests.utils import get_environ_proxies

from wx_domain_exporter import __version__
from wx_domain_exporter.config.schema import Wechat
from wx_domain_exporter.errcodes.lookup import Action, look_up, rest_after
from wx_domain_exporter.wechat.answer import JsonObject, read_errcode, read_errmsg, read_json
from wx_domain_exporter.wechat.centre import CentreClient
from wx_domain_exporter.wechat.errors import ApiError, FetchError, QuotaError
from wx_domain_exporter.wechat.http_client import HttpClient
from wx_domain_exporter.wechat.observer import CallObserver

Found = TypeVar("Found")

_BUSY_WAIT = (0.1, 0.4)
"""Seconds between a busy answer and the one retry, drawn evenly."""


@dataclass(frozen=True, slots=True)
class Api:
    """One API: its name, as in the metric label `api`, and its path."""

    name: str
    path: str


GETWXADEVINFO = Api("getwxadevinfo", "/wxa/getwxadevinfo")
GET_EFFECTIVE_DOMAIN = Api("get_effective_domain", "/wxa/get_effective_domain")
GET_EFFECTIVE_WEBVIEWDOMAIN = Api("get_effective_webviewdomain", "/wxa/get_effective_webviewdomain")
QUOTA_GET = Api("quota/get", "/cgi-bin/openapi/quota/get")
STABLE_TOKEN = Api("stable_token", "/cgi-bin/stable_token")
API_COMPONENT_TOKEN = Api("api_component_token", "/cgi-bin/component/api_component_token")
API_AUTHORIZER_TOKEN = Api("api_authorizer_token", "/cgi-bin/component/api_authorizer_token")
API_GET_AUTHORIZER_LIST = Api("api_get_authorizer_list", "/cgi-bin/component/api_get_authorizer_list")
API_GET_AUTHORIZER_INFO = Api("api_get_authorizer_info", "/cgi-bin/component/api_get_authorizer_info")


@dataclass(frozen=True, slots=True)
class Credential:
    """What shows WeChat who calls: its 接口调用凭证, as it travels in the query.

    Attributes:
        token: the parameter's value.
        parameter: its name.
        base_url: where it is used, if not at the client's.
    """

    token: str = field(repr=False)
    parameter: str = "access_token"
    base_url: str | None = None


def _digest(content: bytes) -> bytes:
    """Stand for an answer's bytes, of which thousands of apps would keep a kilobyte each."""
    return blake2b(content, digest_size=16).digest()


class Remembering(Generic[Found]):
    """Reads good answers, which depend on nothing else; the same bytes as the last time are not read again."""

    __slots__ = ("_last", "_read")

    def __init__(self, read: Callable[[JsonObject], Found]) -> None:
        """Remember nothing.

        Args:
            read: takes an answer with errcode 0 for what it is, or raises DecodeError.
        """
        self._read = read
        self._last: tuple[bytes, Found] | None = None

    def __call__(self, answer: JsonObject) -> Found:
        """Read an answer."""
        return self._read(answer)

    def recall(self, content: bytes) -> Found | None:
        """Return what was read of the last answer, if these are its bytes."""
        last = self._last
        return last[1] if last is not None and last[0] == _digest(content) else None

    def keep(self, content: bytes, found: Found) -> Found:
        """Remember what was read of an answer; return it as the same object, if it was the same before."""
        last = self._last
        if last is not None and last[1] == found:
            found = last[1]
        self._last = _digest(content), found
        return found

    def forget(self) -> None:
        """Remember nothing, for what an answer depends on has changed."""
        self._last = None


class Budget(Protocol):
    """The time that a fetch has for its calls."""

    def allow(self, timeout: float) -> float:
        """Return the seconds that the next call may take, `timeout` at most.

        Raises:
            DeadlineError: nobody waits for it any more.
        """

    def spare(self) -> float:
        """Return the seconds for which somebody still waits."""


class ApiClient:
    """The WeChat API at one base URL; all but its making is for tasks."""

    def __init__(self, settings: Wechat, observer: CallObserver) -> None:
        """Make a client without connections.

        Raises:
            OSError: `ca_file` can't be read or holds no certificate.
            SecretError: `proxy_url` can't be had.
        """
        self._settings = settings
        self.observer = observer
        self.centre = CentreClient(settings, observer)
        self._http = HttpClient(
            ca_file=settings.ca_file,
            idle_connections=settings.max_concurrency,
            max_response_bytes=settings.max_response_bytes,
            timeout=settings.timeout,
        )
        self._proxies = _proxies(settings)

    @property
    def timeout(self) -> float:
        """Return the seconds that one call may take."""
        return self._settings.timeout

    def close(self) -> None:
        """Close the idle connections."""
        self._http.close()
        self.centre.close()

    def call(
        self,
        api: Api,
        body: Mapping[str, Any],
        caller: "Caller",
        credential: Credential | None,
        read: Callable[[JsonObject], Found],
    ) -> Found:
        """POST once, and once more if WeChat is busy and somebody still waits.

        Args:
            api: what to call.
            body: becomes JSON.
            caller: whose time it takes, and where its errcode is noted.
            credential: for the query; None where the body itself shows who calls.
            read: takes an answer with errcode 0 for what it is, or raises DecodeError.

        Returns:
            What `read` returned.

        Raises:
            ApiError: any other errcode.
            FetchError: no well-formed answer.
        """
        try:
            return self._call_once(api, body, caller, credential, read)
        except ApiError as error:
            wait = random.uniform(*_BUSY_WAIT)  # noqa: S311 - spreads load, guards nothing
            if look_up(api.name, error.errcode).action is not Action.BUSY or caller.budget.spare() < 2 * wait:
                raise
        gevent.sleep(wait)
        return self._call_once(api, body, caller, credential, read)

    def _call_once(
        self,
        api: Api,
        body: Mapping[str, Any],
        caller: "Caller",
        credential: Credential | None,
        read: Callable[[JsonObject], Found],
    ) -> Found:
        allowed = caller.budget.allow(self.timeout)
        begin = time.monotonic()
        try:
            # What WeChat knows a caller in its cloud by is the way that the call takes.
            straight = credential is not None and credential.base_url is not None
            proxies = {} if straight else self._proxies
            content = self._http.send(self._request(api, body, credential), allowed, proxies)
            errcode, errmsg, found = _understood(content, read)
        except FetchError as error:
            caller.api_errors.pop(api.name, None)
            self.observer.failed(api.name, error.reason, time.monotonic() - begin)
            raise
        self.observer.answered(api.name, errcode, time.monotonic() - begin)
        if found is not None:
            caller.api_errors.pop(api.name, None)
            return found
        caller.api_errors[api.name] = errcode
        raise (QuotaError if rest_after(api.name, errcode) else ApiError)(api.name, errcode, errmsg)

    def _request(
        self, api: Api, body: Mapping[str, Any], credential: Credential | None
    ) -> requests.PreparedRequest:
        # Filled by hand: to have it prepared of its parts costs ten times as much.
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
    """One app's fetch, as those see it who call the API for it."""

    client: ApiClient
    budget: Budget
    api_errors: MutableMapping[str, int]
    """By API, the errcode that the app's last call ended with; a call that ended otherwise has none."""

    def call(self, api: Api, body: Mapping[str, Any], credential: Credential | None = None) -> JsonObject:
        """Call an API and return its answer; see `ApiClient.call`."""
        return self.read(api, body, credential, lambda answer: answer)

    def read(
        self,
        api: Api,
        body: Mapping[str, Any],
        credential: Credential | None,
        read: Callable[[JsonObject], Found],
    ) -> Found:
        """Call an API and return what `read` makes of its answer; see `ApiClient.call`."""
        return self.client.call(api, body, self, credential, read)

    def ask_centre(self, url: str, headers: Mapping[str, str], ca_file: str | None) -> JsonObject:
        """Ask a central token service; see `CentreClient.get`."""
        return self.client.centre.get(url, headers, ca_file, self.budget.allow(self.client.timeout))

    def note(self, api: str, errcode: int | None) -> None:
        """Note how the last call of an API ended that others may have made for this app; None: well."""
        if errcode is None:
            self.api_errors.pop(api, None)
        else:
            self.api_errors[api] = errcode


@lru_cache(256)
def _headers(length: int) -> CaseInsensitiveDict[str]:
    """Return the headers of a call, the same ones for bodies of the same length."""
    return CaseInsensitiveDict(
        {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
            "User-Agent": f"wx_domain_exporter/{__version__}",
            "Content-Length": str(length),
        }
    )


def _understood(content: bytes, read: Callable[[JsonObject], Found]) -> tuple[int, str, Found | None]:
    """Return an answer's errcode, its errmsg, and what `read` makes of it where the errcode is 0."""
    memory = read if isinstance(read, Remembering) else None
    found: Found | None = None if memory is None else memory.recall(content)
    if found is not None:
        return 0, "", found
    answer = read_json(content)
    errcode = read_errcode(answer)
    if errcode != 0:
        return errcode, read_errmsg(answer), None
    found = read(answer)
    return 0, "", found if memory is None else memory.keep(content, found)


def _proxies(settings: Wechat) -> dict[str, str]:
    if settings.proxy_url is not None:
        url = settings.proxy_url.read()
        return {"http": url, "https": url}
    if settings.trust_env:
        return get_environ_proxies(settings.base_url)
    return {}
