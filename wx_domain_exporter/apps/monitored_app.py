"""One configured mini program: its fetches, and what is kept of it between scrapes."""

from collections.abc import Mapping, Sequence

import structlog

from wx_domain_exporter.apps.extra_calls import ExtraCalls
from wx_domain_exporter.apps.results import ExtraResult, FetchResult
from wx_domain_exporter.apps.status_history import FetchStatus, StatusHistory
from wx_domain_exporter.apps.token_usage import TokenUsage
from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock
from wx_domain_exporter.config.schema import Collect
from wx_domain_exporter.config.settings import AppSettings
from wx_domain_exporter.deadline import SharedDeadline
from wx_domain_exporter.domains.baseline import Drift, drifts
from wx_domain_exporter.domains.domain_list import DomainList
from wx_domain_exporter.domains.history import Change, History
from wx_domain_exporter.wechat.apis import GETWXADEVINFO
from wx_domain_exporter.wechat.authenticated_client import SHARED_TOKEN, AuthenticatedClient
from wx_domain_exporter.wechat.client import ApiClient
from wx_domain_exporter.wechat.errors import DeadlineError, DecodeError, FetchError, TokenError
from wx_domain_exporter.wechat.quota_cooldown import QuotaCooldown
from wx_domain_exporter.wechat.responses import DomainListsParser
from wx_domain_exporter.wechat.tokens.source import TokenSource

log = structlog.get_logger(__name__)

_NO_EXTRAS = Collect()


class MonitoredApp:
    """One configured mini program, with at most one fetch and one run of its extra calls at a time.

    A fetch and a run of the extra calls may overlap. Both write `api_errors`, the extra calls only for the
    APIs of tokens, which the token source lets one task at a time call. All tasks share one thread, so no
    lock is needed.
    """

    def __init__(
        self,
        app: AppSettings,
        client: ApiClient,
        source: TokenSource,
        token_usage: TokenUsage,
        action: str | None,
        *,
        collect: Collect = _NO_EXTRAS,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.settings = app
        self.client = client
        self.source = source
        self.last_result: FetchResult | None = None
        """The result of the last fetch."""
        self.last_run: float | None = None
        """When the last fetch ended, in seconds of the clock's `monotonic`."""
        self.consecutive_timeouts = 0
        """How many fetches in a row kept a worker busy until a timeout, or for long with a huge response."""
        self.last_success: float | None = None
        """Unix time of the last successful fetch."""
        self.history = History()
        """The lists of the last successful fetch, and their changes up to it."""
        self.status_history = StatusHistory()
        """How the last fetches ended."""
        self._token_usage = token_usage
        self._clock = clock
        self.action = action
        """The `action` of getwxadevinfo; None: all lists."""
        self.api_errors: dict[str, int] = {}
        """By API of the fetches and of the tokens, the errcode of its last call."""
        self.wechat = AuthenticatedClient(client, source, self.api_errors, self._claim)
        """Calls WeChat with the app's token."""
        self.parser = DomainListsParser(action)
        """Parses the app's lists."""
        self.collect = collect
        """Which extra calls are made."""
        self.extra_calls = ExtraCalls(app, collect, action, self.wechat, clock)
        self.extra_result = self.extra_calls.known()
        """The result of the extra calls that belongs to `last_result`; set by the scheduler."""
        self.extras_pending = False
        """Whether the deadline left some of the extra calls undone; set by the scheduler."""
        self._quota_cooldown = QuotaCooldown(clock)
        self.exceeds_max_domains = False
        """Whether `check_max_domains` last found more domains than one app may export."""
        self._drifts: tuple[Mapping[str, DomainList], Mapping[str, Drift]] | None = None
        """The lists that were compared with the baseline last, and how they differ from it."""

    def inherit(self, old: "MonitoredApp") -> None:
        """Take over what is known of the same AppID from the previous configuration."""
        self.consecutive_timeouts = old.consecutive_timeouts
        self.exceeds_max_domains = old.exceeds_max_domains
        self.status_history = old.status_history.copy()  # a fetch of the old app may still be running
        if self.source is old.source:  # the answers to another source's tokens may be another app's
            self.last_success = old.last_success
            self.history = old.history.copy()  # as above
            self.parser.known = self.history.lists
            if self.action == old.action:
                self.parser.seen = old.parser.seen
        keep_answers = self.client is old.client and self.source is old.source
        self.extra_calls.inherit(old.extra_calls, keep_answers=keep_answers)
        if keep_answers:
            self.last_result, self.last_run = old.last_result, old.last_run
            self.api_errors.update(old.api_errors)
            self.extra_result = old.extra_result if self.collect == old.collect else self.extra_calls.known()

    def resume(self) -> None:
        """End all cooldowns: the configuration was reloaded."""
        self._quota_cooldown.end()
        self.extra_calls.resume()
        self.source.resume()

    def fetch(self, deadline: SharedDeadline) -> FetchResult:
        """Fetch the app's lists from WeChat, or return the last result during a cooldown; never raises."""
        if self.last_result is not None and self._quota_cooldown.is_active():
            self._note_status(self.last_result)
            return self.last_result
        begin = self._clock.monotonic()
        categories, error = None, None
        try:
            body = {} if self.action is None else {"action": self.action}
            categories = self.wechat.call(GETWXADEVINFO, body, deadline, self.parser)
        except FetchError as failure:
            error = failure.without_traceback()
        except Exception as bug:  # an answer that our code can't handle costs only this app
            log.exception("unexpected error in a fetch", appid=self.settings.appid)
            error = DecodeError(f"internal error: {type(bug).__name__}")
        result = self._make_result(categories, error, self._clock.monotonic() - begin)
        if categories is not None:
            self._note_lists(categories, result)
        self._log_state_change(result)
        self._note_status(result)
        self.last_result, self.last_run = result, self._clock.monotonic()
        return result

    def check_max_domains(self, domains: int, max_domains: int) -> bool:
        """Return whether the app has more domains than one app may export; log when that begins and ends."""
        exceeds = domains > max_domains
        if exceeds != self.exceeds_max_domains:
            self.exceeds_max_domains = exceeds
            event = (
                "too many domains: wx_domain_info is left out" if exceeds else "domains are exported again"
            )
            log.warning(event, **self._names, domains=domains, max_domains=max_domains)
        return exceeds

    def drifts(self, lists: Mapping[str, DomainList]) -> Mapping[str, Drift]:
        """Return how lists of the app differ from its baseline; the same lists are compared only once."""
        last = self._drifts
        if last is None or last[0] is not lists:
            last = self._drifts = lists, drifts(self.settings.baseline, lists)
        return last[1]

    def deadline_result(self, waited: float) -> FetchResult:
        """Return the result for a scrape whose deadline passed first, after it waited `waited` seconds."""
        error = DeadlineError("the scrape's deadline passed before the app was fetched")
        return FetchResult(None, error, dict(self.api_errors), waited, self._clock.time(), self.last_success)

    @property
    def shares_token(self) -> bool:
        """Whether another app received the same token, so that the answers may be that app's."""
        return self._is_shared(self._token_usage.current_token(self.settings.appid))

    @property
    def known_lists(self) -> Mapping[str, DomainList] | None:
        """Return the lists of the last successful fetch; None if they may be another app's."""
        return None if self.shares_token else self.history.lists

    def checked_result(self, result: FetchResult) -> FetchResult:
        """Return the result to show: a failure if another app received the same token."""
        if result.categories is None:
            return result
        if not (self._is_shared(result.token) or self.shares_token):
            return result
        return FetchResult(
            None,
            TokenError(f"{self.source.type_name}: {SHARED_TOKEN}"),
            result.api_errors,
            result.seconds,
            result.timestamp,
            self.last_success,
        )

    def checked_extra_result(self, extra_result: ExtraResult) -> ExtraResult:
        """Return the extra result to show: only errcodes if another app received the same token."""
        if not extra_result.has_answers or not self.shares_token:
            return extra_result
        return ExtraResult({}, None, extra_result.api_errors)

    @property
    def seconds_until_trial(self) -> float:
        """Return the seconds for which scrapes make no call, after a refusal or a used-up quota."""
        return max(self._quota_cooldown.seconds_left, self.source.pause_seconds)

    def forget_answers(self) -> None:
        """Forget the app's lists and quota: they may be those of another app that received the same token."""
        self.history.clear()
        self.parser.forget()
        self.extra_calls.forget()
        self.extra_result = self.extra_calls.known()
        self.last_success = None

    def _make_result(
        self, categories: Mapping[str, DomainList] | None, error: FetchError | None, seconds: float
    ) -> FetchResult:
        """Make the result of a fetch, and note what it means for the next ones."""
        timestamp = self._clock.time() if error is None or error.occurred_at is None else error.occurred_at
        if error is None:
            self._quota_cooldown.end()
            self.last_success = timestamp
        else:
            self._quota_cooldown.begin_after(error)
        timed_out = (error is not None and error.timed_out) or self.parser.is_costly
        self.consecutive_timeouts = self.consecutive_timeouts + 1 if timed_out else 0
        api_errors, token = dict(self.api_errors), self.wechat.token
        return FetchResult(categories, error, api_errors, seconds, timestamp, self.last_success, token)

    def _note_lists(self, categories: Mapping[str, DomainList], result: FetchResult) -> None:
        changes = self.history.note(categories, result.timestamp)
        # Checked after the lists are stored: after a later conflict, `TokenUsage` calls `forget_answers`.
        if self._is_shared(result.token):
            self.forget_answers()
        else:
            self._log_changes(changes)

    def _note_status(self, result: FetchResult) -> None:
        status = FetchStatus.OK
        if result.categories is None:
            status = FetchStatus.FAILING
        elif self.settings.baseline:
            drifts = self.drifts(result.categories)
            status = (
                FetchStatus.OK if all(drift.matches for drift in drifts.values()) else FetchStatus.DRIFTED
            )
        self.status_history.note(status, result.timestamp)

    def _claim(self, token: str) -> bool:
        return self._token_usage.claim(self.settings.appid, token, self.forget_answers)

    def _is_shared(self, token: str | None) -> bool:
        return self._token_usage.is_shared(self.settings.appid, token)

    @property
    def _names(self) -> dict[str, str]:
        return {"appid": self.settings.appid, "name": self.settings.name}

    def _log_changes(self, changes: Sequence[Change]) -> None:
        for change in changes:
            log.info(
                "domains changed",
                **self._names,
                category=change.category,
                added=" ".join(change.added),
                removed=" ".join(change.removed),
                left_out=change.left_out,
            )

    def _log_state_change(self, result: FetchResult) -> None:
        """Log when the app begins to fail, fails for another reason, or recovers."""
        last_reason = self.last_result.reason if self.last_result is not None else None
        if result.reason == last_reason:
            return
        if result.error is None:
            log.info("app recovered", **self._names)
        else:
            log.warning("app fails", **self._names, reason=result.reason, error=str(result.error))
