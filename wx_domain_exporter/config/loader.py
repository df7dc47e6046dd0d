"""Loads a configuration file and returns validated settings, or reports all of its errors."""

import hashlib
from collections.abc import Mapping
from itertools import chain, islice
from pathlib import Path

from wx_domain_exporter.config.app_files import AppFiles
from wx_domain_exporter.config.baselines import Baselines, expected_by_category
from wx_domain_exporter.config.cross_checks import (
    ConfiguredNames,
    UniqueKeys,
    check_apps,
    check_rest,
    resolved,
    unreadable_secrets,
)
from wx_domain_exporter.config.errors import DUPLICATE_KEY, MAX_ERRORS, ConfigError, Errors
from wx_domain_exporter.config.schema import App, Config
from wx_domain_exporter.config.schema_tokens import (
    AccessToken,
    AuthorizerToken,
    HttpToken,
    PlatformConfig,
)
from wx_domain_exporter.config.settings import AppSettings, PlatformSettings, Settings
from wx_domain_exporter.config.source_file import SourceFile
from wx_domain_exporter.config.validation import read_config_file, validate_config
from wx_domain_exporter.file_watch import WatchedFiles


def without_errors(settings: Settings) -> Settings:
    """Return the settings if all app files are valid and all secrets can be read.

    Raises:
        ConfigError: an app file is invalid, or a secret can't be read.
    """
    errors = chain(settings.app_file_errors.values(), settings.unreadable_secrets.values())
    messages = list(chain.from_iterable(errors))
    if messages:
        raise ConfigError(messages)
    return settings


def with_a_readable_secret(settings: Settings) -> Settings:
    """Return the settings unless the secrets of all apps can't be read, so that every app would fail.

    Raises:
        ConfigError: there are apps, and none has a secret that can be read.
    """
    unreadable = settings.unreadable_secrets
    if unreadable and len(unreadable) == len(settings.apps) and not settings.platforms:
        raise ConfigError(list(chain.from_iterable(unreadable.values())))
    return settings


class ConfigLoader:
    """Reads a configuration file, now and at each reload; keeps the last valid content of its app files.

    Not safe for concurrent use.
    """

    def __init__(self, path: Path, content: bytes | None = None) -> None:
        """Store the path; nothing is read yet.

        Args:
            path: the configuration file.
            content: used in place of the file's content if given.
        """
        self._path = path
        self._content = content
        self._main: _Main | None = None
        self._files = AppFiles()
        self._watched = WatchedFiles()

    def load(self) -> Settings:
        """Read the file and its app files; errors of app files are reported in the settings.

        Raises:
            ConfigError: the file can't be read or is invalid; the exception has all errors.
        """
        content = self._content
        if content is None:
            content = read_config_file(self._path, self._watched.read)
        main = _Main(content, self._path)
        settings = main.settings(self._files)
        self._main = main
        return settings

    def changed(self) -> bool:
        """Whether the configuration file itself has changed since it was last read, valid or not."""
        return self._watched.changed()

    def load_changed_app_files(self) -> Settings | None:
        """Read the app files again if one of them changed; the configuration file itself is not read.

        Returns:
            The new settings; None if nothing changed.
        """
        if self._main is None or not self._main.has_changed_files(self._files):
            return None
        return self._main.settings(self._files)


class _Main:
    """The content of the configuration file itself, without its app files."""

    def __init__(self, content: bytes, path: Path) -> None:
        """Validate it.

        Raises:
            ConfigError: the content is invalid; the exception has all errors.
        """
        file = SourceFile(path, content)
        tree = file.tree
        errors: Errors = [(where, DUPLICATE_KEY) for where in tree.duplicates]
        config, kept, found = validate_config(tree.root, str(path.parent))
        errors += found
        taken, places = UniqueKeys(), dict(zip(kept, config.apps, strict=True))
        if tree.root is None or isinstance(tree.root, dict):
            root = tree.root or {}
            wrong = {where[0] for where, _ in found if where}
            names = ConfiguredNames(config, root, wrong)
            errors += check_rest(config, root, wrong, names)
            errors += islice(check_apps(places, root.get("apps"), names, taken, file, "apps"), MAX_ERRORS + 1)
        self._unreadable = unreadable_secrets(places, file, "apps")
        if errors:
            unreadable = chain.from_iterable(self._unreadable.values())
            raise ConfigError([*file.messages(errors), *unreadable])
        self._baselines = Baselines(config)
        self._labels = _Labels(config.defaults.labels)
        self._apps = tuple(_app(app, config, self._baselines, self._labels) for app in config.apps)
        # The models of the apps are dropped, because they need more memory than the settings made of them.
        # The unique keys are needed only to check app files.
        self._taken = taken if config.app_files else UniqueKeys()
        self._config = config.model_copy(update={"apps": ()})
        self._folder = path.parent
        self._hash = int.from_bytes(hashlib.sha256(content).digest()[:6], "big")

    def has_changed_files(self, files: AppFiles) -> bool:
        return files.changed(self._config.app_files, self._folder)

    def settings(self, files: AppFiles) -> Settings:
        """Read the app files and resolve all names."""
        config = self._config
        listed = files.read(config, self._folder, self._taken)
        baselines, labels = self._baselines, self._labels
        return Settings(
            wechat=config.wechat,
            scrape=config.scrape,
            collect=config.collect,
            limits=config.all_limits(),
            platforms=tuple(
                _platform(name, one, config, baselines) for name, one in config.platforms.items()
            ),
            apps=(*self._apps, *(_app(app, config, baselines, labels) for app in listed.apps)),
            baselines=baselines.by_name,
            app_file_errors=listed.errors,
            app_files_without_content=listed.without_content,
            unreadable_secrets={**self._unreadable, **listed.unreadable},
            hash=self._hash,
        )


class _Labels:
    """The labels of apps, including the defaults. Apps with equal labels share one mapping to save memory."""

    def __init__(self, defaults: Mapping[str, str]) -> None:
        self._defaults = defaults
        self._known: dict[tuple[tuple[str, str], ...], Mapping[str, str]] = {}

    def with_defaults(self, labels: Mapping[str, str]) -> Mapping[str, str]:
        all_labels = {**self._defaults, **labels}
        return self._known.setdefault(tuple(all_labels.items()), all_labels)


def _app(app: App, config: Config, baselines: Baselines, labels: _Labels) -> AppSettings:
    source = resolved(app.token if app.token is not None else config.defaults.token, config)
    if source is None:
        raise AssertionError("an app without a token source passed validation")
    return AppSettings(
        appid=app.appid,
        name=app.name or app.appid,
        labels=labels.with_defaults(app.labels),
        token=source,
        baseline=baselines.of(app.appid, app.baseline),
    )


def _platform(name: str, platform: PlatformConfig, config: Config, baselines: Baselines) -> PlatformSettings:
    component = resolved(platform.component_access_token, config)
    if component is not None and not isinstance(component, AccessToken | HttpToken):
        raise AssertionError("a platform with another token source passed validation")
    token = resolved(platform.token, config) or AuthorizerToken(type="authorizer", platform=name)
    baseline = baselines.of_reference(platform.baseline)
    domains_baseline = expected_by_category(platform.domains_baseline or {})
    return PlatformSettings(
        name, platform, component, token, config.defaults.labels, baseline, domains_baseline
    )
