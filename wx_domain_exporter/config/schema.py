"""The typed, frozen models of the configuration; `loader` reads them from a file."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from wx_domain_exporter.config.schema_baselines import BaselineRef, NamedBaseline
from wx_domain_exporter.config.schema_fields import (
    Appid,
    BaseUrl,
    Category,
    Duration,
    FilePath,
    FilePattern,
    Labels,
    ListOf,
    Name,
    SecretField,
    StrictModel,
    Within,
)
from wx_domain_exporter.config.schema_tokens import HttpToken, NamedSource, PlatformConfig, TokenRef
from wx_domain_exporter.domains.domain_list import DEFAULT_LIMITS


class Wechat(StrictModel):
    """How to reach the WeChat API."""

    allow_http: bool = False  # before base_url, whose check looks at it
    """Whether tokens may be sent in clear text to another machine."""

    base_url: BaseUrl = "https://api.weixin.qq.com"
    """The URL of the WeChat API; http:// only for a loopback address, or with `allow_http`."""

    timeout: Annotated[Duration, Within(0.01, 120, "10ms to 2m")] = 5.0
    """Time limit of one API call, from the connection to the last byte."""

    max_concurrency: Annotated[int, Within(1, 4096, "1 to 4096")] = 64
    """Maximum number of concurrent API calls of scrapes; discovery makes up to 8 more."""

    max_response_bytes: Annotated[int, Within(1024, 64 << 20, "1024 to 67108864")] = 1 << 20
    """A larger response is treated as malformed."""

    action: Literal["getserverdomain", "getbizdomain"] | None = None
    """The categories to request from getwxadevinfo; null: all."""

    address_family: Literal["any", "ipv4", "ipv6"] = "any"
    """The kind of addresses used to reach `base_url`: an IP whitelist knows one; not for a proxy."""

    ca_file: FilePath | None = None
    """File with the certificate authorities for `base_url` (PEM); null: those of the requests library."""

    proxy_url: SecretField | None = None
    """An HTTP proxy, `http://[USER:PASSWORD@]HOST[:PORT]`, as a secret."""

    trust_env: bool = False
    """Whether to use the proxies from the environment."""


class Scrape(StrictModel):
    """Time limits of scrapes, and the minimum interval between them."""

    timeout: Annotated[Duration, Within(0.1, 120, "100ms to 2m")] = 10.0
    """Used if a scrape has no timeout header; Prometheus always sends one."""

    timeout_offset: Annotated[Duration, Within(0, 60, "0s to 1m")] = 0.5
    """How long before the timeout the response is sent."""

    min_interval: Annotated[Duration, Within(0, 86400, "0s to 1d")] = 0.0
    """Scrapes within this interval share one result."""


class Collect(StrictModel):
    """Which series to export in addition to counts and hashes."""

    domains: bool = True
    """One `wx_domain_info` for each domain."""

    max_domains: Annotated[int, Within(0, 1_000_000, "0 to 1000000")] = 2000
    """An app with more domains gets no `wx_domain_info`."""

    effective: bool = False
    """The lists of the published version, at two more calls per app."""

    quota: bool = False
    """The daily quota of getwxadevinfo, at one call per app every 10 minutes."""

    account: bool = False
    """The account status of discovered apps, at most 50 calls per platform every 10 minutes."""


class Defaults(StrictModel):
    """Defaults for all apps."""

    token: TokenRef | None = None
    """A token source, or the name of one under `tokens`."""

    baseline: BaselineRef | None = None
    """A baseline, or the name of one; also for discovered apps."""

    labels: Labels = Field(default_factory=dict)
    """Labels of `wx_domain_app_info`; also for discovered apps."""


class App(StrictModel):
    """One mini program."""

    appid: Appid
    """The mini program's AppID."""

    name: Name = ""
    """The name to show; default: the appid."""

    labels: Labels = Field(default_factory=dict)
    """Labels of `wx_domain_app_info`, in addition to those of `defaults`."""

    token: TokenRef | None = None
    """A token source, or the name of one; default: that of `defaults`."""

    baseline: BaselineRef | None = None
    """A baseline, or the name of one; default: that of `defaults`; `{}`: no baseline."""


class AppFile(StrictModel):
    """The list of apps in one app file."""

    apps: Annotated[tuple[App, ...], ListOf]


class Config(StrictModel):
    """A whole configuration file."""

    wechat: Wechat = Wechat()
    """How to reach the WeChat API."""

    scrape: Scrape = Scrape()
    """Time limits of scrapes, and the minimum interval between them."""

    collect: Collect = Collect()
    """Which series to export in addition to counts and hashes."""

    limits: Mapping[Category, Annotated[int, Within(1, 1_000_000, "1 to 1000000")]] = Field(
        default_factory=dict
    )
    """The maximum number of domains by category; default: WeChat's."""

    tokens: Mapping[str, NamedSource] = Field(default_factory=dict)
    """Token sources by name, for apps to share."""

    baselines: Mapping[str, NamedBaseline] = Field(default_factory=dict)
    """Baselines by name, for apps to share; a baseline named after an appid applies to that app."""

    defaults: Defaults = Defaults()
    """Defaults for all apps."""

    platforms: Mapping[str, PlatformConfig] = Field(default_factory=dict)
    """Third-party platforms (第三方平台) by name."""

    app_files: Annotated[tuple[FilePattern, ...], ListOf] = ()
    """Patterns of files with a list of apps each; relative to the folder of this file."""

    apps: Annotated[tuple[App, ...], ListOf] = ()
    """The mini programs."""

    @model_validator(mode="after")
    def _name_token_services(self) -> Self:
        for name, source in self.tokens.items():
            if isinstance(source, HttpToken):
                source.set_name(name)
        return self

    def all_limits(self) -> Mapping[str, int]:
        """Return the maximum number of domains by category, including WeChat's defaults."""
        return {**DEFAULT_LIMITS, **self.limits}
