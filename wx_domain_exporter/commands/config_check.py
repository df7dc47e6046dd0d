"""`--config.check`: validates the configuration and the web configuration."""

import argparse
from pathlib import Path

from wx_domain_exporter.commands.flags import DEFAULT_CONFIG_FILE
from wx_domain_exporter.commands.language import Language, in_language
from wx_domain_exporter.commands.output import fail, print_result
from wx_domain_exporter.config.errors import ConfigError
from wx_domain_exporter.config.loader import ConfigLoader, without_errors
from wx_domain_exporter.diagnosis.wording import counted
from wx_domain_exporter.errcodes.types import BilingualText
from wx_domain_exporter.web.web_config.current import CurrentWebConfig


def run_config_check(loader: ConfigLoader, flags: argparse.Namespace, language: Language) -> int:
    """Print that the files are valid, or all errors of both; return the exit status."""
    errors: list[BilingualText] = []
    report: list[BilingualText] = []
    try:
        apps = len(without_errors(loader.load()).apps)
        file = "--demo" if flags.demo else flags.config_file or DEFAULT_CONFIG_FILE
        report.append(
            BilingualText(
                f"{file}: configuration is valid: {counted(apps, 'app')}\n",
                f"{file}: 配置有效，共 {apps} 个小程序\n",
            )
        )
    except ConfigError as error:
        errors += error.messages
    try:
        if flags.web_config_file:
            CurrentWebConfig(Path(flags.web_config_file))
            report.append(
                BilingualText(
                    f"{flags.web_config_file}: web configuration is valid\n",
                    f"{flags.web_config_file}: Web 配置有效\n",
                )
            )
    except ConfigError as error:
        errors += error.messages
    if errors:
        return fail(*(in_language(error, language) for error in errors))
    return print_result("".join(in_language(line, language) for line in report))
