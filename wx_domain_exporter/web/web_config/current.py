"""The web configuration as it is now: read again whenever its files change; broken, it lets nobody in."""

from pathlib import Path

import structlog

from wx_domain_exporter.config.errors import ConfigError, sentences
from wx_domain_exporter.file_watch import WatchedFiles
from wx_domain_exporter.web.web_config.loader import LoadedWebConfig, load_web_config
from wx_domain_exporter.web.web_config.tls_context import ServerTls

log = structlog.get_logger(__name__)


class CurrentWebConfig:
    """Follows a web configuration file and the certificates it names. For one thread."""

    def __init__(self, path: Path) -> None:
        """Read it.

        Raises:
            ConfigError: something is wrong; all of it is in the error.
        """
        self._path = path
        self._files = WatchedFiles()
        self._good, _ = load_web_config(path, self._files)
        self._broken = False

    def get(self) -> LoadedWebConfig | None:
        """Return what is in force; None if the files are broken, and nobody must be served."""
        self._follow()
        return None if self._broken else self._good

    def tls(self) -> ServerTls | None:
        """Return what a new connection is served with, the last good one if the files are broken.

        To a connection of that kind, too, nothing is served then.
        """
        self._follow()
        return self._good.tls

    def _follow(self) -> None:
        if not self._files.changed():
            return
        try:
            loaded, pair_errors = load_web_config(self._path, self._files, self._good.pair)
            self._check_protections(loaded)
        except ConfigError as error:
            self._broken = True
            for sentence in error.errors:
                log.error(  # noqa: TRY400 - the sentence says it all
                    "the web configuration is broken: every request is refused", error=sentence
                )
            return
        for sentence in sentences(self._path, pair_errors):
            log.error("the certificate can't be renewed: the last good one is kept", error=sentence)
        self._good, self._broken = loaded, False
        log.info("web configuration loaded", file=str(self._path))

    def _check_protections(self, loaded: LoadedWebConfig) -> None:
        """Refuse what a file that is being written, or was emptied by mistake, would open to everybody."""
        before, after = self._good.protections(), loaded.protections()
        errors = [f"{what} can be taken away by a restart only" for what in sorted(before - after)]
        if "TLS" in after - before:
            errors.append("TLS can be added by a restart only")
        if errors:
            raise ConfigError([f"{self._path}: {error}" for error in errors])
