"""The extra calls of one app: the domain lists in force, and what is left of the quota.

They come after the fetch of the configured lists, and their failures do not change `wx_domain_up`.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import structlog

from wx_domain_exporter.apps.extra_call import ExtraCall
from wx_domain_exporter.apps.results import NO_EXTRA_RESULT, ExtraResult
from wx_domain_exporter.backoff import Cooldown
from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock
from wx_domain_exporter.config.schema import Collect
from wx_domain_exporter.config.settings import AppSettings
from wx_domain_exporter.deadline import SharedDeadline
from wx_domain_exporter.domains.domain_list import DomainList
from wx_domain_exporter.wechat.apis import (
    GET_EFFECTIVE_DOMAIN,
    GET_EFFECTIVE_WEBVIEWDOMAIN,
    GETWXADEVINFO,
    QUOTA_GET,
)
from wx_domain_exporter.wechat.authenticated_client import AuthenticatedClient
from wx_domain_exporter.wechat.effective_domains import (
    DOCUMENTED_EFFECTIVE,
    EffectiveLists,
    read_effective_domain,
    read_effective_webviewdomain,
    withheld,
)
from wx_domain_exporter.wechat.quota import Quota, read_quota
from wx_domain_exporter.wechat.responses import JsonObject, JsonParser, undocumented_categories

log = structlog.get_logger(__name__)

_QUOTA_INTERVAL_SECONDS = 600.0


class ExtraCalls:
    """All extra calls of one app; the scheduler makes one `run` at a time.

    Other threads read the result of the last run, which is replaced as a whole when the next one ends.
    """

    __slots__ = (
        "_clock",
        "_effective",
        "_names",
        "_quota",
        "_quota_received",
        "_result",
        "_wechat",
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
        self._wechat = wechat
        self.consecutive_timeouts = 0
        """In how many runs in a row a call kept a worker busy until its timeout."""
        self.last_run: float | None = None
        """Unix time at which the last run ended."""
        self.seen_categories: tuple[str, ...] = ()
        """The undocumented categories that the app's lists in force have had."""
        self._effective: list[ExtraCall[EffectiveLists]] = []
        self._quota: ExtraCall[Quota] | None = None
        extra_call = partial(ExtraCall, app=app, wechat=wechat, clock=clock)
        if collect.effective and action != "getbizdomain":
            effective_parser = JsonParser(self._read_effective)
            self._effective.append(extra_call(api=GET_EFFECTIVE_DOMAIN, parser=effective_parser))
        if collect.effective and action != "getserverdomain":
            webview_parser = JsonParser(read_effective_webviewdomain)
            self._effective.append(extra_call(api=GET_EFFECTIVE_WEBVIEWDOMAIN, parser=webview_parser))
        if collect.quota:
            body = {"cgi_path": GETWXADEVINFO.path}
            self._quota = extra_call(api=QUOTA_GET, parser=JsonParser(read_quota), body=body)
        self.quota_interval = Cooldown(clock)
        """Active until the quota may be queried again."""
        self._result = NO_EXTRA_RESULT
        self._quota_received = 0.0
        """The monotonic time at which the quota was received."""
        self._names = {"appid": app.appid, "name": app.name}
        self._withheld = False
        """Whether the last answers withheld the lists in force; logged when that begins."""

    def inherit(self, old: "ExtraCalls", *, keep_answers: bool) -> None:
        """Take over the state of the same app from the previous configuration.

        Args:
            old: the app's extra calls until now.
            keep_answers: whether the client and the token source are still the same, so that earlier
                answers remain valid.
        """
        self.consecutive_timeouts = old.consecutive_timeouts
        self.last_run, self.seen_categories = old.last_run, old.seen_categories
        if not keep_answers:
            return
        old_calls = {extra_call.api: extra_call for extra_call in old.all()}
        for extra_call in self.all():
            if extra_call.api in old_calls:
                extra_call.inherit(old_calls[extra_call.api])
        self.quota_interval, self._withheld = old.quota_interval, old._withheld  # noqa: SLF001 - of the same class
        self._quota_received = old._quota_received  # noqa: SLF001 - as above
        self._result = ExtraResult({}, old.known().quota if self._quota else None, self._api_errors())

    def forget(self) -> None:
        """Forget what the answers said: they may be those of another app."""
        self.seen_categories, self._withheld = (), False
        self._result = ExtraResult({}, None, self._result.api_errors)
        self.quota_interval.end()

    def resume(self) -> None:
        """End all cooldowns, and the wait after a failed quota query: the configuration was reloaded."""
        for extra_call in self.all():
            extra_call.quota_cooldown.end()
        if self._result.quota is None:
            self.quota_interval.end()

    def all(self) -> "tuple[ExtraCall[Any], ...]":
        """Return the calls of all APIs that the configuration asks for."""
        return (*self._effective, *((self._quota,) if self._quota else ()))

    def due(self, *, lists: bool) -> bool:
        """Whether a run would make any call.

        Args:
            lists: whether the app's configured lists are known; without them, the lists in force are not
                fetched.
        """
        return self._due_quota() is not None or bool(lists and self._due_effective())

    def known(self) -> ExtraResult:
        """Return what is known without a call: errcodes, and the quota until the next query is due."""
        if self._result.quota is not None and self._wechat.is_doubtful(self._quota_received):
            self.forget()
        if self._result.quota is None or self.quota_interval.is_active():
            return self._result
        return ExtraResult({}, None, self._result.api_errors)

    def run(self, deadline: SharedDeadline, configured: Mapping[str, DomainList] | None) -> ExtraResult:
        """Make all calls that are due; never raises.

        The quota comes first, because it is queried only once in ten minutes.

        Args:
            deadline: until when calls may begin.
            configured: the app's configured lists; without them, the lists in force are not fetched.
        """
        timed_out = False
        quota, quota_call = self.known().quota, self._due_quota()
        if quota_call is not None:
            quota = quota_call.call(deadline)
            self._quota_received = self._clock.monotonic()
            timed_out = quota_call.timed_out
            self.quota_interval.begin(_QUOTA_INTERVAL_SECONDS)
        effective: dict[str, DomainList] = {}
        is_withheld = False
        if configured is not None:
            due = self._due_effective()
            effective, is_withheld = self._call_effective(due, deadline, configured)
            timed_out |= any(extra_call.timed_out for extra_call in due)
        self.consecutive_timeouts = self.consecutive_timeouts + 1 if timed_out else 0
        self.last_run = self._clock.time()
        self._result = ExtraResult({}, quota, self._api_errors())
        return ExtraResult(effective, quota, self._result.api_errors, is_withheld)

    def _call_effective(
        self,
        due: "Sequence[ExtraCall[EffectiveLists]]",
        deadline: SharedDeadline,
        configured: Mapping[str, DomainList],
    ) -> tuple[dict[str, DomainList], bool]:
        """Return the lists in force, and whether WeChat withholds any, whose empty answers are left out."""
        answers: list[EffectiveLists] = []
        for extra_call in sorted(due, key=lambda extra_call: extra_call.timed_out):
            answer = extra_call.call(deadline) if deadline.remaining() > 0 else None
            if answer is not None:
                answers.append(answer)
        is_withheld = withheld(answers, configured)
        if is_withheld and not self._withheld:
            log.warning("WeChat withholds the domains in force: it answers with empty lists", **self._names)
        if answers:
            self._withheld = is_withheld
        lists: dict[str, DomainList] = {}
        for answer in answers:
            if not (is_withheld and answer.blank):
                lists.update(answer.lists)
        return lists, is_withheld

    def _due_quota(self) -> ExtraCall[Quota] | None:
        quota = self._quota
        if quota is None or quota.quota_cooldown.is_active() or self.quota_interval.is_active():
            return None
        return quota

    def _due_effective(self) -> list[ExtraCall[EffectiveLists]]:
        return [extra_call for extra_call in self._effective if not extra_call.quota_cooldown.is_active()]

    def _api_errors(self) -> dict[str, int]:
        return {api: errcode for extra_call in self.all() for api, errcode in extra_call.api_errors.items()}

    def _read_effective(self, answer: JsonObject) -> EffectiveLists:
        effective = read_effective_domain(answer, self.seen_categories)
        self.seen_categories = undocumented_categories(
            self.seen_categories, effective.lists, DOCUMENTED_EFFECTIVE
        )
        return effective
