"""The settings of a simulated mini program."""

from __future__ import annotations

from pydantic import Field

from wx_domain_exporter.simulator.settings import Appid, Seconds, SimulatorSettings

SERVER_CATEGORIES = ("requestdomain", "wsrequestdomain", "uploaddomain", "downloaddomain", "udpdomain")
CATEGORIES = (*SERVER_CATEGORIES, "bizdomain")


class SimulatedApp(SimulatorSettings):
    """One mini program, and how the APIs answer calls about it. All settings may be changed any time.

    Attributes:
        appid: `wx` and 16 hexadecimal digits.
        name: The display name.
        appsecret: The secret that `stable_token` and `token` require.
        domains: The configured lists by category. A documented category that is absent is empty.
        latency: Seconds before the APIs that take the app's token answer.
        token_latency: Seconds before the token APIs answer.
        hang: Whether `getwxadevinfo` never answers and waits for the client to close the connection.
        token_hang: The same for the token APIs.
        errcode: The errcode of every answer of `getwxadevinfo`; 0 for success.
        next_errcodes: The errcodes of the next answers of `getwxadevinfo`, one each; then `errcode` applies.
        token_errcode: The errcode of every answer of the token APIs; 0 for success.
        daily_limit: Calls of `getwxadevinfo` per day (Beijing time) before 45009; None for no limit.
        whitelisted: If false, the token APIs answer 40164, whatever `ip_whitelist` holds.
        ip_whitelist: The addresses that may call the token APIs, at most 10. An empty list allows all.
        changes_every: Seconds after which `changing_domain` is added or removed, by the clock; 0 for never.
        changes_from: Unix time at which an interval begins in which it is listed.
        changing_domain: The request domain that is added and removed then.
        access_tokens: Tokens that did not come from the simulated APIs and are valid until `expire_tokens`.
            They are known after `World.add` or `World.patch`.
        cloudbase_tokens: The same for tokens that are sent as `cloudbase_access_token`.
        cloudrun: Whether calls with `from_appid` and no token are accepted, as inside 微信云托管.
        cloudrun_paths: The paths listed in 开放接口服务; calls of others get HTTP 502. None lists all.
        token_lifetime: Seconds for which a new token is valid.
        http_status: The HTTP status of `getwxadevinfo`.
        raw_body: The body of `getwxadevinfo`, in place of the simulated one.
        effective: The effective lists by category; None if they are the configured ones.
        effective_reported: If false, `get_effective_domain` and `get_effective_webviewdomain` answer with
            errcode 0 and empty lists, as WeChat does for tokens that are not an authorizer_access_token.
        effective_errcode: The errcode of every answer of these two; 0 for success.
        effective_hang: Whether these two never answer.
        effective_raw_body: Their body, in place of the simulated one.
        quota_errcode: The errcode of every answer of `quota/get`; 0 for success.
    """

    appid: Appid
    name: str = ""
    appsecret: str = Field(default="0" * 32, repr=False)
    domains: dict[str, list[str]] = Field(default_factory=dict)
    latency: Seconds = 0.0
    token_latency: Seconds = 0.0
    hang: bool = False
    token_hang: bool = False
    errcode: int = 0
    next_errcodes: list[int] = Field(default_factory=list)
    token_errcode: int = 0
    daily_limit: int | None = None
    whitelisted: bool = True
    ip_whitelist: list[str] = Field(default_factory=list, max_length=10)
    changes_every: Seconds = 0.0
    changes_from: Seconds = 0.0
    changing_domain: str = "https://changing.example.com"
    access_tokens: list[str] = Field(default_factory=list, repr=False)
    cloudbase_tokens: list[str] = Field(default_factory=list, repr=False)
    cloudrun: bool = False
    cloudrun_paths: list[str] | None = None
    token_lifetime: Seconds = 7200.0
    http_status: int = Field(default=200, ge=200, le=599)
    raw_body: str | None = None
    effective: dict[str, list[str]] | None = None
    effective_reported: bool = True
    effective_errcode: int = 0
    effective_hang: bool = False
    effective_raw_body: str | None = None
    quota_errcode: int = 0
