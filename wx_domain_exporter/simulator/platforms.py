"""What one third-party platform of the simulated WeChat is like, and what it holds of an authorizer."""

from __future__ import annotations

from pydantic import Field, PrivateAttr

from wx_domain_exporter.simulator.apps import Appid, AppSimulation, Seconds

DEVELOPMENT = 18
"""Permission set of the domain APIs (小程序开发与数据分析); one platform of an account can hold it."""

DEFAULT_PERMISSIONS = (17, DEVELOPMENT, 25)


class SimulatedPlatform(AppSimulation):
    """One third-party platform and how the API treats it. Every setting may be changed while it is served.

    Attributes:
        component_appid: `wx` and 16 hexadecimal digits.
        component_appsecret: What `api_component_token` asks for.
        component_verify_ticket: The ticket in force. Those it had before are answered 61005, others 61006.
        ticket_expired: Whether the ticket in force is answered 61005 too.
        whitelisted: False lets all component APIs answer 61004.
        component_errcode: What `api_component_token` always fails with; 0 for not at all.
        list_errcode: The same for `api_get_authorizer_list`.
        info_errcode: The same for `api_get_authorizer_info`.
        next_list_errcodes: What the next calls of `api_get_authorizer_list` end with (0: well), before
            `list_errcode` counts.
        component_token_lifetime: Seconds that a new component_access_token holds.
        authorizer_token_lifetime: Seconds that a new authorizer_access_token holds.
        latency: Seconds before any component API answers.
        hang: The component APIs never answer; they wait until the connection closes.
        page_cap: The longest page that may be asked for; a longer one is answered 40170.
        page_cut: The longest page that is given, however long a one was asked for; None for no such limit.
        list_counts_revoked: Revoked authorizations keep their places: `total_count` and the offsets count
            them, and the pages are shorter by them. False lets those behind a revoked one move up.
        revoked_after_pages: After each page the first of these appids is taken off and revoked.
    """

    component_appid: Appid
    component_appsecret: str = Field(default="0" * 32, repr=False)
    component_verify_ticket: str = Field(default="ticket@@@in-force", repr=False)
    ticket_expired: bool = False
    whitelisted: bool = True
    component_errcode: int = 0
    list_errcode: int = 0
    info_errcode: int = 0
    next_list_errcodes: list[int] = Field(default_factory=list)
    component_token_lifetime: Seconds = 7200.0
    authorizer_token_lifetime: Seconds = 7200.0
    latency: Seconds = 0.0
    hang: bool = False
    page_cap: int = Field(default=500, ge=1)
    page_cut: int | None = Field(default=None, ge=1)
    list_counts_revoked: bool = False
    revoked_after_pages: list[str] = Field(default_factory=list)

    _older_tickets: set[str] = PrivateAttr(default_factory=set)

    def __setattr__(self, name: str, value: object) -> None:
        older = self.component_verify_ticket if name == "component_verify_ticket" else None
        super().__setattr__(name, value)
        if older is not None:
            self._older_tickets.add(older)

    def ticket_errcode(self, ticket: object) -> int:
        """What a component_verify_ticket is answered with; 0 for the one in force."""
        if ticket == self.component_verify_ticket:
            return 61005 if self.ticket_expired else 0
        return 61005 if ticket in self._older_tickets else 61006


class Authorization(AppSimulation):
    """What an account allows a platform to do for it. Every setting may be changed while it is served.

    Attributes:
        component_appid: Of the platform.
        appid: Of the account.
        mini_program: Whether the account is a mini program; else it has no MiniProgramInfo, as a 公众号.
        nick_name: The account's name.
        refresh_token: The newest authorizer_refresh_token.
        auth_time: Unix time of the authorization.
        permissions: The permission sets (权限集) granted.
        errcode: What `api_authorizer_token` always fails with for this account; 0 for not at all.
        info_errcode: The same for `api_get_authorizer_info`.
        latency: Seconds before these two answer, besides the platform's.
        revoked: Whether the account took the authorization back. Set by `World.revoke`.
    """

    component_appid: Appid
    appid: Appid
    mini_program: bool = True
    nick_name: str = ""
    refresh_token: str = Field(repr=False)
    auth_time: int = 0
    permissions: list[int] = Field(default_factory=lambda: list(DEFAULT_PERMISSIONS))
    errcode: int = 0
    info_errcode: int = 0
    latency: Seconds = 0.0
    revoked: bool = False

    _previous: str | None = PrivateAttr(default=None)
    _rotations: int = PrivateAttr(default=0)
    _rotating: bool = PrivateAttr(default=False)

    def rotate(self) -> None:
        """Let the next use of the refresh token replace it."""
        self._rotating = True

    def use(self, refresh_token: object) -> bool:
        """Use a refresh token, which may replace it; False if it is not valid.

        The one before the newest is valid until the newest was used.
        """
        if refresh_token == self._previous:
            return True
        if refresh_token != self.refresh_token:
            return False
        self._previous = None
        if self._rotating:
            self._rotating = False
            self._rotations += 1
            self._previous = self.refresh_token
            self.refresh_token = f"{self.refresh_token.partition('#')[0]}#{self._rotations}"
        return True
