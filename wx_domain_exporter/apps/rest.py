"""The rest of an API whose quota is used up."""

import time

from wx_domain_exporter.wechat.errors import QuotaError


class Rest:
    """Until when one API is left alone for one app."""

    __slots__ = ("_until",)

    def __init__(self) -> None:
        self._until = 0.0

    def lasts(self) -> bool:
        """Whether the API had better not be called yet."""
        return time.monotonic() < self._until

    def begin(self, error: QuotaError) -> None:
        """Leave the API alone for as long as its errcode asks for."""
        self._until = time.monotonic() + error.rest_seconds

    def end(self) -> None:
        """Let the next call through: the configuration was read again."""
        self._until = 0.0
