"""The typed, frozen models of the configuration; `config` loads them from a file."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from wx_domain_exporter.domains import DEFAULT_LIMITS
from wx_domain_exporter.schema_baselines import BaselineRef, NamedBaseline
from wx_domain_exporter.schema_fields import (
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
    Strict,
    within,
)
from wx_domain_exporter.schema_tokens import NamedSource, Platform, TokenRef


class Wechat(Strict):
    """How the WeChat API is reached."""

    allow_http: bool = False  # before base_url, whose check looks at it
    base_url: BaseUrl = "https://api.weixin.qq.com"
    timeout: Annotated[Duration, within(0.01, 120, "10ms to 2m")] = 5.0
    max_concurrency: Annotated[int, within(1, 4096, "1 to 4096")] = 64
    max_response_bytes: Annotated[int, within(1024, 64 << 20, "1024 to 67108864")] = 1 << 20
    action: Literal["getserverdomain", "getbizdomain"] | None = None
    ca_file: FilePath | None = None
    proxy_url: SecretField | None = None
    trust_env: bool = False


class Scrape(Strict):
    """How long a scrape may take, and how close two scrapes may be."""

    timeout: Annotated[Duration, within(0.1, 120, "100ms to 2m")] = 10.0
    timeout_offset: Annotated[Duration, within(0, 60, "0s to 1m")] = 0.5
    min_interval: Annotated[Duration, within(0, 86400, "0s to 1d")] = 0.0


class Collect(Strict):
    """Which series beside counts and hashes are exported."""

    domains: bool = True
    max_domains: Annotated[int, within(0, 1_000_000, "0 to 1000000")] = 2000
    effective: bool = False
    quota: bool = False


class Defaults(Strict):
    """What an app has that does not say otherwise."""

    token: TokenRef | None = None
    baseline: BaselineRef | None = None
    labels: Labels = Field(default_factory=dict)


class App(Strict):
    """One mini program, as the configuration names it."""

    appid: Appid
    name: Name = ""
    labels: Labels = Field(default_factory=dict)
    token: TokenRef | None = None
    baseline: BaselineRef | None = None


class AppFile(Strict):
    """The list of apps that one of `app_files` holds."""

    apps: Annotated[tuple[App, ...], ListOf]


class Config(Strict):
    """A whole configuration file."""

    wechat: Wechat = Wechat()
    scrape: Scrape = Scrape()
    collect: Collect = Collect()
    limits: Mapping[Category, Annotated[int, within(1, 1_000_000, "1 to 1000000")]] = Field(
        default_factory=dict
    )
    tokens: Mapping[str, NamedSource] = Field(default_factory=dict)
    baselines: Mapping[str, NamedBaseline] = Field(default_factory=dict)
    defaults: Defaults = Defaults()
    platforms: Mapping[str, Platform] = Field(default_factory=dict)
    app_files: Annotated[tuple[FilePattern, ...], ListOf] = ()
    apps: Annotated[tuple[App, ...], ListOf] = ()

    def all_limits(self) -> Mapping[str, int]:
        """Return the maximum number of domains a category, WeChat's unless `limits` says otherwise."""
        return {**DEFAULT_LIMITS, **self.limits}
