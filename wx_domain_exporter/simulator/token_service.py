"""What the token centre is like that companies put in front of WeChat."""

from __future__ import annotations

from pydantic import Field

from wx_domain_exporter.simulator.apps import AppSimulation, Seconds


class SimulatedTokenService(AppSimulation):
    """The token centre and how it answers. Every setting may be changed while it is served.

    Attributes:
        key: What the header `Authorization: Bearer KEY` must name, or the answer is 401; None for no check.
        status: Status of its answers.
        next_statuses: Statuses of the next answers, before `status` counts. Any other than 200 has no token.
        raw_body: Sent in place of its answers, as it is, such as the page of a proxy.
        empty_token: Whether access_token is empty.
        no_lifetime: Whether expires_in is left out.
        expires_in: Handed out in place of the token's real lifetime; a string as it is.
        fixed_token: Handed out to all, in place of tokens that are in force.
        latency: Seconds before it answers.
        hang: It never answers; it waits until the connection closes.
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
