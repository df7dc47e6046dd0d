"""The settings of the simulated central token service, as companies run it in front of WeChat."""

from __future__ import annotations

from pydantic import Field

from wx_domain_exporter.simulator.settings import Seconds, SimulatorSettings


class SimulatedTokenService(SimulatorSettings):
    """The token service, and how it answers. All settings may be changed any time.

    Attributes:
        key: Calls without the header `Authorization: Bearer KEY` are answered 401; None for no check.
        status: The HTTP status of its answers. Any other than 200 comes without a token.
        next_statuses: The statuses of the next answers, one each; then `status` applies.
        raw_body: Its body, in place of the simulated one, such as a proxy's error page.
        empty_token: Whether access_token is an empty string.
        no_lifetime: Whether expires_in is left out.
        expires_in: The expires_in of all answers, in place of the token's remaining lifetime.
        fixed_token: The token for all callers, in place of each app's valid one.
        latency: Seconds before it answers.
        hang: Whether it never answers; the connection stays open until the client closes it.
    """

    key: str | None = Field(default=None, repr=False)
    status: int = Field(default=200, ge=200, le=599)
    next_statuses: list[int] = Field(default_factory=list)
    raw_body: str | None = None
    empty_token: bool = False
    no_lifetime: bool = False
    expires_in: int | str | None = None
    fixed_token: str | None = Field(default=None, repr=False)
    latency: Seconds = 0.0
    hang: bool = False
