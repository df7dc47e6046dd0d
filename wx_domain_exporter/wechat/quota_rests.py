"""For how long an API rests whose quota is used up: longer after a trial call that failed in the same way."""

from wx_domain_exporter.errcodes.lookup import rest_after
from wx_domain_exporter.wechat.errors import FetchError, QuotaError


class QuotaRests:
    """The rests of one API for one app, token source or platform.

    Not safe to share between threads, but for `clear`.
    """

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: tuple[str, int] | None = None
        """The API and the errcode that the last rest came after."""

    def after(self, error: FetchError | None) -> float:
        """Return the seconds for which to rest after a failed call; 0 if it says nothing of a quota.

        A failure that says nothing leaves it open whether the quota is back, so the next rest is a later one.
        """
        if not isinstance(error, QuotaError):
            return 0.0
        failed = error.api, error.errcode
        again, self._last = failed == self._last, failed
        return rest_after(*failed, again=again)

    def clear(self) -> None:
        """Let the next rest be a first one: a call went well, or the configuration was read again."""
        self._last = None
