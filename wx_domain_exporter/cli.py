"""The command: reads the flags, wires the parts, and returns the exit status."""

import argparse
import asyncio
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import FrameType

import structlog
from prometheus_client import CollectorRegistry, generate_latest

from wx_domain_exporter import __version__
from wx_domain_exporter.commands import logs
from wx_domain_exporter.commands.baseline_block import HEAD, baseline_entry
from wx_domain_exporter.commands.doctor import run_doctor, speaks_chinese, summary
from wx_domain_exporter.commands.fetch_all import fetch_all
from wx_domain_exporter.commands.flags import (
    DEFAULT_CONFIG_FILE,
    DEFAULT_LISTEN_ADDRESS,
    UsageError,
    parse_flags,
)
from wx_domain_exporter.config.loader import ConfigError, ConfigLoader, without_broken_files
from wx_domain_exporter.config.yaml_tree import one_line
from wx_domain_exporter.exposition.collector import DomainCollector, scrape_all
from wx_domain_exporter.service import Service
from wx_domain_exporter.simulator.demo import demo_config, demo_world
from wx_domain_exporter.simulator.server import SimulatorServer
from wx_domain_exporter.web.middleware.access import AccessMiddleware
from wx_domain_exporter.web.routes import WebOptions, make_web_app
from wx_domain_exporter.web.server.addresses import ListenError, listen, url_of
from wx_domain_exporter.web.server.server import Server
from wx_domain_exporter.web.web_config.current import CurrentWebConfig

log = structlog.get_logger(__name__)


def main() -> None:
    """Run the command and exit with its status."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until the program can reload, it ends nothing
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run the command.

    Args:
        arguments: the command line without the program's name.

    Returns:
        The exit status: 0, or 1 after any error, which standard error tells in a sentence.
    """
    try:
        flags = parse_flags(arguments)
        # What these tell stands in the log too, in other words.
        quiet = (flags.doctor or flags.baseline) and flags.log_level != "debug"
        logs.set_up("error" if quiet else flags.log_level, flags.log_format)
        with ExitStack() as stack:
            loader = stack.enter_context(_demo()) if flags.demo else ConfigLoader(_path(flags))
            return _run_with(loader, flags)
    except UsageError as error:
        return _fail(f"{error}; see --help")
    except ConfigError as error:
        return _fail(*error.errors)
    except ListenError as error:
        return _fail(str(error))
    except KeyboardInterrupt:  # before the server runs, or during --once
        return 1


def _say(sentence: str) -> None:
    if sys.stderr is None:
        return  # print() would take standard output, where somebody may read an exposition
    print(one_line(sentence), file=sys.stderr)  # noqa: T201 - to the person who typed the command


def _fail(*sentences: str) -> int:
    for sentence in sentences:
        _say(f"wx-domain-exporter: {sentence}")
    return 1


def _path(flags: argparse.Namespace) -> Path:
    if flags.config_file is None and not Path(DEFAULT_CONFIG_FILE).exists():
        raise UsageError(
            f"there is no {DEFAULT_CONFIG_FILE} here; name one with --config.file, or try --demo"
        )
    return Path(flags.config_file or DEFAULT_CONFIG_FILE)


@contextmanager
def _demo() -> Iterator[ConfigLoader]:
    """Start the simulated WeChat API; yield what loads the configuration for it."""
    with SimulatorServer(demo_world()) as server:
        yield ConfigLoader(Path("(demo)"), demo_config(server.url).encode())


def _run_with(loader: ConfigLoader, flags: argparse.Namespace) -> int:
    if flags.config_check:
        return _check(loader, flags)
    service = Service(loader)
    try:
        if flags.doctor:
            return _examine(service)
        if flags.baseline:
            return _print_baselines(service)
        return _scrape_once(service) if flags.once else _serve(service, flags)
    finally:
        service.close()


def _check(loader: ConfigLoader, flags: argparse.Namespace) -> int:
    errors: list[str] = []
    good: list[str] = []
    try:
        apps = len(without_broken_files(loader.load()).apps)
        name = "the demo's configuration" if flags.demo else _path(flags)
        good.append(f"{name}: good, apps: {apps}\n")
    except ConfigError as error:
        errors += error.errors
    try:
        if _web_config(flags) is not None:
            good.append(f"{flags.web_config_file}: good\n")
    except ConfigError as error:
        errors += error.errors
    return _fail(*errors) if errors else _print("".join(good).encode())


def _web_config(flags: argparse.Namespace) -> CurrentWebConfig | None:
    return CurrentWebConfig(Path(flags.web_config_file)) if flags.web_config_file else None


def _examine(service: Service) -> int:
    chinese = speaks_chinese()
    lines = []
    with closing(run_doctor(service, chinese=chinese)) as report:
        for line in report:
            lines.append(line)
            if _print(f"{line.text}\n".encode()):
                return 1
    failed = _print(f"{summary(lines, chinese=chinese)}\n".encode())
    return failed or (0 if all(line.good for line in lines) else 1)


def _scrape_once(service: Service) -> int:
    """Print the fleet's series; the exporter's own would clash with those of whoever collects the text."""
    service.discover()
    results = scrape_all(service)
    registry = CollectorRegistry()
    registry.register(DomainCollector(lambda: results))
    failed = _print(generate_latest(registry))
    all_up = bool(results.apps) and all(app.result.error is None for app in results.apps)
    return failed or (0 if all_up and service.knows_all_apps else 1)


def _print_baselines(service: Service) -> int:
    """Print the lists that every app has now; one that fails is told of and left out."""
    service.discover()
    action = service.fleet.settings.wechat.action
    batch = fetch_all(service)
    found = [(app.settings, result) for app, result in zip(batch.apps, batch.results, strict=True)]
    entries = [
        baseline_entry(app, result.categories, action)
        for app, result in found
        if result.categories is not None
    ]
    failed = _print("".join([HEAD, *entries]).encode()) if entries else 1
    for app, result in found:
        if result.categories is None:
            _say(f"wx-domain-exporter: {app.appid} ({app.name}) is left out: {result.error}")
    return failed or (0 if len(entries) == len(found) and service.knows_all_apps else 1)


def _print(text: bytes) -> int:
    """Write to standard output, in UTF-8 whatever the terminal's locale is; return the exit status."""
    try:
        if sys.stdout is None:
            return _fail("standard output is closed")
        sys.stdout.buffer.write(text)
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # the reader has seen enough, as `head` does
        sys.stdout = None  # or its flush at the exit fails once more
        return 1
    except OSError as error:
        sys.stdout = None  # as above
        return _fail(f"can't write to standard output: {error.strerror}")
    return 0


def _serve(service: Service, flags: argparse.Namespace) -> int:
    options = WebOptions(flags.web_telemetry_path, flags.web_enable_lifecycle, flags.web_max_requests)
    web_config = _web_config(flags)
    tls = web_config.tls if web_config is not None else None
    server = Server(AccessMiddleware(make_web_app(service, options), web_config), tls)
    scheme = "http" if tls is None or tls() is None else "https"
    sockets = _listen(flags.web_listen_address or [DEFAULT_LISTEN_ADDRESS])
    service.start()
    with _signals(server, service):
        log.info("started", version=__version__, apps=len(service.fleet.apps), demo=flags.demo)
        for sock in sockets:
            log.info("listening", url=url_of(sock, scheme), metrics=options.telemetry_path)
        if flags.demo:
            url = url_of(sockets[0], scheme)
            _say(f"Watching a simulated WeChat API. Open {url} in a browser; Ctrl-C ends it.")
        asyncio.run(server.serve(sockets))
    log.info("stopped")
    return 0


def _listen(addresses: Sequence[str]) -> list[socket.socket]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(listen(address)) for address in addresses]
        stack.pop_all()  # all or none: an error above closes those that are open
        return sockets


@contextmanager
def _signals(server: Server, service: Service) -> Iterator[None]:
    """Stop on SIGTERM and SIGINT, reload on SIGHUP."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        server.stop()

    def reload(_number: int, _frame: FrameType | None) -> None:
        service.reloader.ask()

    handlers = {signal.SIGTERM: stop, signal.SIGINT: stop, signal.SIGHUP: reload}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
