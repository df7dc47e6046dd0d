"""Prometheus exporter for the domain configuration of WeChat mini programs (微信小程序).

Other programs import `DomainCollector` from here, and `ConfigError`, which its `from_file` raises.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wx_domain_exporter.config.errors import ConfigError
    from wx_domain_exporter.exposition.collector import DomainCollector

__all__ = ["ConfigError", "DomainCollector", "__version__"]
__version__ = "0.1.0"

_MODULES = {
    "ConfigError": "wx_domain_exporter.config.errors",
    "DomainCollector": "wx_domain_exporter.exposition.collector",
}


def __getattr__(name: str) -> object:
    """Import a public class at its first use, so that reading the version imports nothing else."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
