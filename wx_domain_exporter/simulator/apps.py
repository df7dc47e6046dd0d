"""What one mini program of the simulated WeChat is like, and the settings every simulated thing has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SERVER_CATEGORIES = ("requestdomain", "wsrequestdomain", "uploaddomain", "downloaddomain", "udpdomain")
CATEGORIES = (*SERVER_CATEGORIES, "bizdomain")

Seconds = Annotated[float, Field(ge=0)]
Appid = Annotated[str, Field(pattern=r"^wx[0-9a-f]{16}$")]


class AppSimulation(BaseModel):
    """Settings that may be changed while they are served, and never to something that is not allowed."""

    model_config = ConfigDict(
        extra="forbid", strict=True, validate_assignment=True, hide_input_in_errors=True
    )


class SimulatedApp(AppSimulation):
    """One mini program and how the API treats it. Every setting may be changed while it is served.

    Attributes:
        appid: `wx` and 16 hexadecimal digits.
        name: For people.
        appsecret: What `stable_token` and `token` ask for.
        domains: The lists by category, as configured. A documented category that is not named is empty.
        latency: Seconds before the APIs that are called with the app's token answer.
        token_latency: Seconds before the token APIs answer.
        hang: `getwxadevinfo` never answers; it waits until the connection closes.
        token_hang: The same for the token APIs.
        errcode: What `getwxadevinfo` always fails with; 0 for not at all.
        next_errcodes: What the next calls of `getwxadevinfo` end with (0: well), before `errcode` counts.
        token_errcode: What the token APIs always fail with; 0 for not at all.
        daily_limit: Calls of `getwxadevinfo` per day (Beijing time) before 45009; None for no limit.
        whitelisted: False lets the token APIs answer 40164, whatever `ip_whitelist` says.
        ip_whitelist: The addresses that may call the token APIs, at most 10. The list is optional: while it
            is empty, any address may; its first entry locks out all others.
        changes_every: Seconds between the changes of `changing_domain`, driven by the clock; 0 for none.
        changing_domain: The request domain that comes and goes then.
        access_tokens: Tokens that were made elsewhere and hold until the tokens are expired. Known from
            `World.add` or `World.patch` on.
        cloudbase_tokens: The same for tokens to be sent as `cloudbase_access_token`.
        cloudrun: Whether calls with `from_appid` and no token are answered, as inside WeChat's cloud hosting.
        cloudrun_paths: The paths that are listed in 开放接口服务; others are answered with HTTP 502.
            None where all are listed.
        token_lifetime: Seconds that a new token holds.
        http_status: Status of `getwxadevinfo`'s answers.
        raw_body: Sent in place of `getwxadevinfo`'s answer, as it is.
        effective: The lists by category that are in force; None where that are those configured.
        effective_told: False lets `get_effective_domain` and `get_effective_webviewdomain` answer errcode 0
            and empty lists of all origins, as happens to tokens that are no authorizer_access_token.
        effective_errcode: What `get_effective_domain` and `get_effective_webviewdomain` always fail with.
        effective_hang: These two never answer.
        effective_raw_body: Sent in place of their answers, as it is.
        quota_errcode: What `quota/get` always fails with; 0 for not at all.
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
    changing_domain: str = "https://changing.example.com"
    access_tokens: list[str] = Field(default_factory=list, repr=False)
    cloudbase_tokens: list[str] = Field(default_factory=list, repr=False)
    cloudrun: bool = False
    cloudrun_paths: list[str] | None = None
    token_lifetime: Seconds = 7200.0
    http_status: int = Field(default=200, ge=200, le=599)
    raw_body: str | None = None
    effective: dict[str, list[str]] | None = None
    effective_told: bool = True
    effective_errcode: int = 0
    effective_hang: bool = False
    effective_raw_body: str | None = None
    quota_errcode: int = 0


def change(
    target: AppSimulation,
    settings: Mapping[str, object],
    actions: Mapping[str, Callable[[], None]] | None = None,
    fixed: frozenset[str] = frozenset(),
) -> list[Callable[[], None]]:
    """Change settings, all or none.

    Args:
        target: What to change.
        settings: New values of its attributes, and true for each of the actions asked for.
        actions: What may be asked for besides, by name.
        fixed: Attributes that can't be changed.

    Returns:
        The actions asked for, still to be done.

    Raises:
        ValueError: A key or a value is not allowed.
    """
    actions = actions or {}
    asked = [key for key in settings if key in actions]
    values = {key: value for key, value in settings.items() if key not in actions}
    if fixed & values.keys():
        raise ValueError(f"{', '.join(sorted(fixed))} can't be changed")
    if any(settings[key] is not True for key in asked):
        raise ValueError(f"{', '.join(actions)} must be true where given")
    changed = type(target).model_validate({**target.model_dump(), **values})
    for key in values:
        setattr(target, key, getattr(changed, key))
    return [actions[key] for key in asked]
