"""The default command: serves HTTP until a signal ends it."""

import argparse
import asyncio
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from types import FrameType

import structlog

from wx_domain_exporter import __version__, memory
from wx_domain_exporter.commands.demo_scrapes import demo_scrapes
from wx_domain_exporter.commands.flags import DEFAULT_LISTEN_ADDRESS
from wx_domain_exporter.commands.language import Language, in_language
from wx_domain_exporter.commands.output import print_message
from wx_domain_exporter.errcodes.types import BilingualText
from wx_domain_exporter.service import Service
from wx_domain_exporter.web.middleware.access import AccessMiddleware
from wx_domain_exporter.web.routes import WebOptions, make_web_app
from wx_domain_exporter.web.server.addresses import listen, url_of
from wx_domain_exporter.web.server.server import Server
from wx_domain_exporter.web.web_config.current import CurrentWebConfig

log = structlog.get_logger(__name__)


def serve(service: Service, flags: argparse.Namespace, language: Language) -> int:
    """Serve until SIGTERM or SIGINT; return the exit status.

    Raises:
        ConfigError: the web configuration is not valid.
        ListenError: an address can't be listened on.
    """
    options = WebOptions(flags.web_telemetry_path, flags.web_enable_lifecycle, flags.web_max_requests)
    web_config = CurrentWebConfig(Path(flags.web_config_file)) if flags.web_config_file else None
    tls = web_config.tls if web_config is not None else None
    server = Server(AccessMiddleware(make_web_app(service, options), web_config), tls)
    scheme = "http" if tls is None or tls() is None else "https"
    sockets = _listen(flags.web_listen_address or [DEFAULT_LISTEN_ADDRESS])
    service.start(flags.config_auto_reload_interval)
    memory.return_freed_memory()  # that of the models that the configuration was checked with
    with _signal_handlers(server, service):
        log.info("started", version=__version__, apps=len(service.fleet.apps), demo=flags.demo)
        for sock in sockets:
            log.info("listening", url=url_of(sock, scheme), metrics=options.telemetry_path)
        if flags.demo:
            url = url_of(sockets[0], scheme)
            print_message(in_language(_demo_message(url), language))
        with demo_scrapes(service) if flags.demo else nullcontext():
            asyncio.run(server.serve(sockets))
    log.info("stopped")
    return 0


def _demo_message(url: str) -> BilingualText:
    return BilingualText(
        f"Monitoring a simulated WeChat API. Open {url} in a browser; press Ctrl-C to stop.",
        f"正在监控模拟的微信 API。请在浏览器中打开 {url}，按 Ctrl-C 停止。",
    )


def _listen(addresses: Sequence[str]) -> list[socket.socket]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(sock) for address in addresses for sock in listen(address)]
        stack.pop_all()  # after an error at one address, the sockets of the others are closed
        return sockets


@contextmanager
def _signal_handlers(server: Server, service: Service) -> Iterator[None]:
    """Stop on SIGTERM and SIGINT, reload on SIGHUP; once the server has stopped, ignore all three."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        server.stop()

    def reload(_number: int, _frame: FrameType | None) -> None:
        service.reloader.ask()

    handlers = {signal.SIGTERM: stop, signal.SIGINT: stop, signal.SIGHUP: reload}
    for number, handler in handlers.items():
        signal.signal(number, handler)
    try:
        yield
    finally:
        sys.unraisablehook = _without_ignored_signals(sys.unraisablehook)
        for number in handlers:  # a further signal must not change the exit status
            signal.signal(number, signal.SIG_IGN)


def _without_ignored_signals(
    hook: "Callable[[sys.UnraisableHookArgs], object]",
) -> "Callable[[sys.UnraisableHookArgs], object]":
    """Return a hook that drops Python's message about a signal that arrived while it became ignored."""

    def report(unraisable: "sys.UnraisableHookArgs") -> None:
        error = unraisable.exc_value
        if not (isinstance(error, OSError) and "ignored due to race condition" in str(error)):
            hook(unraisable)

    return report
