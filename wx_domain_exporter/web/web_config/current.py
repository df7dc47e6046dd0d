"""The current web configuration, read again when its files change; while invalid, requests are refused."""

from pathlib import Path

import structlog

from wx_domain_exporter.config.errors import ConfigError, prefixed, shown
from wx_domain_exporter.errcodes.types import BilingualText
from wx_domain_exporter.file_watch import WatchedFiles
from wx_domain_exporter.web.web_config.loader import LoadedWebConfig, load_web_config
from wx_domain_exporter.web.web_config.tls_context import ServerTls

log = structlog.get_logger(__name__)


class CurrentWebConfig:
    """Reads a web configuration file and the files it names, now and after each change. For one thread."""

    def __init__(self, path: Path) -> None:
        """Read the files.

        Raises:
            ConfigError: with all errors of the files.
        """
        self._path = path
        self._files = WatchedFiles()
        self._last_valid, _ = load_web_config(path, self._files)
        self._is_valid = True

    def get(self) -> LoadedWebConfig | None:
        """Return the configuration for a request; None if the files are invalid, and it must be refused."""
        self._update()
        return self._last_valid if self._is_valid else None

    def tls(self) -> ServerTls | None:
        """Return the TLS settings for a new connection; None for plain text.

        While the files are invalid these are the last valid ones, so that clients get an answer that says so.
        """
        self._update()
        return self._last_valid.tls

    def _update(self) -> None:
        if not self._files.changed():
            return
        try:
            loaded, pair_errors = load_web_config(self._path, self._files, self._last_valid.pair)
            self._check_protections(loaded)
        except ConfigError as error:
            self._is_valid = False
            for sentence in error.errors:
                log.error(  # noqa: TRY400 - a traceback would add nothing
                    "the web configuration is broken: every request is refused", error=sentence
                )
            return
        for message in pair_errors:
            log.error("the certificate can't be replaced: the last valid one stays in use", error=message.en)
        self._last_valid, self._is_valid = loaded, True
        log.info("web configuration loaded", file=str(self._path))

    def _check_protections(self, loaded: LoadedWebConfig) -> None:
        """Refuse to open the exporter to everybody, as an empty file that is still being written would do."""
        before, after = self._last_valid.protections(), loaded.protections()
        errors = [
            BilingualText(f"{name} can't be removed without a restart", f"去掉 {name} 需要重启")
            for name in sorted(before - after)
        ]
        if "TLS" in after - before:
            errors.append(BilingualText("TLS can't be added without a restart", "启用 TLS 需要重启"))
        if errors:
            raise ConfigError([prefixed(f"{shown(self._path)}: ", error) for error in errors])
