"""Asking WeChat which accounts have authorized a third-party platform, and what they are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wx_domain_exporter.wechat.apis import API_GET_AUTHORIZER_INFO, API_GET_AUTHORIZER_LIST, Api
from wx_domain_exporter.wechat.authenticated_client import AuthenticatedClient
from wx_domain_exporter.wechat.client import Caller
from wx_domain_exporter.wechat.errors import DecodeError
from wx_domain_exporter.wechat.platform import Platform
from wx_domain_exporter.wechat.responses import AS_JSON, JsonObject, whole_number
from wx_domain_exporter.wechat.tokens.life import as_token

PAGE = 500
"""WeChat's maximum for one page of api_get_authorizer_list."""

_MAX_AUTHORIZERS = 1_000_000


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the accounts that have authorized a platform.

    Attributes:
        total: how many there are, as this page says.
        length: how many the page lists, also those that can't be read.
        refresh_tokens: by appid, each account's authorizer_refresh_token; empty where it is not there.
    """

    total: int
    length: int
    refresh_tokens: Mapping[str, str] = field(repr=False)


def list_page(platform: Platform, caller: Caller, offset: int) -> Page:
    """Read one page of the list.

    Raises:
        FetchError: it can't be had.
    """
    body = {"component_appid": platform.component_appid, "offset": offset, "count": PAGE}
    answer = _ask(platform, caller, API_GET_AUTHORIZER_LIST, body)
    total = whole_number(answer.get("total_count"), _MAX_AUTHORIZERS)
    listed = answer.get("list") if answer.get("list") is not None else []  # an empty page can lack its list
    if total is None or total < 0:
        raise DecodeError("the answer holds no total_count")
    if not isinstance(listed, list):
        raise DecodeError("the answer holds no list")
    return Page(total, len(listed), dict(filter(None, map(_entry, listed))))


def mini_program_name(platform: Platform, caller: Caller, appid: str) -> str | None:
    """Return the nick_name of a mini program; None for an official account (公众号).

    Raises:
        FetchError: it can't be had.
    """
    body = {"component_appid": platform.component_appid, "authorizer_appid": appid}
    info = _ask(platform, caller, API_GET_AUTHORIZER_INFO, body).get("authorizer_info")
    if not isinstance(info, dict):
        raise DecodeError("the answer holds no authorizer_info")
    if info.get("MiniProgramInfo") is None:
        return None
    name = info.get("nick_name")
    return name if isinstance(name, str) else ""


def _ask(platform: Platform, caller: Caller, api: Api, body: Mapping[str, Any]) -> JsonObject:
    client = AuthenticatedClient(caller.client, platform.component_token, caller.api_errors)
    return client.call(api, body, caller.deadline, AS_JSON)


def _entry(entry: object) -> tuple[str, str] | None:
    if not isinstance(entry, dict):
        return None
    appid, refresh_token = entry.get("authorizer_appid"), entry.get("refresh_token")
    return (appid, as_token(refresh_token) or "") if isinstance(appid, str) else None
