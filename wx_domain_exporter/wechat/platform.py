"""The state of a third-party platform (第三方平台) that its token sources share."""

from collections.abc import Mapping
from typing import Any

from wx_domain_exporter.wechat.apis import Api
from wx_domain_exporter.wechat.authenticated_client import DOUBTFUL_TOKEN, AuthenticatedClient
from wx_domain_exporter.wechat.client import Caller
from wx_domain_exporter.wechat.errors import TokenError
from wx_domain_exporter.wechat.responses import AS_JSON, JsonObject
from wx_domain_exporter.wechat.tokens.source import TokenSource


class Platform:
    """A third-party platform: its component token and the refresh tokens of its mini programs."""

    def __init__(self, name: str, component_appid: str, component_token: TokenSource) -> None:
        self.name = name
        self.component_appid = component_appid
        self.component_token = component_token
        self.refresh_tokens: dict[str, str] | None = None
        """The discovered authorizer_refresh_tokens by appid, replaced as a whole; None before the first."""

    def call(self, api: Api, body: Mapping[str, Any], caller: Caller) -> JsonObject:
        """Call an API with the component_access_token; see `AuthenticatedClient.call`."""
        client = AuthenticatedClient(caller.client, self.component_token, caller.api_errors)
        return client.call(api, body, caller.deadline, AS_JSON)

    def call_with_current_token(self, api: Api, body: Mapping[str, Any], caller: Caller) -> JsonObject:
        """Call an API whose failure must not pause the token source, which all mini programs need.

        Raises:
            TokenError: there is no token, or it may be another platform's.
            FetchError: the call failed.
        """
        client = AuthenticatedClient(caller.client, self.component_token, {})
        answer = client.call_with_current_token(api, body, caller.deadline, AS_JSON, caller.api_errors)
        if client.token_is_doubtful(caller):
            raise TokenError(DOUBTFUL_TOKEN)
        return answer
