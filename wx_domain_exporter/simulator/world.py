"""The state of a simulated WeChat: its mini programs, platforms, tokens, quotas and calls. Knows no HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wx_domain_exporter.simulator.apps import CATEGORIES, SimulatedApp, change
from wx_domain_exporter.simulator.platforms import Authorization, SimulatedPlatform
from wx_domain_exporter.simulator.token_service import SimulatedTokenService
from wx_domain_exporter.simulator.tokens import REMEMBERED_TOKENS
from wx_domain_exporter.simulator.world_platforms import PlatformWorld

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "CATEGORIES",
    "REMEMBERED_TOKENS",
    "Authorization",
    "SimulatedApp",
    "SimulatedPlatform",
    "SimulatedTokenService",
    "World",
]


@dataclass(eq=False, repr=False)
class World(PlatformWorld):
    """All that the simulated WeChat knows. Safe to read and change from any thread.

    The arguments are those of `CallWorld`; what it has besides stands in the classes it is made of.

    Attributes:
        centre: The token centre in front of it.
    """

    centre: SimulatedTokenService = field(init=False, default_factory=SimulatedTokenService)

    @property
    def centre_key(self) -> str | None:
        """What the token centre asks for."""
        return self.centre.key

    @centre_key.setter
    def centre_key(self, key: str | None) -> None:
        self.centre.key = key

    def patch_centre(self, settings: Mapping[str, object]) -> None:
        """Change settings of the token centre, all or none.

        Raises:
            ValueError: A key or a value is not allowed.
        """
        with self.lock:
            change(self.centre, settings)
