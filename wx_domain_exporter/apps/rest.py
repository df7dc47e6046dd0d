"""The rest of an API whose quota is used up."""

import time

from wx_domain_exporter.wechat.errors import QuotaError
from wx_domain_exporter.wechat.quota_rests import QuotaRests


class Rest:
    """Until when one API is left alone for one app."""

    __slots__ = ("_rests", "_until")

    def __init__(self) -> None:
        self._rests = QuotaRests()
        self._until = 0.0

    def lasts(self) -> bool:
        """Whether the API had better not be called yet."""
        return time.monotonic() < self._until

    def begin(self, error: QuotaError) -> None:
        """Leave the API alone for as long as its errcode asks for."""
        self._until = time.monotonic() + self._rests.after(error)

    def end(self) -> None:
        """Let the next call through: a call went well, or the configuration was read again."""
        self._until = 0.0
        self._rests.clear()
