"""Configurations for the tests, read once, with no error in any of their files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wx_domain_exporter.config.loader import ConfigLoader, without_errors

if TYPE_CHECKING:
    from pathlib import Path

    from wx_domain_exporter.config.settings import Settings


def load(path: Path) -> Settings:
    """The settings of a file, or a `ConfigError` with all that is wrong with it and its app files."""
    return without_errors(ConfigLoader(path).load())


def parse(content: bytes, path: Path) -> Settings:
    """The same of a text that stands for the file; relative paths in it start at the file's folder."""
    return without_errors(ConfigLoader(path, content).load())
