"""The settings of a simulated third-party platform, and of the authorizations that accounts gave it."""

from __future__ import annotations

from pydantic import Field, PrivateAttr

from wx_domain_exporter.simulator.settings import Appid, Seconds, SimulatorSettings

DEVELOPMENT_PERMISSION = 18
"""Permission set of the domain APIs (小程序开发与数据分析); an account grants it to one platform at most."""

DEFAULT_PERMISSIONS = (17, DEVELOPMENT_PERMISSION, 25)


class PlatformHosts(SimulatorSettings):
    """The hosts of a platform in one category, as the APIs that change them show them.

    Attributes:
        published: Those of the published version; None: the platform was never published.
        testing: Those of the testing version.
        invalid: Those that could not be verified.
    """

    published: list[str] | None = None
    testing: list[str] = Field(default_factory=list)
    invalid: list[str] = Field(default_factory=list)


class SimulatedPlatform(SimulatorSettings):
    """One third-party platform, and how the component APIs answer it. All settings may be changed any time.

    Attributes:
        component_appid: `wx` and 16 hexadecimal digits.
        component_appsecret: The secret that `api_component_token` requires.
        component_verify_ticket: The current ticket. Earlier ones are answered 61005, unknown ones 61006.
        ticket_expired: Whether the current ticket is answered 61005 too.
        whitelisted: If false, all component APIs answer 61004.
        component_errcode: The errcode of every answer of `api_component_token`; 0 for success.
        list_errcode: The same for `api_get_authorizer_list`.
        info_errcode: The same for `api_get_authorizer_info`.
        next_list_errcodes: The errcodes of the next answers of `api_get_authorizer_list`, one each; then
            `list_errcode` applies.
        component_token_lifetime: Seconds for which a new component_access_token is valid.
        authorizer_token_lifetime: Seconds for which a new authorizer_access_token is valid.
        latency: Seconds before any component API answers.
        hang: Whether the component APIs never answer; the connection stays open until the client closes it.
        page_cap: The largest `count` that is accepted; a larger one is answered 40170.
        page_cut: The most entries in a page, whatever `count` says; None for no such limit.
        list_counts_revoked: Whether revoked authorizations keep their positions: `total_count` and offsets
            include them, and pages leave them out. If false, later authorizations move up.
        server_hosts: The platform's own 小程序服务器域名.
        jump_hosts: Its own 小程序业务域名.
        domains_errcode: The errcode of every answer of the two APIs for these lists; 0 for success.
        domains_raw_body: The body of every answer of these two; None for the usual ones.
        domain_changes: How many calls of these two changed a list.
        revoked_after_pages: After each page, the first of these appids is removed from this list and revoked.
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
    server_hosts: PlatformHosts = Field(default_factory=PlatformHosts)
    jump_hosts: PlatformHosts = Field(default_factory=PlatformHosts)
    domains_errcode: int = 0
    domains_raw_body: str | None = None
    domain_changes: int = 0
    revoked_after_pages: list[str] = Field(default_factory=list)

    _older_tickets: set[str] = PrivateAttr(default_factory=set)

    def __setattr__(self, name: str, value: object) -> None:
        previous = self.component_verify_ticket if name == "component_verify_ticket" else None
        super().__setattr__(name, value)
        if previous is not None:
            self._older_tickets.add(previous)

    def ticket_errcode(self, ticket: object) -> int:
        """The errcode for a component_verify_ticket; 0 for the current one."""
        if ticket == self.component_verify_ticket:
            return 61005 if self.ticket_expired else 0
        return 61005 if ticket in self._older_tickets else 61006


class Authorization(SimulatorSettings):
    """What an account authorized a platform to do. All settings may be changed any time.

    Attributes:
        component_appid: The platform.
        appid: The account.
        mini_program: Whether the account is a mini program; other accounts (公众号) have no MiniProgramInfo.
        nick_name: The account's name.
        refresh_token: The newest authorizer_refresh_token.
        auth_time: Unix time of the authorization.
        permissions: The granted permission sets (权限集).
        errcode: The errcode of every answer of `api_authorizer_token` for this account; 0 for success.
        info_errcode: The same for `api_get_authorizer_info`.
        account_status: The account's status: 1 normal, 14 cancelled, 16 banned, 18 warned, 19 frozen.
        latency: Seconds before these two answer, added to the platform's latency.
        revoked: Whether the account revoked the authorization; set by `World.revoke`.
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
    account_status: int = 1
    latency: Seconds = 0.0
    revoked: bool = False

    _previous: str | None = PrivateAttr(default=None)
    _rotations: int = PrivateAttr(default=0)
    _rotating: bool = PrivateAttr(default=False)

    def rotate(self) -> None:
        """Replace the refresh token at its next use."""
        self._rotating = True

    def use(self, refresh_token: object) -> bool:
        """Use a refresh token, which replaces it if `rotate` was called; False if it is not valid.

        After a replacement the previous one stays valid until the newest is used.
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
