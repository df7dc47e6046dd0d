"""The account statuses of a third-party platform's mini programs, which are refreshed a few at a time."""

import math
from collections.abc import Callable, Collection

import structlog

from wx_domain_exporter.platforms.account_calls import ask_about_all
from wx_domain_exporter.wechat.account_status import AccountStatus
from wx_domain_exporter.wechat.authorizers import account_status
from wx_domain_exporter.wechat.client import Caller
from wx_domain_exporter.wechat.errors import FetchError
from wx_domain_exporter.wechat.platform import Platform

log = structlog.get_logger(__name__)

REFRESH_INTERVAL_SECONDS = 600.0
MOST_REFRESHED = 50
"""At most so many accounts of a platform are asked about again in each `REFRESH_INTERVAL_SECONDS`."""
MIN_AGE_SECONDS = 3600.0
"""How long after a call for an account the next one is made at the earliest."""


class AccountStatuses:
    """Remembers the status of each mini program of one platform. For tasks only, except `of`."""

    def __init__(self, platform: Platform, caller: Callable[[], Caller]) -> None:
        """Know no status yet.

        Args:
            platform: whose mini programs they are.
            caller: returns the caller for the next call.
        """
        self._platform = platform
        self._caller = caller
        self._asked: dict[str, float] = {}
        """By AppID, the monotonic time of the last call; the earliest first."""
        self._known: dict[str, tuple[AccountStatus, float]] = {}
        """By AppID, the status and the monotonic time at which it was received."""
        self._next_refresh = -math.inf
        """The monotonic time before which no account is asked about again."""

    def of(self, appid: str) -> AccountStatus | None:
        """Return the status of a mini program, for any thread; None if it is not known."""
        known = self._known.get(appid)
        return None if known is None else known[0]

    def inherit(self, old: "AccountStatuses") -> None:
        """Take over the statuses for the same platform."""
        self._asked, self._known = dict(old._asked), dict(old._known)  # noqa: SLF001 - of the same class
        self._next_refresh = old._next_refresh  # noqa: SLF001 - as above

    def note(self, appid: str, status: AccountStatus | None) -> None:
        """Remember what an answer says about a mini program; None: no documented status."""
        now = self._asked_now(appid)
        if status is None:
            self._known.pop(appid, None)
        else:
            self._known[appid] = status, now

    def keep_only(self, appids: Collection[str]) -> None:
        """Forget all other accounts."""
        self._asked = {appid: asked for appid, asked in self._asked.items() if appid in appids}
        self._known = {appid: known for appid, known in self._known.items() if appid in appids}

    def forget_doubtful(self) -> None:
        """Forget the statuses that may be about other accounts; they are the first to be refreshed."""
        desyncs = self._caller().client.desyncs
        doubtful = [appid for appid, (_, received) in self._known.items() if desyncs.covers(received)]
        for appid in doubtful:
            del self._known[appid], self._asked[appid]
        self._asked = dict.fromkeys(doubtful, -math.inf) | self._asked

    def refresh(self, appids: Collection[str]) -> None:
        """Ask about those of the accounts again whose status is the oldest; a failed call changes nothing."""
        now = self._caller().client.clock.monotonic()
        if now < self._next_refresh:
            return
        old = [
            appid
            for appid, asked in self._asked.items()
            if appid in appids and now - asked >= MIN_AGE_SECONDS
        ]
        due = old[:MOST_REFRESHED]
        if not due:
            return
        self._next_refresh = now + REFRESH_INTERVAL_SECONDS
        answers = ask_about_all(
            self._platform, due, lambda appid: account_status(self._platform, self._caller(), appid)
        )
        errors: list[FetchError] = []
        for appid, answer in zip(due, answers, strict=True):
            if isinstance(answer, FetchError):
                self._asked_now(appid)
                errors.append(answer)
            else:
                self.note(appid, answer)
        if errors:
            log.warning(
                "account statuses can't be refreshed; the last known ones stay",
                platform=self._platform.name,
                accounts=len(errors),
                error="; ".join(dict.fromkeys(map(str, errors))),
            )

    def _asked_now(self, appid: str) -> float:
        now = self._caller().client.clock.monotonic()
        self._asked.pop(appid, None)  # so that it is the last one
        self._asked[appid] = now
        return now
