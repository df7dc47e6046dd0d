"""The status of an account as WeChat reports it: normal, or restricted in some way."""

from enum import StrEnum

from wx_domain_exporter.wechat.responses import JsonObject, whole_number

_MAX_NUMBER = 10**6


class AccountStatus(StrEnum):
    """The documented values of `account_status`, by the names of the metric label `status`."""

    NORMAL = "normal"
    CANCELLED = "cancelled"
    BANNED = "banned"
    WARNED = "warned"
    FROZEN = "frozen"


_BY_NUMBER = {
    1: AccountStatus.NORMAL,
    14: AccountStatus.CANCELLED,
    16: AccountStatus.BANNED,
    18: AccountStatus.WARNED,
    19: AccountStatus.FROZEN,
}
"""The numbers of api_get_authorizer_info: 正常, 已注销, 已封禁, 已告警, 已冻结."""


def read_account_status(authorizer_info: JsonObject) -> AccountStatus | None:
    """Return the `account_status` of an authorizer_info; None if it is missing or not documented."""
    number = whole_number(authorizer_info.get("account_status"), _MAX_NUMBER)
    return None if number is None else _BY_NUMBER.get(number)
