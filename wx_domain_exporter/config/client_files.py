"""Watches the files that clients are made from: certificate authorities, and the URL of a proxy."""

from collections.abc import Iterator, Sequence

from wx_domain_exporter.config.cross_checks import check_certificates, check_connection
from wx_domain_exporter.config.errors import dotted
from wx_domain_exporter.config.schema_tokens import HttpToken
from wx_domain_exporter.config.settings import Settings
from wx_domain_exporter.file_watch import WatchedFiles

_MAX_BYTES = 1 << 24


class ClientFiles:
    """Detects changes of these files. Not safe to share between threads."""

    def __init__(self) -> None:
        self._watched = WatchedFiles()
        self._paths: set[str] = set()

    def changed(self) -> bool:
        """Whether any of the files has changed since it was first watched."""
        return self._watched.changed()

    def watch(self, settings: Settings) -> None:
        """Also watch the files of a configuration."""
        for path in set(_paths(settings)) - self._paths:
            self._paths.add(path)
            try:
                self._watched.read(path, _MAX_BYTES)
            except (OSError, ValueError):  # reported by `watch_anew` and by the checks of the configuration
                continue

    def watch_anew(self, settings: Settings) -> Sequence[str]:
        """Watch the files of a configuration from now on; return their errors."""
        self._watched.forget()
        self._paths.clear()
        self.watch(settings)
        errors = list(check_connection(settings.wechat))
        for ca_file in set(_token_services(settings)):
            errors += check_certificates(("tokens", "ca_file"), ca_file)
        return [f"{dotted(where)}: {problem.en}" for where, problem in errors]


def _paths(settings: Settings) -> Iterator[str]:
    wechat = settings.wechat
    if wechat.ca_file is not None:
        yield wechat.ca_file
    if wechat.proxy_url is not None and wechat.proxy_url.kind == "file":
        yield wechat.proxy_url.source
    yield from _token_services(settings)


def _token_services(settings: Settings) -> Iterator[str]:
    """Yield the `ca_file` of all token services."""
    tokens = [app.token for app in settings.apps]
    for platform in settings.platforms:
        tokens.append(platform.app_token)
        if platform.component_token is not None:
            tokens.append(platform.component_token)
    for token in tokens:
        if isinstance(token, HttpToken) and token.ca_file is not None:
            yield token.ca_file
