"""What is asked of WeChat beside an app's lists: what is in force, and what is left of the quota.

None of it is part of the fetch that `wx_domain_up` speaks of: it comes after it, and fails for itself.
"""

import time
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import structlog

from wx_domain_exporter.apps.rest import Rest
from wx_domain_exporter.config.loading import WatchedApp
from wx_domain_exporter.config.schema import Collect
from wx_domain_exporter.lists.domains import DomainList
from wx_domain_exporter.wechat.answer import JsonObject, remember
from wx_domain_exporter.wechat.client import (
    GET_EFFECTIVE_DOMAIN,
    GET_EFFECTIVE_WEBVIEWDOMAIN,
    GETWXADEVINFO,
    QUOTA_GET,
    Api,
    Budget,
)
from wx_domain_exporter.wechat.effective import (
    DOCUMENTED_EFFECTIVE,
    EffectiveLists,
    read_effective_domain,
    read_effective_webviewdomain,
    withheld,
)
from wx_domain_exporter.wechat.errors import DeadlineError, DecodeError, FetchError, QuotaError
from wx_domain_exporter.wechat.quota import Quota, read_quota

log = structlog.get_logger(__name__)

_SECONDS_BETWEEN_QUOTAS = 600.0

Found = TypeVar("Found")


class Ask(Protocol):
    """Calls an API with an app's token."""

    def __call__(
        self,
        api: Api,
        body: Mapping[str, Any],
        budget: Budget,
        api_errors: MutableMapping[str, int],
        read: Callable[[JsonObject], Found],
        *,
        extra: bool,
    ) -> Found:
        """Return what `read` makes of the answer.

        Raises:
            FetchError: there is no good one.
        """


@dataclass(frozen=True, slots=True)
class Findings:
    """What is known of an app beside its lists."""

    effective: Mapping[str, DomainList]
    """The lists in force, by category; a category that could not be had is absent."""

    quota: Quota | None
    """That of getwxadevinfo; None if the last asking failed, or the next one is due."""

    api_errors: Mapping[str, int]
    """By API, the errcode that its last call ended with."""

    withheld: bool = False
    """Whether WeChat answered with empty lists only, although domains are configured: it does not tell."""


_NOTHING = Findings({}, None, {})


class Extra(Generic[Found]):
    """One API, asked for one app. Its calls come one at a time."""

    def __init__(
        self,
        app: WatchedApp,
        api: Api,
        body: Mapping[str, Any],
        ask: Ask,
        read: Callable[[JsonObject], Found],
    ) -> None:
        self.api = api
        self.rest = Rest()
        self.api_errors: dict[str, int] = {}
        """The errcode that its last call ended with, by the name of its API; empty if there was none."""
        self.held_up = False
        """Whether its last call kept a worker busy for long without an answer."""
        self.failing = False
        """Whether its last call that was made ended without a good answer; logged when it turns."""
        self._names = {"appid": app.appid, "name": app.name, "api": api.name}
        self._body = body
        self._ask = ask
        self._read = read

    def ask(self, budget: Budget) -> Found | None:
        """Return what the API says, or None for a failure; never raises."""
        try:
            found = self._ask(self.api, self._body, budget, self.api_errors, self._read, extra=True)
        except FetchError as error:
            self._failed(error)
            return None
        except Exception as bug:  # an answer that trips our code may cost its own series only
            log.exception("a call broke", **self._names)
            self._failed(DecodeError(f"internal error: {type(bug).__name__}"))
            return None
        self.held_up = False
        self.rest.end()
        if self.failing:
            self.failing = False
            log.info("call works again", **self._names)
        return found

    def inherit(self, old: "Extra[Any]") -> None:
        """Take over how the last call ended from the configuration before."""
        self.api_errors = dict(old.api_errors)
        self.held_up, self.failing = old.held_up, old.failing

    def _failed(self, error: FetchError) -> None:
        self.held_up = error.holds_up
        if isinstance(error, QuotaError):
            self.rest.begin(error)
        # A call that nobody had the time for says nothing of its API.
        if not self.failing and not isinstance(error, DeadlineError):
            self.failing = True
            log.warning("call fails", **self._names, reason=error.reason, error=str(error))


class Extras:
    """All that is asked for one app. `run` comes once at a time; `fetch/fetcher.py` sees to that.

    Other threads see what the last run left: it is replaced as a whole when the next one ends.
    """

    __slots__ = (
        "_effective",
        "_known",
        "_names",
        "_quota",
        "_withheld",
        "quota_due",
        "seen",
        "strikes",
        "tried",
    )

    def __init__(self, app: WatchedApp, collect: Collect, action: str | None, ask: Ask) -> None:
        self.strikes = 0
        """How many runs in a row kept a worker busy for long without an answer."""
        self.tried: float | None = None
        """Unix time at which the last run ended."""
        self.seen: tuple[str, ...] = ()
        """The undocumented categories that this app had in force."""
        self._effective: list[Extra[EffectiveLists]] = []
        self._quota: Extra[Quota] | None = None
        if collect.effective and action != "getbizdomain":
            self._effective.append(Extra(app, GET_EFFECTIVE_DOMAIN, {}, ask, self._read_effective))
        if collect.effective and action != "getserverdomain":
            web = Extra(app, GET_EFFECTIVE_WEBVIEWDOMAIN, {}, ask, read_effective_webviewdomain)
            self._effective.append(web)
        if collect.quota:
            self._quota = Extra(app, QUOTA_GET, {"cgi_path": GETWXADEVINFO.path}, ask, read_quota)
        self.quota_due = 0.0
        """From when on the quota is asked again, in seconds of `time.monotonic()`."""
        self._known = _NOTHING
        self._names = {"appid": app.appid, "name": app.name}
        self._withheld = False
        """Whether the last answers withheld the lists in force; logged when that begins."""

    def inherit(self, old: "Extras", *, same_way: bool) -> None:
        """Take over what is known of the same app from the configuration before.

        Args:
            old: what was known.
            same_way: whether the app is still asked with the same client and token source.
        """
        self.strikes, self.tried, self.seen = old.strikes, old.tried, old.seen
        if not same_way:
            return
        before = {extra.api: extra for extra in old.all()}
        for extra in self.all():
            if extra.api in before:
                extra.inherit(before[extra.api])
        self.quota_due, self._withheld = old.quota_due, old._withheld  # noqa: SLF001 - of the same class
        self._known = Findings({}, old.known().quota if self._quota else None, self._api_errors())

    def resume(self) -> None:
        """End all pauses, that after a quota that could not be had too: the configuration was read again."""
        for extra in self.all():
            extra.rest.end()
        if self._known.quota is None:
            self.quota_due = 0.0

    def all(self) -> "tuple[Extra[Any], ...]":
        """Return the APIs that are asked."""
        return (*self._effective, *((self._quota,) if self._quota else ()))

    def due(self, *, lists: bool) -> bool:
        """Whether there is something to ask.

        Args:
            lists: whether the app's own lists are there: only then is asked which are in force.
        """
        return self._due_quota() is not None or bool(lists and self._due_effective())

    def known(self) -> Findings:
        """Return what is known without asking: the quota until the next one is due, and errcodes."""
        known = self._known
        if known.quota is None or time.monotonic() < self.quota_due:
            return known
        return Findings({}, None, known.api_errors)

    def run(self, budget: Budget, configured: Mapping[str, DomainList] | None) -> Findings:
        """Ask for all that is due; never raises.

        The quota goes first, for it is asked once in a long while; what held up the last time goes last.

        Args:
            budget: whose time it takes.
            configured: the app's own lists; without them is not asked which are in force.
        """
        held_up = False
        quota, due = self.known().quota, self._due_quota()
        if due is not None:
            quota = due.ask(budget)
            held_up = due.held_up
            self.quota_due = time.monotonic() + _SECONDS_BETWEEN_QUOTAS
        answers: list[EffectiveLists] = []
        effective_due = [] if configured is None else self._due_effective()
        for extra in sorted(effective_due, key=lambda extra: extra.held_up):
            answer = extra.ask(budget) if budget.spare() > 0 else None
            if answer is not None:
                answers.append(answer)
            held_up |= extra.held_up
        effective, is_withheld = self._told(answers, configured or {})
        self.strikes = self.strikes + 1 if held_up else 0
        self.tried = time.time()
        self._known = Findings({}, quota, self._api_errors())
        return Findings(effective, quota, self._known.api_errors, is_withheld)

    def _told(
        self, answers: Sequence[EffectiveLists], configured: Mapping[str, DomainList]
    ) -> tuple[dict[str, DomainList], bool]:
        """Return the lists in force, and whether WeChat withholds them: then blank answers are left out."""
        is_withheld = withheld(answers, configured)
        if is_withheld and not self._withheld:
            log.warning("WeChat does not tell which lists are in force: its answers are empty", **self._names)
        if answers:
            self._withheld = is_withheld
        told = [one.lists for one in answers if not (is_withheld and one.blank)]
        return {category: listed for lists in told for category, listed in lists.items()}, is_withheld

    def _due_quota(self) -> Extra[Quota] | None:
        quota = self._quota
        if quota is None or quota.rest.lasts() or time.monotonic() < self.quota_due:
            return None
        return quota

    def _due_effective(self) -> list[Extra[EffectiveLists]]:
        return [extra for extra in self._effective if not extra.rest.lasts()]

    def _api_errors(self) -> dict[str, int]:
        return {api: errcode for extra in self.all() for api, errcode in extra.api_errors.items()}

    def _read_effective(self, answer: JsonObject) -> EffectiveLists:
        found = read_effective_domain(answer, self.seen)
        self.seen = remember(self.seen, found.lists, DOCUMENTED_EFFECTIVE)
        return found
