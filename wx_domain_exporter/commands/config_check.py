"""`--config.check`: validates the configuration and the web configuration."""

import argparse
from pathlib import Path

from wx_domain_exporter.commands.flags import DEFAULT_CONFIG_FILE
from wx_domain_exporter.commands.output import fail, print_result
from wx_domain_exporter.config.errors import ConfigError
from wx_domain_exporter.config.loader import ConfigLoader, without_broken_files
from wx_domain_exporter.diagnosis.wording import counted
from wx_domain_exporter.web.web_config.current import CurrentWebConfig


def run_config_check(loader: ConfigLoader, flags: argparse.Namespace) -> int:
    """Print that the files are valid, or all errors of both; return the exit status."""
    errors: list[str] = []
    report = ""
    try:
        apps = counted(len(without_broken_files(loader.load()).apps), "app")
        file = "--demo" if flags.demo else flags.config_file or DEFAULT_CONFIG_FILE
        report += f"{file}: configuration is valid: {apps}\n"
    except ConfigError as error:
        errors += error.errors
    try:
        if flags.web_config_file:
            CurrentWebConfig(Path(flags.web_config_file))
            report += f"{flags.web_config_file}: web configuration is valid\n"
    except ConfigError as error:
        errors += error.errors
    return fail(*errors) if errors else print_result(report)
