"""The typed, frozen models of the configuration; `loading` reads them from a file."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

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
from wx_domain_exporter.config.schema_tokens import NamedSource, PlatformConfig, TokenRef
from wx_domain_exporter.domains.domain_list import DEFAULT_LIMITS


class Wechat(StrictModel):
    """How the WeChat API is reached."""

    allow_http: bool = False  # before base_url, whose check looks at it
    """Whether tokens may travel in clear text to another machine."""

    base_url: BaseUrl = "https://api.weixin.qq.com"
    """Where the WeChat API is; http:// only for this machine itself, or with `allow_http`."""

    timeout: Annotated[Duration, Within(0.01, 120, "10ms to 2m")] = 5.0
    """Wall clock of one API call, from the connect to the last byte."""

    max_concurrency: Annotated[int, Within(1, 4096, "1 to 4096")] = 64
    """Calls of scrapes in flight at once; a discovery makes up to 8 more."""

    max_response_bytes: Annotated[int, Within(1024, 64 << 20, "1024 to 67108864")] = 1 << 20
    """A larger answer is malformed."""

    action: Literal["getserverdomain", "getbizdomain"] | None = None
    """What getwxadevinfo is asked for; null is all categories."""

    ca_file: FilePath | None = None
    """Certificate authorities of `base_url`, PEM; null: those that come with requests."""

    proxy_url: SecretField | None = None
    """An HTTP proxy, `http://[USER:PASSWORD@]HOST[:PORT]`, as a secret."""

    trust_env: bool = False
    """Whether the proxies of the environment are used."""


class Scrape(StrictModel):
    """How long a scrape may take, and how close two scrapes may be."""

    timeout: Annotated[Duration, Within(0.1, 120, "100ms to 2m")] = 10.0
    """Where the scrape does not say its timeout itself, as Prometheus does."""

    timeout_offset: Annotated[Duration, Within(0, 60, "0s to 1m")] = 0.5
    """How long before the timeout the answer is ready."""

    min_interval: Annotated[Duration, Within(0, 86400, "0s to 1d")] = 0.0
    """Scrapes closer than this share one outcome."""


class Collect(StrictModel):
    """Which series beside counts and hashes are exported."""

    domains: bool = True
    """One `wx_domain_info` for each domain."""

    max_domains: Annotated[int, Within(0, 1_000_000, "0 to 1000000")] = 2000
    """An app with more domains gets no `wx_domain_info`."""

    effective: bool = False
    """What is in force after a release: two more calls an app."""

    quota: bool = False
    """The daily quota of getwxadevinfo: one call in 10 minutes an app."""


class Defaults(StrictModel):
    """What an app has that does not say otherwise."""

    token: TokenRef | None = None
    """Where tokens come from: a source, or the name of one under `tokens`."""

    baseline: BaselineRef | None = None
    """What the lists should hold: a baseline, or the name of one; for discovered apps too."""

    labels: Labels = Field(default_factory=dict)
    """On `wx_domain_app_info`; for discovered apps too."""


class App(StrictModel):
    """One mini program, as the configuration names it."""

    appid: Appid
    """The mini program's AppID."""

    name: Name = ""
    """Its name; the appid unless given."""

    labels: Labels = Field(default_factory=dict)
    """On `wx_domain_app_info`, beside those of `defaults`."""

    token: TokenRef | None = None
    """Where its tokens come from, unless it is as under `defaults`."""

    baseline: BaselineRef | None = None
    """What its lists should hold, unless it is as under `defaults`; `{}` is none."""


class AppFile(StrictModel):
    """The list of apps that one of `app_files` holds."""

    apps: Annotated[tuple[App, ...], ListOf]


class Config(StrictModel):
    """A whole configuration file."""

    wechat: Wechat = Wechat()
    """How the WeChat API is reached."""

    scrape: Scrape = Scrape()
    """How long a scrape may take, and how close two may be."""

    collect: Collect = Collect()
    """Which series beside counts and hashes are exported."""

    limits: Mapping[Category, Annotated[int, Within(1, 1_000_000, "1 to 1000000")]] = Field(
        default_factory=dict
    )
    """By category, how many domains it may have; WeChat's maximum unless given."""

    tokens: Mapping[str, NamedSource] = Field(default_factory=dict)
    """Token sources by name, for apps to share."""

    baselines: Mapping[str, NamedBaseline] = Field(default_factory=dict)
    """Baselines by name, for apps to share; one that is named after an appid is that app's."""

    defaults: Defaults = Defaults()
    """What an app has that does not say otherwise."""

    platforms: Mapping[str, PlatformConfig] = Field(default_factory=dict)
    """Third-party platforms (第三方平台) by name."""

    app_files: Annotated[tuple[FilePattern, ...], ListOf] = ()
    """Patterns of files that each hold a list of apps; relative ones start at this file's folder."""

    apps: Annotated[tuple[App, ...], ListOf] = ()
    """The mini programs."""

    def all_limits(self) -> Mapping[str, int]:
        """Return the maximum number of domains a category, WeChat's unless `limits` says otherwise."""
        return {**DEFAULT_LIMITS, **self.limits}
