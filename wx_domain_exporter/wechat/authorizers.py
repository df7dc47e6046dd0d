"""Reads the accounts that have authorized a third-party platform, and their types and names."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from wx_domain_exporter.wechat.account_status import AccountStatus, read_account_status
from wx_domain_exporter.wechat.apis import API_GET_AUTHORIZER_INFO, API_GET_AUTHORIZER_LIST
from wx_domain_exporter.wechat.client import Caller
from wx_domain_exporter.wechat.errors import DecodeError
from wx_domain_exporter.wechat.platform import Platform
from wx_domain_exporter.wechat.responses import JsonObject, whole_number
from wx_domain_exporter.wechat.tokens.issued_token import as_token

PAGE_SIZE = 500
"""The largest page of api_get_authorizer_list that WeChat allows."""

DEVELOPMENT_PERMISSION_SET = 18
"""The permission set (权限集) that getwxadevinfo needs: 小程序开发与数据分析."""

_MAX_AUTHORIZERS = 1_000_000
_MAX_PERMISSION_SET = 10**9


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the accounts that have authorized a platform.

    Attributes:
        total: the number of accounts on all pages.
        length: the number of accounts on this page, also the malformed ones.
        refresh_tokens: by appid, the authorizer_refresh_token; empty where it is missing.
    """

    total: int
    length: int
    refresh_tokens: Mapping[str, str] = field(repr=False)


def list_page(platform: Platform, caller: Caller, offset: int) -> Page:
    """Read one page of the list that begins at `offset`.

    Raises:
        FetchError: the call failed.
    """
    body = {"component_appid": platform.component_appid, "offset": offset, "count": PAGE_SIZE}
    answer = platform.call(API_GET_AUTHORIZER_LIST, body, caller)
    total = whole_number(answer.get("total_count"), _MAX_AUTHORIZERS)
    entries = answer.get("list") if answer.get("list") is not None else []  # an empty page may have no list
    if total is None or total < 0:
        raise DecodeError("the answer has no total_count")
    if not isinstance(entries, list):
        raise DecodeError("the answer has no list")
    return Page(total, len(entries), dict(filter(None, map(_refresh_token_by_appid, entries))))


@dataclass(frozen=True, slots=True)
class MiniProgram:
    """A mini program as described by api_get_authorizer_info.

    Attributes:
        name: its nick_name; empty if it has none.
        lacks_development: whether `DEVELOPMENT_PERMISSION_SET` is missing from its permission sets.
        status: the status of its account; None if WeChat names no documented one.
    """

    name: str
    lacks_development: bool
    status: AccountStatus | None = None


def mini_program(platform: Platform, caller: Caller, appid: str) -> MiniProgram | None:
    """Return the description of a mini program; None for an account of another kind.

    公众号, 视频号, 微信小店 and others have no MiniProgramInfo.

    Raises:
        FetchError: the call failed.
    """
    info, authorization = _authorizer_info(platform, caller, appid)
    if info.get("MiniProgramInfo") is None:
        return None
    name = info.get("nick_name")
    permissions = _permissions(authorization)
    lacks_development = permissions is not None and DEVELOPMENT_PERMISSION_SET not in permissions
    return MiniProgram(name if isinstance(name, str) else "", lacks_development, read_account_status(info))


def account_status(platform: Platform, caller: Caller, appid: str) -> AccountStatus | None:
    """Return the status of an account; None if WeChat names no documented one.

    Raises:
        FetchError: the call failed.
    """
    info, _ = _authorizer_info(platform, caller, appid)
    return read_account_status(info)


def _authorizer_info(platform: Platform, caller: Caller, appid: str) -> tuple[JsonObject, object]:
    """Return the `authorizer_info` and the `authorization_info` of an account."""
    body = {"component_appid": platform.component_appid, "authorizer_appid": appid}
    answer = platform.call(API_GET_AUTHORIZER_INFO, body, caller)
    authorization = answer.get("authorization_info")
    named = authorization.get("authorizer_appid") if isinstance(authorization, dict) else None
    if named not in {None, appid}:
        raise DecodeError("the answer is about another account")
    info = answer.get("authorizer_info")
    if not isinstance(info, dict):
        raise DecodeError("the answer has no authorizer_info")
    return info, authorization


def _refresh_token_by_appid(entry: object) -> tuple[str, str] | None:
    if not isinstance(entry, dict):
        return None
    appid, refresh_token = entry.get("authorizer_appid"), entry.get("refresh_token")
    return (appid, as_token(refresh_token) or "") if isinstance(appid, str) else None


def _permissions(authorization: object) -> set[int | None] | None:
    """Return the permission sets of `func_info`; None if they are not listed as documented."""
    func_info = authorization.get("func_info") if isinstance(authorization, dict) else None
    if not isinstance(func_info, list):
        return None
    permissions: set[int | None] = set()
    for permission in func_info:
        category = permission.get("funcscope_category") if isinstance(permission, dict) else None
        if not isinstance(category, dict):
            return None
        permissions.add(whole_number(category.get("id"), _MAX_PERMISSION_SET))
    return permissions
