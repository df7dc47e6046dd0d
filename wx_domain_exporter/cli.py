"""The command line: reads the flags, loads the configuration, and runs what the flags ask for."""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from wx_domain_exporter import memory
from wx_domain_exporter.bilingual_error import BilingualError
from wx_domain_exporter.commands import logs
from wx_domain_exporter.commands.arguments import UsageError
from wx_domain_exporter.commands.baseline import run_baseline
from wx_domain_exporter.commands.config_check import run_config_check
from wx_domain_exporter.commands.doctor import run_doctor
from wx_domain_exporter.commands.flags import DEFAULT_CONFIG_FILE, parse_flags
from wx_domain_exporter.commands.language import Language, in_language, language_of
from wx_domain_exporter.commands.once import run_once
from wx_domain_exporter.commands.output import fail, print_result
from wx_domain_exporter.commands.serve import serve
from wx_domain_exporter.config.errors import ConfigError, absolute
from wx_domain_exporter.config.json_schema import config_schema
from wx_domain_exporter.config.loader import ConfigLoader, with_a_readable_secret
from wx_domain_exporter.errcodes.types import BilingualText
from wx_domain_exporter.service import Service
from wx_domain_exporter.simulator.demo import demo_config, demo_world
from wx_domain_exporter.simulator.server import SimulatorServer

_NO_THREAD = BilingualText(
    "the system refuses to start a thread; raise the limit of processes (ulimit -u, TasksMax of systemd, "
    "pids of the container)",
    "系统拒绝创建线程；请调高进程数上限（ulimit -u、systemd 的 TasksMax、容器的 pids）",
)


def run(arguments: Sequence[str]) -> int:
    """Run the program.

    Args:
        arguments: the command line without the program's name.

    Returns:
        The exit status. After an error it is 1, and standard error has a sentence for each error.
    """
    language = language_of(arguments)
    try:
        flags = parse_flags(arguments)
        # --doctor and --baseline report failures themselves: the log would repeat them.
        quiet = (flags.doctor or flags.baseline) and flags.log_level != "debug"
        logs.set_up("error" if quiet else flags.log_level, flags.log_format)
        if flags.config_schema:
            return print_result(config_schema())
        with _config_loader(flags) as loader:
            return _run_command(loader, flags, language)
    except BilingualError as error:
        return fail(in_language(error.text, language))
    except ConfigError as error:
        return fail(*(in_language(message, language) for message in error.messages))
    except RuntimeError as error:
        if str(error) != "can't start new thread":  # Python's own words
            raise
        return fail(in_language(_NO_THREAD, language))


def _run_command(loader: ConfigLoader, flags: argparse.Namespace, language: Language) -> int:
    if flags.config_check:
        return run_config_check(loader, flags, language)
    memory.use_one_arena()
    with closing(Service(loader)) as service:
        if flags.doctor:
            return run_doctor(service, language)
        with_a_readable_secret(service.fleet.settings)
        if flags.baseline:
            return run_baseline(service)
        return run_once(service) if flags.once else serve(service, flags, language)


@contextmanager
def _config_loader(flags: argparse.Namespace) -> Iterator[ConfigLoader]:
    """Yield the loader of the configuration; with --demo, the simulated WeChat API runs meanwhile.

    Raises:
        UsageError: no file is given, and the default one does not exist.
    """
    if flags.demo:
        with SimulatorServer(demo_world()) as server:
            yield ConfigLoader(Path("(demo)"), demo_config(server.url).encode())
        return
    if flags.config_file is None and not Path(DEFAULT_CONFIG_FILE).exists():
        file = absolute(Path(DEFAULT_CONFIG_FILE))
        raise UsageError(
            f"there is no {file}; give a file with --config.file, or try --demo",
            f"{file} 不存在；请用 --config.file 指定配置文件，或先试用 --demo",
        )
    yield ConfigLoader(Path(flags.config_file or DEFAULT_CONFIG_FILE))
