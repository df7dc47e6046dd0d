"""The validated settings: the only form of the configuration that the running program uses."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from wx_domain_exporter.config.schema import Collect, Scrape, Wechat
from wx_domain_exporter.config.schema_tokens import AccessToken, HttpToken, PlatformConfig, TokenConfig
from wx_domain_exporter.domains.baseline import Baseline
from wx_domain_exporter.errcodes.types import BilingualText


@dataclass(frozen=True, slots=True)
class AppSettings:
    """The settings of one mini program, with defaults and names resolved."""

    appid: str
    name: str
    labels: Mapping[str, str]
    token: TokenConfig
    baseline: Baseline = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlatformSettings:
    """The settings of one third-party platform, with names resolved.

    Attributes:
        name: its key under `platforms`.
        config: its section in the configuration.
        component_token: the source of its component_access_token; None: requested by the exporter itself.
        app_token: the token source of its mini programs.
        labels: the labels of its mini programs.
        baseline: the baseline of its mini programs.
        domains_baseline: the baseline of the platform's own lists.
    """

    name: str
    config: PlatformConfig
    component_token: AccessToken | HttpToken | None
    app_token: TokenConfig
    labels: Mapping[str, str]
    baseline: Baseline = field(default_factory=dict)
    domains_baseline: Baseline = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settings:
    """A validated configuration."""

    wechat: Wechat
    scrape: Scrape
    collect: Collect
    limits: Mapping[str, int]
    platforms: tuple[PlatformSettings, ...]
    apps: tuple[AppSettings, ...]
    """The apps of the configuration file and of its app files; not the discovered ones."""

    baselines: Mapping[str, Baseline]
    """By name; a baseline that is named after an appid belongs to that app."""

    app_file_errors: Mapping[str, tuple[BilingualText, ...]]
    """The errors of each broken app file, whose last valid content stays in use."""

    app_files_without_content: frozenset[str]
    """Those of them that have no valid content since the exporter started, so that their apps are missing."""

    unreadable_secrets: Mapping[str, tuple[BilingualText, ...]]
    """Errors of the secrets that apps name themselves, by appid; only these apps fail."""

    hash: int
    """The first 48 bits of the SHA-256 of the file, which are exact in a float64."""

    def complete(self, found: AppSettings) -> AppSettings:
        """Return a discovered app with the baseline that is named after its appid, if there is one."""
        own = self.baselines.get(found.appid)
        return found if own is None else replace(found, baseline=own)
