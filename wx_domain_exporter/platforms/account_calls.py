"""Calls an API for many accounts of a third-party platform, a few at once."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import structlog
from gevent.pool import Pool

from wx_domain_exporter.wechat.errors import DecodeError, FetchError
from wx_domain_exporter.wechat.platform import Platform

log = structlog.get_logger(__name__)

_CONCURRENCY = 8
"""How many accounts are asked about at once; kept low, because scrapes have priority."""

Answer = TypeVar("Answer")


def ask_about_all(
    platform: Platform, appids: Sequence[str], ask: Callable[[str], Answer]
) -> list[Answer | FetchError]:
    """Return the answer about each account, or why there is none, in the order of the AppIDs.

    Args:
        platform: whose accounts they are; named in the log.
        appids: the accounts.
        ask: returns the answer about one account, or raises FetchError.
    """

    def ask_about(appid: str) -> Answer | FetchError:
        try:
            return ask(appid)
        except FetchError as error:
            return error.without_traceback()
        except Exception as bug:  # an answer that our code can't handle costs only this account
            log.exception("unexpected error in an account lookup", platform=platform.name, appid=appid)
            return DecodeError(f"internal error: {type(bug).__name__}")

    tasks: Pool = Pool(_CONCURRENCY)
    try:
        return list(tasks.imap(ask_about, appids))
    finally:  # when the discovery's own task is killed, these end too
        tasks.kill()
