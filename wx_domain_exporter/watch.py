"""One watched mini program: how it is fetched once, and what is remembered of it between scrapes."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from wx_domain_exporter.config import WatchedApp
from wx_domain_exporter.domains import DomainList
from wx_domain_exporter.errcodes import look_up
from wx_domain_exporter.wechat.answer import MAX_CATEGORIES, read_categories, undocumented
from wx_domain_exporter.wechat.client import GETWXADEVINFO, ApiClient, Budget, Caller, Credential
from wx_domain_exporter.wechat.errors import (
    DeadlineError,
    DecodeError,
    FetchError,
    QuotaError,
    Reason,
    TokenError,
)
from wx_domain_exporter.wechat.tokens.source import SECONDS_BETWEEN_TRIALS, TokenSource

log = structlog.get_logger(__name__)

_MIXED_UP = "another app received the same token; each needs its own"


@dataclass(frozen=True, slots=True)
class Outcome:
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

    @property
    def reason(self) -> Reason | None:
        """Return why the app failed; None if it did not."""
        return None if self.error is None else self.error.reason


class TokenLedger:
    """Who uses which token: an answer carries no appid, so a token of two apps would mix up their lists."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._token_of: dict[str, str] = {}
        self._users: dict[str, set[str]] = {}
        self._watched: set[str] | None = None

    def claim(self, appid: str, token: str) -> None:
        """Note that an app uses a token now, instead of the one before."""
        with self._lock:
            # A fetch of an app that the last reload dropped may still be on its way.
            dropped = self._watched is not None and appid not in self._watched
            if not dropped and self._token_of.get(appid) != token:
                self._release(appid)
                self._token_of[appid] = token
                self._users.setdefault(token, set()).add(appid)

    def shared(self, appid: str) -> bool:
        """Whether another app received the same token."""
        with self._lock:
            token = self._token_of.get(appid)
            return token is not None and len(self._users[token]) > 1

    def keep_only(self, appids: set[str]) -> None:
        """Forget the apps that are watched no longer."""
        with self._lock:
            self._watched = appids
            for appid in self._token_of.keys() - appids:
                self._release(appid)

    def _release(self, appid: str) -> None:
        token = self._token_of.pop(appid, None)
        if token is not None:
            self._users[token].discard(appid)
            if not self._users[token]:
                del self._users[token]


class Watch:
    """One configured mini program. Its fetches come one at a time; `fetch` sees to that."""

    def __init__(
        self, app: WatchedApp, client: ApiClient, source: TokenSource, ledger: TokenLedger, action: str | None
    ) -> None:
        self.app = app
        self.client = client
        self.source = source
        self.last: Outcome | None = None
        """The outcome of the last fetch that ended."""
        self.strikes = 0
        """How many fetches in a row kept a worker busy for long without an answer."""
        self.last_success: float | None = None
        self._ledger = ledger
        self._action = action
        self.api_errors: dict[str, int] = {}
        self.seen: set[str] = set()
        self._quota_until = 0.0
        self._over = False

    def inherit(self, old: "Watch") -> None:
        """Take over what is known of the same appid from the configuration before."""
        self.last_success = old.last_success
        self.strikes = old.strikes
        self.seen = set(old.seen)
        if self.client is old.client and self.source is old.source:
            self.last = old.last
            self.api_errors = dict(old.api_errors)

    def resume(self) -> None:
        """End all pauses: the configuration was read again."""
        self._quota_until = 0.0
        self.source.resume()

    def fetch(self, budget: Budget) -> Outcome:
        """Ask WeChat for the app's lists; never raises."""
        if self.last is not None and time.monotonic() < self._quota_until:
            return self.last
        begin = time.monotonic()
        categories, error = None, None
        try:
            categories = self._categories(Caller(self.client, budget, self.api_errors))
        except FetchError as failure:
            error = failure.to_keep()
        except Exception as bug:  # an answer that trips our code may cost its own app only
            log.exception("a fetch broke", appid=self.app.appid)
            error = DecodeError(f"internal error: {type(bug).__name__}")
        if isinstance(error, QuotaError):
            action = look_up(error.api, error.errcode).action
            self._quota_until = time.monotonic() + SECONDS_BETWEEN_TRIALS[action]
        timestamp = time.time() if error is None else error.at
        if error is None:
            self.last_success = timestamp
        outcome = Outcome(
            categories, error, dict(self.api_errors), time.monotonic() - begin, timestamp, self.last_success
        )
        self.strikes = self.strikes + 1 if error is not None and error.holds_up else 0
        self._log_turn(outcome)
        self.last = outcome
        return outcome

    def too_many(self, domains: int, most: int) -> bool:
        """Whether the app has more domains than one app may export; logged when it begins and ends."""
        over = domains > most
        if over != self._over:
            self._over = over
            what = "too many domains: wx_domain_info is left out" if over else "domains are exported again"
            log.warning(what, appid=self.app.appid, name=self.app.name, domains=domains, max_domains=most)
        return over

    def missed(self, waited: float) -> Outcome:
        """Return the outcome for a scrape that could not wait for this app, `waited` seconds long."""
        error = DeadlineError("the scrape's time was over")
        return Outcome(None, error, dict(self.api_errors), waited, error.at, self.last_success)

    def mixed_up(self, outcome: Outcome) -> Outcome:
        """Return the outcome to show: a failure if another app received the same token."""
        if not self._ledger.shared(self.app.appid) or outcome.categories is None:
            return outcome
        return Outcome(
            None,
            TokenError(f"{self.source.describes}: {_MIXED_UP}"),
            outcome.api_errors,
            outcome.seconds,
            outcome.timestamp,
            outcome.last_success,
        )

    def _categories(self, caller: Caller) -> dict[str, DomainList]:
        return self.source.use(caller, lambda credential: self._ask(credential, caller))

    def _ask(self, credential: Credential, caller: Caller) -> dict[str, DomainList]:
        self._claim(credential.token)
        body = {} if self._action is None else {"action": self._action}
        answer = caller.call(GETWXADEVINFO, body, credential)
        categories = read_categories(answer, self._action, self.seen)
        # A peer that makes up names can't make this grow without end.
        new = sorted(undocumented(categories) - self.seen)
        self.seen.update(new[: MAX_CATEGORIES - len(self.seen)])
        return categories

    def _claim(self, token: str) -> None:
        appid = self.app.appid
        self._ledger.claim(appid, token)
        if self._ledger.shared(appid):
            raise self.source.conflict(token, _MIXED_UP)

    def _log_turn(self, outcome: Outcome) -> None:
        """Log what changed since the last fetch; a scrape that is like the one before logs nothing."""
        before = self.last.reason if self.last is not None else None
        if outcome.reason != before or (self.last is None and outcome.error is not None):
            names = {"appid": self.app.appid, "name": self.app.name}
            if outcome.error is None:
                log.info("app answers again", **names)
            else:
                log.warning("app fails", **names, reason=outcome.reason, error=str(outcome.error))
