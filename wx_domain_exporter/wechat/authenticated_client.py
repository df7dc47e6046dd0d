"""Calling APIs with a token: get the token, call, and once more with another token if that one is dead."""

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, TypeVar

from wx_domain_exporter.deadline import SharedDeadline
from wx_domain_exporter.errcodes.lookup import Action, look_up
from wx_domain_exporter.wechat.apis import Api
from wx_domain_exporter.wechat.client import ApiClient, Caller, Credential
from wx_domain_exporter.wechat.errors import ApiError
from wx_domain_exporter.wechat.responses import ResponseParser
from wx_domain_exporter.wechat.tokens.source import TokenSource

Result = TypeVar("Result")

Claim = Callable[[str], bool]
"""Notes that an app uses a token from now on; returns whether another app has received the same one."""

SHARED_TOKEN = "another app received the same token; each needs its own"  # noqa: S105 - a sentence


class AuthenticatedClient:
    """Calls APIs with the tokens of one mini program, or of one third-party platform."""

    __slots__ = ("_api_errors", "_claim", "_client", "_source", "token")

    def __init__(
        self,
        client: ApiClient,
        source: TokenSource,
        api_errors: MutableMapping[str, int],
        claim: Claim | None = None,
    ) -> None:
        """Call nothing yet.

        Args:
            client: makes the calls.
            source: where the tokens come from.
            api_errors: where the errcodes of the calls are noted, by API; those of the token's APIs too.
            claim: tells apps apart that received the same token; None where it may be shared.
        """
        self._client = client
        self._source = source
        self._api_errors = api_errors
        self._claim = claim
        self.token: str | None = None
        """The token of the last `call`."""

    def call(
        self, api: Api, body: Mapping[str, Any], deadline: SharedDeadline, parser: ResponseParser[Result]
    ) -> Result:
        """Call an API, and once more with another token if WeChat takes the first one for dead.

        Args:
            api: what to call.
            body: becomes JSON.
            deadline: until when calls may begin.
            parser: parses the response.

        Returns:
            What the parser returned.

        Raises:
            TokenError: no token can be had, it is another app's too, or WeChat refuses a fresh one too.
            FetchError: there is no good answer.
        """
        caller = Caller(self._client, deadline, self._api_errors)
        token = self.token = self._source.get(caller)
        try:
            return self._client.call(api, body, caller, self._credential(token), parser)
        except ApiError as error:
            if not _is_token_dead(error):
                raise
            dead = error.to_keep()
        token = self.token = self._source.renew(token, caller, dead)
        try:
            return self._client.call(api, body, caller, self._credential(token), parser)
        except ApiError as error:
            if not _is_token_dead(error):
                raise
            message = f"WeChat refuses a fresh token too: {error}"
            raise self._source.reject(token, message, error) from None

    def call_once(
        self,
        api: Api,
        body: Mapping[str, Any],
        deadline: SharedDeadline,
        parser: ResponseParser[Result],
        api_errors: MutableMapping[str, int],
    ) -> Result:
        """Call an API of less weight with the token in force, and leave a dead token to the next `call`.

        Args:
            api: what to call.
            body: becomes JSON.
            deadline: until when calls may begin.
            parser: parses the response.
            api_errors: where the errcode of this API is noted.

        Raises:
            TokenError: no token can be had, or it is another app's too.
            FetchError: there is no good answer.
        """
        token = self._source.get(Caller(self._client, deadline, self._api_errors))
        caller = Caller(self._client, deadline, api_errors)
        return self._client.call(api, body, caller, self._credential(token), parser)

    def _credential(self, token: str) -> Credential:
        if self._claim is not None and self._claim(token):
            raise self._source.conflict(token, SHARED_TOKEN)
        return self._source.credential(token)


def _is_token_dead(error: ApiError) -> bool:
    """Whether an API says that the token it was called with is of no use any more."""
    return look_up(error.api, error.errcode).action is Action.TOKEN_DEAD
