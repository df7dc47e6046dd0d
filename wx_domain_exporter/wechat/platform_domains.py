"""Reads the domain lists of a third-party platform itself, which its mini programs can inherit.

They are those of https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/thirdparty-management/domain-mgnt/modifyThirdpartyServerDomain.html
and modifyThirdpartyJumpDomain.html beside it. The same APIs also change the lists, so their body is fixed.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from wx_domain_exporter.domains.domain_list import EMPTY, DomainList, MalformedDomainError, domain_list
from wx_domain_exporter.wechat.apis import MODIFY_WXA_JUMP_DOMAIN, MODIFY_WXA_SERVER_DOMAIN, Api
from wx_domain_exporter.wechat.client import Caller
from wx_domain_exporter.wechat.errors import DecodeError
from wx_domain_exporter.wechat.platform import Platform
from wx_domain_exporter.wechat.responses import JsonObject

APIS: Mapping[str, Api] = {
    "wxa_server_domain": MODIFY_WXA_SERVER_DOMAIN,
    "wxa_jump_h5_domain": MODIFY_WXA_JUMP_DOMAIN,
}
"""The API of each category: 小程序服务器域名 and 小程序业务域名."""

VERSIONS = ("published", "testing")
"""全网发布版 and 测试版 of the platform, each with lists of its own."""


@dataclass(frozen=True, slots=True)
class PlatformLists:
    """The lists of one category.

    Attributes:
        by_version: the list of each of `VERSIONS` that WeChat names; a platform that was never published has
            no published one.
        invalid: the hosts that WeChat could not verify.
    """

    by_version: Mapping[str, DomainList]
    invalid: DomainList = EMPTY


def read_platform_lists(platform: Platform, caller: Caller, category: str) -> PlatformLists:
    """Call the API of a category.

    Raises:
        FetchError: the call failed.
    """
    return lists_of(platform.call_with_current_token(APIS[category], {}, caller), category)


def lists_of(answer: JsonObject, category: str) -> PlatformLists:
    """Return the lists of a response with errcode 0: hosts, joined by semicolons.

    Raises:
        DecodeError: there is no list, or one is malformed.
    """
    lists = {version: _hosts(answer, f"{version}_{category}") for version in VERSIONS}
    by_version = {version: one for version, one in lists.items() if one is not None}
    if not by_version:
        raise DecodeError("the answer has no list of domains")
    return PlatformLists(by_version, _hosts(answer, f"invalid_{category}") or EMPTY)


def _hosts(answer: JsonObject, key: str) -> DomainList | None:
    text = answer.get(key)
    if text is None:
        return None
    if not isinstance(text, str):
        raise DecodeError(f"{key} is not a text")
    try:
        return domain_list([host for host in text.split(";") if host.strip()])
    except MalformedDomainError as error:
        raise DecodeError(str(error)) from None
