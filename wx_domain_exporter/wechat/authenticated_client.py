"""Calls APIs with a token: gets the token, calls, and refreshes the token once if WeChat rejects it."""

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, TypeVar

from wx_domain_exporter.deadline import SharedDeadline
from wx_domain_exporter.errcodes.lookup import Action, look_up
from wx_domain_exporter.wechat.apis import Api
from wx_domain_exporter.wechat.client import ApiClient, Caller, Credential
from wx_domain_exporter.wechat.errors import ApiError, TokenError
from wx_domain_exporter.wechat.responses import ResponseParser
from wx_domain_exporter.wechat.tokens.source import TokenSource

Result = TypeVar("Result")

TokenCheck = Callable[[str], bool]
"""Records that an app uses a token; returns whether another app received the same one."""

DOUBTFUL_TOKEN = "the token may be another app's, because a server sent a response without a request"  # noqa: S105 - a sentence
SHARED_TOKEN = "another app received the same token; each app needs its own"  # noqa: S105 - a sentence


class AuthenticatedClient:
    """Calls APIs with the tokens of one mini program, or of one third-party platform."""

    __slots__ = ("_api_errors", "_client", "_is_shared", "_source", "token")

    def __init__(
        self,
        client: ApiClient,
        source: TokenSource,
        api_errors: MutableMapping[str, int],
        is_shared: TokenCheck | None = None,
    ) -> None:
        """Create a client.

        Args:
            client: makes the calls.
            source: provides the tokens.
            api_errors: receives the errcodes by API, also those of the APIs that issue tokens.
            is_shared: detects a token that several apps received; None where a token may be shared.
        """
        self._client = client
        self._source = source
        self._api_errors = api_errors
        self._is_shared = is_shared
        self.token: str | None = None
        """The token of the last `call`."""

    def call(
        self, api: Api, body: Mapping[str, Any], deadline: SharedDeadline, parser: ResponseParser[Result]
    ) -> Result:
        """Call an API, and once more with a new token if WeChat rejects the first one as invalid.

        Args:
            api: the API.
            body: sent as JSON.
            deadline: no call starts after it.
            parser: parses the response.

        Returns:
            What the parser returned.

        Raises:
            TokenError: there is no token, another app received it too, or WeChat also rejects the new one.
            FetchError: the call failed.
        """
        caller = Caller(self._client, deadline, self._api_errors)
        token = self.token = self._source.get(caller)
        try:
            result = caller.call(api, body, parser, self._credential(token))
        except ApiError as error:
            if not _is_invalid_token(error):
                raise
            rejection = error.without_traceback()
            token = self.token = self._source.refresh(token, caller, rejection)
            try:
                result = caller.call(api, body, parser, self._credential(token))
            except ApiError as again:
                if not _is_invalid_token(again):
                    raise
                message = f"WeChat refuses the new token too: {again}"
                raise self._source.reject(token, message, again) from None
        if self._source.is_doubtful(token, caller):
            raise TokenError(DOUBTFUL_TOKEN)
        return result

    def call_with_current_token(
        self,
        api: Api,
        body: Mapping[str, Any],
        deadline: SharedDeadline,
        parser: ResponseParser[Result],
        api_errors: MutableMapping[str, int],
    ) -> Result:
        """Call an API whose failure does not make the app fail; only `call` replaces an invalid token.

        Args:
            api: the API.
            body: sent as JSON.
            deadline: no call starts after it.
            parser: parses the response.
            api_errors: receives the errcode of this API.

        Raises:
            TokenError: there is no token, or another app received it too.
            FetchError: the call failed.
        """
        token = self.token = self._source.get(Caller(self._client, deadline, self._api_errors))
        caller = Caller(self._client, deadline, api_errors)
        return caller.call(api, body, parser, self._credential(token))

    def token_is_doubtful(self, caller: Caller) -> bool:
        """Return whether the token of the last call may be another one's; see `Desyncs`."""
        return self.token is not None and self._source.is_doubtful(self.token, caller)

    def is_doubtful(self, received: float) -> bool:
        """Return whether an answer received at this monotonic time may be another app's; see `Desyncs`."""
        return self._client.desyncs.covers(received)

    def _credential(self, token: str) -> Credential:
        if self._is_shared is not None and self._is_shared(token):
            raise self._source.conflict(token, SHARED_TOKEN)
        return self._source.credential(token)


def _is_invalid_token(error: ApiError) -> bool:
    """Return whether an errcode means that the token is invalid."""
    return look_up(error.api, error.errcode).action is Action.INVALID_TOKEN
