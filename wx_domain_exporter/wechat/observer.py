"""The interface through which calls are counted."""

from typing import Protocol


class CallObserver(Protocol):
    """Is notified of calls; `SelfMetrics` implements it."""

    def answered(self, api: str, errcode: int, seconds: float) -> None:
        """Count a valid response, with or without an errcode."""

    def failed(self, api: str, reason: str, seconds: float) -> None:
        """Count a call without a valid response."""

    def token_refreshed(self, source: str) -> None:
        """Count a token that a source of this type received."""
