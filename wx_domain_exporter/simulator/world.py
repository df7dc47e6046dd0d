"""The state of the simulated WeChat: mini programs, platforms, tokens, quotas and the count of calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wx_domain_exporter.simulator.app_settings import CATEGORIES, SimulatedApp
from wx_domain_exporter.simulator.platform_settings import Authorization, SimulatedPlatform
from wx_domain_exporter.simulator.settings import change_settings
from wx_domain_exporter.simulator.token_service_settings import SimulatedTokenService
from wx_domain_exporter.simulator.token_store import REMEMBERED_TOKENS
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
    """The state of the simulated WeChat, safe to read and change from any thread.

    The arguments are those of `CallWorld`; the other attributes are documented in the base classes.

    Attributes:
        token_service: The settings of the central token service.
    """

    token_service: SimulatedTokenService = field(init=False, default_factory=SimulatedTokenService)

    @property
    def token_service_key(self) -> str | None:
        """The key that the token service requires."""
        return self.token_service.key

    @token_service_key.setter
    def token_service_key(self, key: str | None) -> None:
        self.token_service.key = key

    def patch_token_service(self, settings: Mapping[str, object]) -> None:
        """Change settings of the token service, all of them or none.

        Raises:
            ValueError: A key or a value is not allowed.
        """
        with self.lock:
            change_settings(self.token_service, settings)
