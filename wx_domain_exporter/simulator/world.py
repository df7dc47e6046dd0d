"""The state of a simulated WeChat: its mini programs, their tokens, quotas and calls. Knows no HTTP."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from wx_domain_exporter.simulator.errmsgs import request_id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SERVER_CATEGORIES = ("requestdomain", "wsrequestdomain", "uploaddomain", "downloaddomain", "udpdomain")
CATEGORIES = (*SERVER_CATEGORIES, "bizdomain")

RENEWAL_MARGIN = 300.0
"""Seconds before its end from which a stable token is replaced, and for which the old one stays valid."""

REMEMBERED_TOKENS = 16
"""Tokens kept per app; of older ones nobody can tell that they were ever valid."""

_TOKEN_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_BEIJING_OFFSET = 8 * 3600
_DAY = 24 * 3600

Seconds = Annotated[float, Field(ge=0)]


class SimulatedApp(BaseModel):
    """One mini program and how the API treats it. Every setting may be changed while it is served.

    Attributes:
        appid: `wx` and 16 hexadecimal digits.
        name: For people.
        appsecret: What `stable_token` and `token` ask for.
        domains: The lists by category, as configured. A documented category that is not named is empty.
        latency: Seconds before `getwxadevinfo` answers.
        token_latency: Seconds before the token APIs answer.
        hang: `getwxadevinfo` never answers; it waits until the connection closes.
        token_hang: The same for the token APIs.
        errcode: What `getwxadevinfo` always fails with; 0 for not at all.
        next_errcodes: What the next calls of `getwxadevinfo` end with (0: well), before `errcode` counts.
        token_errcode: What the token APIs always fail with; 0 for not at all.
        daily_limit: Calls of `getwxadevinfo` per day (Beijing time) before 45009; None for no limit.
        whitelisted: False lets the token APIs answer 40164.
        changes_every: Seconds between the changes of `changing_domain`, driven by the clock; 0 for none.
        changing_domain: The request domain that comes and goes then.
        access_tokens: Tokens that were made elsewhere and hold until the tokens are expired. Known from
            `World.add` or `World.patch` on.
        token_lifetime: Seconds that a new token holds.
        http_status: Status of `getwxadevinfo`'s answers.
        raw_body: Sent in place of `getwxadevinfo`'s answer, as it is.
    """

    model_config = ConfigDict(
        extra="forbid", strict=True, validate_assignment=True, hide_input_in_errors=True
    )

    appid: str = Field(pattern=r"^wx[0-9a-f]{16}$")
    name: str = ""
    appsecret: str = Field(default="0" * 32, repr=False)
    domains: dict[str, list[str]] = Field(default_factory=dict)
    latency: Seconds = 0.0
    token_latency: Seconds = 0.0
    hang: bool = False
    token_hang: bool = False
    errcode: int = 0
    next_errcodes: list[int] = Field(default_factory=list)
    token_errcode: int = 0
    daily_limit: int | None = None
    whitelisted: bool = True
    changes_every: Seconds = 0.0
    changing_domain: str = "https://changing.example.com"
    access_tokens: list[str] = Field(default_factory=list, repr=False)
    token_lifetime: Seconds = 7200.0
    http_status: int = Field(default=200, ge=200, le=599)
    raw_body: str | None = None


@dataclass(slots=True)
class Token:
    """An access token of one app; `revoked` ones are unknown to the API, those after `expires_at` expired."""

    value: str
    appid: str
    expires_at: float
    revoked: bool = False


class World:
    """All that the simulated WeChat knows. Safe to read and change from any thread.

    Args:
        clock: Unix time; tokens, quotas and changing lists go by it.
        seed: Of all that is random: the same seed and calls give the same answers.
        quirks: Whether answers are as untidy as real ones.
        client_ip: The caller's address that errmsgs name.

    Attributes:
        apps: The mini programs by appid.
        calls: How often each `(api, appid)` was called. The appid is empty where the call named no known app;
            a `stable_token` with force_refresh counts as `stable_token_force_refresh` instead.
        in_flight: API calls that are not answered yet.
        peak_in_flight: The most there ever were.
        lock: Held while a call is worked on; hold it to change several things at once.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        seed: int = 1,
        quirks: bool = True,  # noqa: FBT001, FBT002 - as fixed for the callers
        client_ip: str = "203.0.113.7",
    ) -> None:
        self.clock = clock
        self.seed = seed
        self.quirks = quirks
        self.client_ip = client_ip
        self.lock = threading.RLock()
        self.apps: dict[str, SimulatedApp] = {}
        self.calls: Counter[tuple[str, str]] = Counter()
        self.in_flight = 0
        self.peak_in_flight = 0
        self._changed = threading.Condition(self.lock)
        self._tokens: dict[str, Token] = {}
        self._made: dict[str, list[Token]] = {}
        self._current: dict[tuple[str, str], Token] = {}
        self._used: Counter[tuple[str, str, int]] = Counter()
        self._random: dict[str, Random] = {}

    def add(self, app: SimulatedApp) -> SimulatedApp:
        """Make an app known, with the tokens it brings.

        Raises:
            ValueError: The appid is known already.
        """
        with self.lock:
            if app.appid in self.apps:
                raise ValueError(f"{app.appid} is known already")
            self.apps[app.appid] = app
            self._register_fixed_tokens(app)
        return app

    def patch(self, appid: str, settings: Mapping[str, object]) -> None:
        """Change settings of an app, all or none, and do what `expire_tokens` and the like ask for.

        Args:
            appid: Of a known app.
            settings: New values of `SimulatedApp`'s attributes; besides them `expire_tokens`,
                `invalidate_tokens` and `reset_quota`, each true.

        Raises:
            KeyError: No such app.
            ValueError: A key or a value is not allowed.
        """
        with self.lock:
            app = self.apps[appid]
            actions = {
                "expire_tokens": self.expire_tokens,
                "invalidate_tokens": self.invalidate_tokens,
                "reset_quota": self.reset_quota,
            }
            values = {key: value for key, value in settings.items() if key not in actions}
            asked = [key for key in actions if key in settings]
            if "appid" in values or any(settings[key] is not True for key in asked):
                raise ValueError(f"appid can't be changed, and {', '.join(actions)} must be true where given")
            changed = SimulatedApp.model_validate({**app.model_dump(), **values})
            for key in values:
                setattr(app, key, getattr(changed, key))
            self._register_fixed_tokens(app)
            for key in asked:
                actions[key](appid)

    def random(self, appid: str) -> Random:
        """The app's own random numbers, so that no answer hangs on the timing of other apps' calls."""
        found = self._random.get(appid)
        if found is None:
            found = self._random[appid] = Random(f"{self.seed}:{appid}")
        return found

    def request_id(self, appid: str) -> str:
        """A new request id."""
        return request_id(self.clock(), self.random(appid))

    def count(self, api: str, appid: str) -> None:
        """Count one call."""
        with self.lock:
            self.calls[api, appid] += 1
            self._changed.notify_all()

    def wait_for_calls(self, api: str, appid: str, number: int = 1, timeout: float = 10.0) -> bool:
        """Wait until there were that many calls; False if `timeout` seconds pass before."""
        with self.lock:
            return self._changed.wait_for(lambda: self.calls[api, appid] >= number, timeout)

    def wait_until_idle(self, timeout: float = 10.0) -> bool:
        """Wait until no call is in flight; False if `timeout` seconds pass before."""
        with self.lock:
            return self._changed.wait_for(lambda: not self.in_flight, timeout)

    def begin_call(self) -> None:
        """One more call in flight."""
        with self.lock:
            self.in_flight += 1
            self.peak_in_flight = max(self.peak_in_flight, self.in_flight)

    def end_call(self) -> None:
        """One call less in flight."""
        with self.lock:
            self.in_flight -= 1
            self._changed.notify_all()

    def stable_token(self, app: SimulatedApp, *, force_refresh: bool = False) -> Token:
        """The stable token in force, or a new one where that nears its end.

        The one before stays valid for five minutes then, but is revoked at once by `force_refresh`.
        """
        with self.lock:
            now = self.clock()
            token = self._current.get(("stable", app.appid))
            # A shorter life than the real 7200 s needs a shorter margin, or every call would make a token.
            margin = min(RENEWAL_MARGIN, app.token_lifetime / 2)
            usable = token is not None and not token.revoked and token.expires_at - now >= margin
            if token is not None and usable and not force_refresh:
                return token
            if token is not None and force_refresh:
                token.revoked = True
            elif token is not None and token.expires_at > now:
                token.expires_at = now + margin
            return self._make_token("stable", app)

    def plain_token(self, app: SimulatedApp) -> Token:
        """A new token as `/cgi-bin/token` makes it: the one before it is worth nothing from now on."""
        with self.lock:
            before = self._current.get(("plain", app.appid))
            if before is not None:
                before.revoked = True
            return self._make_token("plain", app)

    def find_token(self, value: str) -> Token | None:
        """The token, expired or not, unless it is unknown or revoked."""
        token = self._tokens.get(value)
        return None if token is None or token.revoked else token

    def expire_tokens(self, appid: str) -> None:
        """Let all tokens of the app end now: calls with them get 42001."""
        with self.lock:
            for token in self._tokens_of(appid):
                token.expires_at = min(token.expires_at, self.clock())

    def invalidate_tokens(self, appid: str) -> None:
        """Revoke all tokens of the app: calls with them get 40001."""
        with self.lock:
            for token in self._tokens_of(appid):
                token.revoked = True

    def spend_quota(self, api: str, app: SimulatedApp) -> bool:
        """Take one call off the app's quota of today (Beijing time); False if it is used up."""
        with self.lock:
            today = int((self.clock() + _BEIJING_OFFSET) // _DAY)
            self._used[api, app.appid, today] += 1
            return app.daily_limit is None or self._used[api, app.appid, today] <= app.daily_limit

    def reset_quota(self, appid: str) -> None:
        """Give the app its whole quota of today back."""
        with self.lock:
            for key in [key for key in self._used if key[1] == appid]:
                del self._used[key]

    def domains(self, app: SimulatedApp) -> dict[str, list[str]]:
        """The lists as configured right now: all documented categories and what the app has besides."""
        with self.lock:
            found = {category: list(app.domains.get(category, [])) for category in CATEGORIES}
            found |= {
                category: list(values) for category, values in app.domains.items() if category not in found
            }
            if app.changes_every and int(self.clock() // app.changes_every) % 2 == 0:
                found["requestdomain"].append(app.changing_domain)
            return found

    def _register_fixed_tokens(self, app: SimulatedApp) -> None:
        for value in app.access_tokens:
            known = self._tokens.get(value)
            if known is None or known.appid != app.appid:
                self._tokens[value] = Token(value, app.appid, expires_at=float("inf"))

    def _tokens_of(self, appid: str) -> list[Token]:
        fixed = (self._tokens.get(value) for value in self.apps[appid].access_tokens)
        return [token for token in fixed if token and token.appid == appid] + self._made.get(appid, [])

    def _make_token(self, kind: str, app: SimulatedApp) -> Token:
        rng = self.random(app.appid)
        value = f"{rng.randrange(60, 100)}_{''.join(rng.choices(_TOKEN_ALPHABET, k=148))}"
        token = Token(value, app.appid, self.clock() + app.token_lifetime)
        made = self._made.setdefault(app.appid, [])
        made.append(token)
        if len(made) > REMEMBERED_TOKENS:
            del self._tokens[made.pop(0).value]
        self._tokens[value] = self._current[kind, app.appid] = token
        return token
