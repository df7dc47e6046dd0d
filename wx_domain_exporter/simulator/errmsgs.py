"""The errmsgs that WeChat sends with its errcodes, and the request ids at their end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

HINT = "could get access_token by getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r"

ERRMSGS: dict[int, str] = {
    -1000: "system error",
    -1: "system error",
    40001: f"invalid credential, access_token is invalid or not latest, {HINT}",
    40002: "invalid grant_type",
    40013: "invalid appid",
    40014: "invalid access_token",
    40066: "invalid url",
    40097: "invalid args",
    40125: "invalid appsecret",
    40164: "invalid ip {ip} ipv6 ::ffff:{ip}, not in whitelist",
    40170: "args count exceed count limit",
    40243: "appsecret is frozen, please unfreeze it first",
    41001: "access_token missing",
    41002: "appid missing",
    41004: "appsecret missing",
    41018: "component_appid missing",
    42001: f"access_token expired, {HINT}",
    42007: "access_token and refresh_token exception",
    43001: "require GET method",
    43002: "require POST method",
    44002: "empty post data",
    45009: f"reach max api daily quota limit, {HINT}",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    47001: "data format error",
    48001: "api unauthorized",
    48004: "api forbidden for irregularities, view detail on mp.weixin.qq.com",
    50002: "user limited",
    61003: "component is not authorized by this account",
    61004: "access clientip is not registered, requestIP: {ip}",
    61005: "component ticket is expired",
    61006: "component ticket is invalid",
    61007: "api is unauthorized to component",
    61011: "invalid component",
    61014: "must use component token for component api",
    61015: "must use api token for app api, not component token",
    61023: "refresh_token is invalid",
    61024: "must use api_component_token to get the token of a component",
    76003: "cgi_path is malformed, please check",
    76021: "cgi_path not found, please check",
    76022: "could not use this cgi_path, no permission",
    85015: "this account is not a mini program",
    85105: "not authorized",
    85107: "url is not in the whitelist of the cloud's token",
    85112: "cloudbase_secret not found",
    85113: "cloudbase_token is not ready yet, please try again later",
    86000: "should be called only from third party",
    89501: "this ip is waiting for the administrator to confirm",
    89503: "this call needs the administrator's confirmation",
    89506: "this ip was rejected twice by the administrator, retry after 24 hours",
    89507: "this ip was rejected by the administrator, retry after 1 hour",
}


def request_id(now: float, rng: Random) -> str:
    """A request id in WeChat's form: the time and two random numbers, in hexadecimal digits.

    Args:
        now: Unix time. The id's first digit is always 6, as in all ids of these years.
        rng: The source of the random numbers.
    """
    timestamp = 0x60000000 | (int(now) & 0x0FFFFFFF)
    return f"{timestamp:08x}-{rng.getrandbits(32):08x}-{rng.getrandbits(32):08x}"


def errmsg(errcode: int, rid: str, *, ip: str = "203.0.113.7", url: str | None = None) -> str:
    """The text for an errcode.

    Args:
        errcode: Any errcode; those without a text here get that of -1.
        rid: The request id at the end.
        ip: The caller's address that WeChat saw.
        url: A URL to quote with its token, as some real answers do.
    """
    text = ERRMSGS.get(errcode, ERRMSGS[-1]).format(ip=ip)
    quoted_url = f", request url {url}" if url else ""
    return f"{text}{quoted_url} rid: {rid}"
