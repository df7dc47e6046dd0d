"""What is told about each call; the exporter's own metrics listen."""

from typing import Protocol


class CallObserver(Protocol):
    """Counts calls; the exporter's own metrics are one."""

    def answered(self, api: str, errcode: int, seconds: float) -> None:
        """Note a well-formed answer, also one with an errcode."""

    def failed(self, api: str, reason: str, seconds: float) -> None:
        """Note a call without one."""

    def token_refreshed(self, source: str) -> None:
        """Note that a token source of this type got a token."""
