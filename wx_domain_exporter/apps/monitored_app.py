"""One watched mini program: how it is fetched once, and what is remembered of it between scrapes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from wx_domain_exporter.apps.extra_calls import ExtraCalls, ExtraResult
from wx_domain_exporter.apps.token_usage import TokenUsage
from wx_domain_exporter.clock import SYSTEM_CLOCK, Clock
from wx_domain_exporter.config.loader import AppSettings
from wx_domain_exporter.config.schema import Collect
from wx_domain_exporter.deadline import SharedDeadline
from wx_domain_exporter.domains.baseline import Drift, drifts
from wx_domain_exporter.domains.domain_list import DomainList
from wx_domain_exporter.domains.history import Change, History
from wx_domain_exporter.wechat.apis import GETWXADEVINFO
from wx_domain_exporter.wechat.authenticated_client import SHARED_TOKEN, AuthenticatedClient
from wx_domain_exporter.wechat.client import ApiClient
from wx_domain_exporter.wechat.errors import (
    ApiError,
    DeadlineError,
    DecodeError,
    FetchError,
    Reason,
    TokenError,
)
from wx_domain_exporter.wechat.quota_cooldown import QuotaCooldown
from wx_domain_exporter.wechat.responses import DomainListsParser
from wx_domain_exporter.wechat.tokens.source import TokenSource

log = structlog.get_logger(__name__)

_NO_EXTRAS = Collect()


@dataclass(frozen=True, slots=True)
class FetchResult:
    """How a fetch ended."""

    categories: Mapping[str, DomainList] | None
    """The lists of a good answer; None for a failure."""

    error: FetchError | None
    api_errors: Mapping[str, int]
    """By API, the errcode that its last call for this app ended with."""

    seconds: float
    """The fetch's time, tokens and retries included."""

    timestamp: float
    """Unix time at which it was known."""

    last_success: float | None
    """Unix time of the last good answer."""

    token: str | None = field(default=None, repr=False)
    """The token that the answer came for."""

    @property
    def reason(self) -> Reason | None:
        """Return why the app failed; None if it did not."""
        return None if self.error is None else self.error.reason

    @property
    def has_token(self) -> bool:
        """Whether WeChat answered to the app's token, be it with an errcode."""
        return self.error is None or isinstance(self.error, ApiError)


class MonitoredApp:
    """One configured mini program. Its fetches come one at a time, and so do the runs of its extras.

    A fetch and a run may overlap. What both write is `api_errors` alone: the run only for the APIs of tokens,
    which the token source lets one task at a time call. Tasks of one thread need no lock for it.
    """

    def __init__(
        self,
        app: AppSettings,
        client: ApiClient,
        source: TokenSource,
        ledger: TokenUsage,
        action: str | None,
        *,
        collect: Collect = _NO_EXTRAS,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.settings = app
        self.client = client
        self.source = source
        self.last_result: FetchResult | None = None
        """The outcome of the last fetch that ended."""
        self.consecutive_timeouts = 0
        """How many fetches in a row kept a worker busy for long without an answer."""
        self.last_success: float | None = None
        """Unix time of the last good answer."""
        self.history = History()
        """The lists of the last good answer, and how they changed up to it."""
        self._ledger = ledger
        self._clock = clock
        self.action = action
        """What getwxadevinfo is asked for; None: everything."""
        self.api_errors: dict[str, int] = {}
        """By API of the fetches and the tokens, the errcode that its last call ended with."""
        self.wechat = AuthenticatedClient(client, source, self.api_errors, self._claim)
        """Calls WeChat with the app's token."""
        self.parser = DomainListsParser(action)
        """Parses the app's lists."""
        self.collect = collect
        """What the extras ask for."""
        self.extra_calls = ExtraCalls(app, collect, action, self.wechat, clock)
        self.extra_result = self.extra_calls.known()
        """What belongs to the last outcome beside its lists; `fetch/fetcher.py` sees to that."""
        self.extras_pending = False
        """Whether nobody had the time for all of that; `fetch/fetcher.py` sees to that too."""
        self._quota_cooldown = QuotaCooldown(clock)
        self.exceeds_max_domains = False
        """Whether it had more domains than one app may export, when that was looked at last."""
        self._drifts: tuple[Mapping[str, DomainList], Mapping[str, Drift]] | None = None
        """The lists that were compared last, and how they differed."""

    def inherit(self, old: "MonitoredApp") -> None:
        """Take over what is known of the same appid from the configuration before."""
        self.consecutive_timeouts = old.consecutive_timeouts
        self.exceeds_max_domains = old.exceeds_max_domains
        if self.source is old.source:  # what another source's token showed may be another app's
            self.last_success = old.last_success
            self.history = old.history.copy()  # a fetch of the old one may still be on its way
            self.parser.known = self.history.lists
            if self.action == old.action:
                self.parser.seen = old.parser.seen
        same_way = self.client is old.client and self.source is old.source
        self.extra_calls.inherit(old.extra_calls, same_way=same_way)
        if same_way:
            self.last_result = old.last_result
            self.api_errors.update(old.api_errors)
            self.extra_result = old.extra_result if self.collect == old.collect else self.extra_calls.known()

    def resume(self) -> None:
        """End all pauses: the configuration was read again."""
        self._quota_cooldown.end()
        self.extra_calls.resume()
        self.source.resume()

    def fetch(self, deadline: SharedDeadline) -> FetchResult:
        """Ask WeChat for the app's lists; never raises."""
        if self.last_result is not None and self._quota_cooldown.is_active():
            return self.last_result
        begin = self._clock.monotonic()
        categories, error = None, None
        try:
            body = {} if self.action is None else {"action": self.action}
            categories = self.wechat.call(GETWXADEVINFO, body, deadline, self.parser)
        except FetchError as failure:
            error = failure.to_keep()
        except Exception as bug:  # an answer that trips our code may cost its own app only
            log.exception("a fetch broke", appid=self.settings.appid)
            error = DecodeError(f"internal error: {type(bug).__name__}")
        timestamp = self._clock.time() if error is None or error.at is None else error.at
        if error is None:
            self._quota_cooldown.end()
            self.last_success = timestamp
        else:
            self._quota_cooldown.begin_after(error)
        seconds, api_errors = self._clock.monotonic() - begin, dict(self.api_errors)
        token, last_success = self.wechat.token, self.last_success
        result = FetchResult(categories, error, api_errors, seconds, timestamp, last_success, token)
        if categories is not None:
            self._note_lists(categories, result)
        self.consecutive_timeouts = (
            self.consecutive_timeouts + 1 if error is not None and error.timed_out else 0
        )
        self._log_state_change(result)
        self.last_result = result
        return result

    def check_max_domains(self, domains: int, most: int) -> bool:
        """Whether the app has more domains than one app may export; logged when it begins and ends."""
        over = domains > most
        if over != self.exceeds_max_domains:
            self.exceeds_max_domains = over
            what = "too many domains: wx_domain_info is left out" if over else "domains are exported again"
            log.warning(
                what, appid=self.settings.appid, name=self.settings.name, domains=domains, max_domains=most
            )
        return over

    def drifts(self, lists: Mapping[str, DomainList]) -> Mapping[str, Drift]:
        """Return how lists of the app differ from its baseline; the same lists are compared once."""
        last = self._drifts
        if last is None or last[0] is not lists:
            last = self._drifts = lists, drifts(self.settings.baseline, lists)
        return last[1]

    def deadline_result(self, waited: float) -> FetchResult:
        """Return the outcome for a scrape that could not wait for this app, `waited` seconds long."""
        error = DeadlineError("the scrape's time was over")
        return FetchResult(None, error, dict(self.api_errors), waited, self._clock.time(), self.last_success)

    @property
    def shares_token(self) -> bool:
        """Whether another app received the same token, so that the answers may be that one's."""
        return self._is_shared(self._ledger.current(self.settings.appid))

    @property
    def known_lists(self) -> Mapping[str, DomainList] | None:
        """Return the lists of the last good answer; None before it, or if they may be another app's."""
        return None if self.shares_token else self.history.lists

    def checked_result(self, result: FetchResult) -> FetchResult:
        """Return the outcome to show: a failure if another app received the same token."""
        if result.categories is None:
            return result
        current = self._ledger.current(self.settings.appid)
        if not (self._is_shared(result.token) or (current != result.token and self._is_shared(current))):
            return result
        return FetchResult(
            None,
            TokenError(f"{self.source.describes}: {SHARED_TOKEN}"),
            result.api_errors,
            result.seconds,
            result.timestamp,
            self.last_success,
        )

    def checked_extra_result(self, extra_result: ExtraResult) -> ExtraResult:
        """Return the findings to show: none of another app that received the same token."""
        if extra_result.says_nothing or not self.shares_token:
            return extra_result
        return ExtraResult({}, None, extra_result.api_errors)

    def forget_lists(self) -> None:
        """Forget what the app's answers showed: they may be those of another app with the same token."""
        self.history.clear()
        self.parser.forget()
        self.last_success = None

    def _note_lists(self, categories: Mapping[str, DomainList], result: FetchResult) -> None:
        changes = self.history.note(categories, result.timestamp)
        # Checked after it was noted: if the conflict comes later still, the ledger calls `forget`.
        if self._is_shared(result.token):
            self.forget_lists()
        else:
            self._log_changes(changes)

    def _claim(self, token: str) -> bool:
        return self._ledger.claim(self.settings.appid, token, self.forget_lists)

    def _is_shared(self, token: str | None) -> bool:
        return self._ledger.shared(self.settings.appid, token)

    def _log_changes(self, changes: Sequence[Change]) -> None:
        for change in changes:
            log.info(
                "domains changed",
                appid=self.settings.appid,
                name=self.settings.name,
                category=change.category,
                added=" ".join(change.added),
                removed=" ".join(change.removed),
                left_out=change.left_out,
            )

    def _log_state_change(self, result: FetchResult) -> None:
        """Log what changed since the last fetch; a scrape that is like the one before logs nothing."""
        before = self.last_result.reason if self.last_result is not None else None
        if result.reason != before or (self.last_result is None and result.error is not None):
            names = {"appid": self.settings.appid, "name": self.settings.name}
            if result.error is None:
                log.info("app answers again", **names)
            else:
                log.warning("app fails", **names, reason=result.reason, error=str(result.error))
