"""A call of one further API for one app, which is not part of the fetch that `wx_domain_up` reports."""

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import structlog

from wx_domain_exporter.clock import Clock
from wx_domain_exporter.config.settings import AppSettings
from wx_domain_exporter.deadline import SharedDeadline
from wx_domain_exporter.wechat.apis import Api
from wx_domain_exporter.wechat.authenticated_client import AuthenticatedClient
from wx_domain_exporter.wechat.errors import DeadlineError, DecodeError, FetchError
from wx_domain_exporter.wechat.quota_cooldown import QuotaCooldown
from wx_domain_exporter.wechat.responses import ResponseParser

log = structlog.get_logger(__name__)

_NO_BODY: Mapping[str, Any] = {}

Result = TypeVar("Result")


class ExtraCall(Generic[Result]):
    """Calls one API for one app, one call at a time."""

    def __init__(
        self,
        *,
        app: AppSettings,
        api: Api,
        parser: ResponseParser[Result],
        wechat: AuthenticatedClient,
        clock: Clock,
        body: Mapping[str, Any] = _NO_BODY,
    ) -> None:
        self.api = api
        self.parser = parser
        self.quota_cooldown = QuotaCooldown(clock)
        self.api_errors: dict[str, int] = {}
        """The errcode of the last call, by the API's name; empty if it had none."""
        self.timed_out = False
        """Whether the last call kept a worker busy until its timeout."""
        self.failing = False
        """Whether the last call failed; a change of it is logged."""
        self._names = {"appid": app.appid, "name": app.name, "api": api.name}
        self._body = body
        self._wechat = wechat

    def call(self, deadline: SharedDeadline) -> Result | None:
        """Call the API and return what its answer says; None if the call failed. Never raises."""
        try:
            result = self._wechat.call_with_current_token(
                self.api, self._body, deadline, self.parser, self.api_errors
            )
        except FetchError as error:
            self._failed(error)
            return None
        except Exception as bug:  # an answer that our code can't handle costs only this API's series
            log.exception("unexpected error in an extra call", **self._names)
            self._failed(DecodeError(f"internal error: {type(bug).__name__}"))
            return None
        self.timed_out = False
        self.quota_cooldown.end()
        if self.failing:
            self.failing = False
            log.info("extra call recovered", **self._names)
        return result

    def inherit(self, old: "ExtraCall[Any]") -> None:
        """Take over the state of the same call from the previous configuration."""
        self.api_errors = dict(old.api_errors)
        self.timed_out, self.failing = old.timed_out, old.failing

    def _failed(self, error: FetchError) -> None:
        self.timed_out = error.timed_out
        self.quota_cooldown.begin_after(error)
        # A scrape that had no time left for the call says nothing about the API.
        if not self.failing and not isinstance(error, DeadlineError):
            self.failing = True
            log.warning("extra call fails", **self._names, reason=error.reason, error=str(error))
