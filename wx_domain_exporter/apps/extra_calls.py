"""What is asked of WeChat beside an app's lists: what is in force, and what is left of the quota.

None of it is part of the fetch that `wx_domain_up` speaks of: it comes after it, and fails for itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

import structlog

from wx_domain_exporter.backoff import Cooldown
from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock
from wx_domain_exporter.config.loader import AppSettings
from wx_domain_exporter.config.schema import Collect
from wx_domain_exporter.deadline import SharedDeadline
from wx_domain_exporter.domains.domain_list import DomainList
from wx_domain_exporter.wechat.apis import (
    GET_EFFECTIVE_DOMAIN,
    GET_EFFECTIVE_WEBVIEWDOMAIN,
    GETWXADEVINFO,
    QUOTA_GET,
    Api,
)
from wx_domain_exporter.wechat.authenticated_client import AuthenticatedClient
from wx_domain_exporter.wechat.effective_domains import (
    DOCUMENTED_EFFECTIVE,
    EffectiveLists,
    read_effective_domain,
    read_effective_webviewdomain,
    withheld,
)
from wx_domain_exporter.wechat.errors import DeadlineError, DecodeError, FetchError
from wx_domain_exporter.wechat.quota import Quota, read_quota
from wx_domain_exporter.wechat.quota_cooldown import QuotaCooldown
from wx_domain_exporter.wechat.responses import AnswerParser, JsonObject, ResponseParser, remember

log = structlog.get_logger(__name__)

_SECONDS_BETWEEN_QUOTAS = 600.0
_NO_BODY: Mapping[str, Any] = {}

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class ExtraResult:
    """What is known of an app beside its lists."""

    effective: Mapping[str, DomainList]
    """The lists in force, by category; a category that could not be had is absent."""

    quota: Quota | None
    """That of getwxadevinfo; None if the last asking failed, or the next one is due."""

    api_errors: Mapping[str, int]
    """By API, the errcode that its last call ended with."""

    withheld: bool = False
    """Whether WeChat answered with empty lists only, although domains are configured: it does not tell."""

    @property
    def says_nothing(self) -> bool:
        """Whether it holds nothing of what WeChat answered, but for errcodes."""
        return not (self.effective or self.quota or self.withheld)


_NOTHING = ExtraResult({}, None, {})


class ExtraCall(Generic[Found]):
    """One API, asked for one app. Its calls come one at a time."""

    def __init__(
        self,
        *,
        app: AppSettings,
        api: Api,
        parser: ResponseParser[Found],
        wechat: AuthenticatedClient,
        clock: Clock,
        body: Mapping[str, Any] = _NO_BODY,
    ) -> None:
        self.api = api
        self.quota_cooldown = QuotaCooldown(clock)
        self.api_errors: dict[str, int] = {}
        """The errcode that its last call ended with, by the name of its API; empty if there was none."""
        self.timed_out = False
        """Whether its last call kept a worker busy for long without an answer."""
        self.failing = False
        """Whether its last call that was made ended without a good answer; logged when it turns."""
        self._names = {"appid": app.appid, "name": app.name, "api": api.name}
        self._body = body
        self._wechat = wechat
        self.parser = parser

    def ask(self, deadline: SharedDeadline) -> Found | None:
        """Return what the API says, or None for a failure; never raises."""
        try:
            found = self._wechat.call_once(self.api, self._body, deadline, self.parser, self.api_errors)
        except FetchError as error:
            self._failed(error)
            return None
        except Exception as bug:  # an answer that trips our code may cost its own series only
            log.exception("a call broke", **self._names)
            self._failed(DecodeError(f"internal error: {type(bug).__name__}"))
            return None
        self.timed_out = False
        self.quota_cooldown.end()
        if self.failing:
            self.failing = False
            log.info("call works again", **self._names)
        return found

    def inherit(self, old: "ExtraCall[Any]") -> None:
        """Take over how the last call ended from the configuration before."""
        self.api_errors = dict(old.api_errors)
        self.timed_out, self.failing = old.timed_out, old.failing

    def _failed(self, error: FetchError) -> None:
        self.timed_out = error.timed_out
        self.quota_cooldown.begin_after(error)
        # A call that nobody had the time for says nothing of its API.
        if not self.failing and not isinstance(error, DeadlineError):
            self.failing = True
            log.warning("call fails", **self._names, reason=error.reason, error=str(error))


class ExtraCalls:
    """All that is asked for one app. `run` comes once at a time; `fetch/fetcher.py` sees to that.

    Other threads see what the last run left: it is replaced as a whole when the next one ends.
    """

    __slots__ = (
        "_clock",
        "_effective",
        "_known",
        "_names",
        "_quota",
        "_withheld",
        "consecutive_timeouts",
        "last_run",
        "quota_interval",
        "seen_categories",
    )

    def __init__(
        self,
        app: AppSettings,
        collect: Collect,
        action: str | None,
        wechat: AuthenticatedClient,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._clock = clock
        self.consecutive_timeouts = 0
        """How many runs in a row kept a worker busy for long without an answer."""
        self.last_run: float | None = None
        """Unix time at which the last run ended."""
        self.seen_categories: tuple[str, ...] = ()
        """The undocumented categories that this app had in force."""
        self._effective: list[ExtraCall[EffectiveLists]] = []
        self._quota: ExtraCall[Quota] | None = None
        extra = partial(ExtraCall, app=app, wechat=wechat, clock=clock)
        if collect.effective and action != "getbizdomain":
            self._effective.append(extra(api=GET_EFFECTIVE_DOMAIN, parser=AnswerParser(self._read_effective)))
        if collect.effective and action != "getserverdomain":
            parser = AnswerParser(read_effective_webviewdomain)
            self._effective.append(extra(api=GET_EFFECTIVE_WEBVIEWDOMAIN, parser=parser))
        if collect.quota:
            body = {"cgi_path": GETWXADEVINFO.path}
            self._quota = extra(api=QUOTA_GET, parser=AnswerParser(read_quota), body=body)
        self.quota_interval = Cooldown(clock)
        """Active until the quota is asked again."""
        self._known = _NOTHING
        self._names = {"appid": app.appid, "name": app.name}
        self._withheld = False
        """Whether the last answers withheld the lists in force; logged when that begins."""

    def inherit(self, old: "ExtraCalls", *, same_way: bool) -> None:
        """Take over what is known of the same app from the configuration before.

        Args:
            old: what was known.
            same_way: whether the app is still asked with the same client and token source.
        """
        self.consecutive_timeouts, self.last_run, self.seen_categories = (
            old.consecutive_timeouts,
            old.last_run,
            old.seen_categories,
        )
        if not same_way:
            return
        before = {extra.api: extra for extra in old.all()}
        for extra in self.all():
            if extra.api in before:
                extra.inherit(before[extra.api])
        self.quota_interval, self._withheld = old.quota_interval, old._withheld  # noqa: SLF001 - of the same class
        self._known = ExtraResult({}, old.known().quota if self._quota else None, self._api_errors())

    def resume(self) -> None:
        """End all pauses, that after a quota that could not be had too: the configuration was read again."""
        for extra in self.all():
            extra.quota_cooldown.end()
        if self._known.quota is None:
            self.quota_interval.end()

    def all(self) -> "tuple[ExtraCall[Any], ...]":
        """Return the APIs that are asked."""
        return (*self._effective, *((self._quota,) if self._quota else ()))

    def due(self, *, lists: bool) -> bool:
        """Whether there is something to ask.

        Args:
            lists: whether the app's own lists are there: only then is asked which are in force.
        """
        return self._due_quota() is not None or bool(lists and self._due_effective())

    def known(self) -> ExtraResult:
        """Return what is known without asking: the quota until the next one is due, and errcodes."""
        known = self._known
        if known.quota is None or self.quota_interval.is_active():
            return known
        return ExtraResult({}, None, known.api_errors)

    def run(self, deadline: SharedDeadline, configured: Mapping[str, DomainList] | None) -> ExtraResult:
        """Ask for all that is due; never raises.

        The quota goes first, for it is asked once in a long while; what held up the last time goes last.

        Args:
            deadline: until when calls may begin.
            configured: the app's own lists; without them is not asked which are in force.
        """
        held_up = False
        quota, due = self.known().quota, self._due_quota()
        if due is not None:
            quota = due.ask(deadline)
            held_up = due.timed_out
            self.quota_interval.begin(_SECONDS_BETWEEN_QUOTAS)
        answers: list[EffectiveLists] = []
        effective_due = [] if configured is None else self._due_effective()
        for extra in sorted(effective_due, key=lambda extra: extra.timed_out):
            answer = extra.ask(deadline) if deadline.remaining() > 0 else None
            if answer is not None:
                answers.append(answer)
            held_up |= extra.timed_out
        effective, is_withheld = self._told(answers, configured or {})
        self.consecutive_timeouts = self.consecutive_timeouts + 1 if held_up else 0
        self.last_run = self._clock.time()
        self._known = ExtraResult({}, quota, self._api_errors())
        return ExtraResult(effective, quota, self._known.api_errors, is_withheld)

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

    def _due_quota(self) -> ExtraCall[Quota] | None:
        quota = self._quota
        if quota is None or quota.quota_cooldown.is_active() or self.quota_interval.is_active():
            return None
        return quota

    def _due_effective(self) -> list[ExtraCall[EffectiveLists]]:
        return [extra for extra in self._effective if not extra.quota_cooldown.is_active()]

    def _api_errors(self) -> dict[str, int]:
        return {api: errcode for extra in self.all() for api, errcode in extra.api_errors.items()}

    def _read_effective(self, answer: JsonObject) -> EffectiveLists:
        found = read_effective_domain(answer, self.seen_categories)
        self.seen_categories = remember(self.seen_categories, found.lists, DOCUMENTED_EFFECTIVE)
        return found
