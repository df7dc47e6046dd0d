"""The part of the simulated WeChat's state that concerns third-party platforms and authorizations."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from wx_domain_exporter.simulator.platform_settings import (
    DEFAULT_PERMISSIONS,
    DEVELOPMENT_PERMISSION,
    Authorization,
    SimulatedPlatform,
)
from wx_domain_exporter.simulator.settings import change_settings
from wx_domain_exporter.simulator.token_store import Token, TokenSeries
from wx_domain_exporter.simulator.world_apps import AppWorld

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


@dataclass(eq=False, repr=False)
class PlatformWorld(AppWorld):
    """Holds the third-party platforms. The arguments are those of `CallWorld`.

    Attributes:
        platforms: The platforms by component_appid.
        authorizations: The authorizations by component_appid, then by the account's appid.
    """

    platforms: dict[str, SimulatedPlatform] = field(init=False, default_factory=dict)
    authorizations: dict[str, dict[str, Authorization]] = field(init=False, default_factory=dict)
    _history: dict[str, list[Authorization]] = field(init=False, default_factory=dict)

    def add_platform(self, platform: SimulatedPlatform) -> SimulatedPlatform:
        """Add a platform.

        Raises:
            ValueError: The component_appid is in use, by a platform or an app.
        """
        appid = platform.component_appid
        with self.lock:
            if appid in self.platforms or appid in self.apps:
                raise ValueError(f"{appid} is already in use")
            self.platforms[appid] = platform
            self.authorizations[appid] = {}
            self._history[appid] = []
        return platform

    def authorize(
        self,
        component_appid: str,
        appid: str,
        *,
        mini_program: bool = True,
        nick_name: str = "",
        refresh_token: str | None = None,
        permissions: Sequence[int] = DEFAULT_PERMISSIONS,
    ) -> Authorization:
        """Let an account authorize a platform, at the end of the platform's list.

        Args:
            component_appid: Of a known platform.
            appid: Of a known app.
            mini_program: Whether the app is a mini program; other accounts (公众号) have no MiniProgramInfo.
            nick_name: The account's name; if empty, the app's.
            refresh_token: Its authorizer_refresh_token; None makes one.
            permissions: The granted permission sets; other platforms lose `DEVELOPMENT_PERMISSION` if it is
                among them.

        Raises:
            KeyError: No such platform or app.
            ValueError: The account has authorized the platform already.
        """
        with self.lock:
            authorizations, app = self.authorizations[component_appid], self.apps[appid]
            if appid in authorizations:
                raise ValueError(f"{appid} has authorized {component_appid} already")
            history = self._history[component_appid]
            text = f"{self.seed}:{component_appid}:{appid}:{len(history)}"
            authorization = Authorization(
                component_appid=component_appid,
                appid=appid,
                mini_program=mini_program,
                nick_name=nick_name or app.name,
                refresh_token=refresh_token or f"refreshtoken@@@{sha256(text.encode()).hexdigest()[:43]}",
                auth_time=int(self.clock()),
                permissions=list(permissions),
            )
            authorizations[appid] = authorization
            history.append(authorization)
            self._revoke_development_of_others(authorization)
        return authorization

    def revoke(self, component_appid: str, appid: str) -> None:
        """Let an account revoke its authorization: the platform's tokens for it are answered 61003.

        Raises:
            KeyError: It has not authorized the platform.
        """
        with self.lock:
            self.authorizations[component_appid].pop(appid).revoked = True

    def authorizers(self, platform: SimulatedPlatform) -> list[Authorization]:
        """The authorizations in the order of the list; with revoked ones if `list_counts_revoked`."""
        with self.lock:
            if platform.list_counts_revoked:
                return list(self._history[platform.component_appid])
            return list(self.authorizations[platform.component_appid].values())

    def patch_platform(self, component_appid: str, settings: Mapping[str, object]) -> None:
        """Change settings of a platform, all of them or none, and run the requested actions.

        Args:
            component_appid: Of a known platform.
            settings: New values of `SimulatedPlatform`'s attributes, and the actions
                `expire_component_tokens`, `invalidate_component_tokens`, `expire_authorizer_tokens`,
                `invalidate_authorizer_tokens` and `rotate_refresh_tokens`, each with the value true. After
                the last, the next `api_authorizer_token` of each account answers with a new
                authorizer_refresh_token; the previous one is valid until the new one is used.

        Raises:
            KeyError: No such platform.
            ValueError: A key or a value is not allowed.
        """
        with self.lock:
            actions: dict[str, Callable[[], None]] = {
                "expire_component_tokens": lambda: self._expire(self._component_tokens(component_appid)),
                "invalidate_component_tokens": lambda: self._revoke(self._component_tokens(component_appid)),
                "expire_authorizer_tokens": lambda: self._expire(self._authorizer_tokens(component_appid)),
                "invalidate_authorizer_tokens": lambda: self._revoke(
                    self._authorizer_tokens(component_appid)
                ),
                "rotate_refresh_tokens": lambda: self._rotate_refresh_tokens(component_appid),
            }
            platform = self.platforms[component_appid]
            for action in change_settings(platform, settings, actions, frozenset({"component_appid"})):
                action()

    def patch_authorization(self, component_appid: str, appid: str, settings: Mapping[str, object]) -> None:
        """Change settings of an authorization, all of them or none; then revoke it if `revoke` is true.

        If `DEVELOPMENT_PERMISSION` is granted, other platforms lose it.

        Raises:
            KeyError: No such authorization.
            ValueError: A key or a value is not allowed.
        """
        fixed = frozenset({"component_appid", "appid", "revoked"})
        with self.lock:
            authorization = self.authorizations[component_appid][appid]
            actions = {"revoke": lambda: self.revoke(component_appid, appid)}
            requested = change_settings(authorization, settings, actions, fixed)
            if "permissions" in settings:
                self._revoke_development_of_others(authorization)
            for action in requested:
                action()

    def set_domains_at_mp(self, appid: str, domains: Mapping[str, object]) -> None:
        """Change the lists of an app, as its administrator does at mp.weixin.qq.com.

        Raises:
            KeyError: No such app.
            ValueError: The lists are not allowed, or a platform holds `DEVELOPMENT_PERMISSION`: then WeChat
                lets that platform alone change them.
        """
        with self.lock:
            app = self.apps[appid]
            if any(
                DEVELOPMENT_PERMISSION in granted.permissions for granted in self._authorizations_of(appid)
            ):
                raise ValueError(
                    "domains cannot be changed at mp.weixin.qq.com: a platform holds permission set 18"
                )
            change_settings(app, {"domains": domains})

    def component_token(self, platform: SimulatedPlatform, *, renew: bool = False) -> Token:
        """The current component_access_token, or a new one if that expires soon or with `renew`.

        A replaced token stays valid for five minutes.
        """
        series = TokenSeries("component", platform.component_appid)
        lifetime = platform.component_token_lifetime
        with self.lock:
            usable = None if renew else self.tokens.usable(series, lifetime)
            return usable or self.tokens.renew(series, lifetime, self.random(platform.component_appid))

    def authorizer_token(self, authorization: Authorization) -> Token:
        """A new authorizer_access_token; the previous one stays valid for five minutes.

        WeChat does not document what happens to the previous one. With an end after five minutes, tests
        notice an exporter that makes a platform's own service lose its token.
        """
        series = TokenSeries("authorizer", authorization.appid, authorization.component_appid)
        with self.lock:
            lifetime = self.platforms[authorization.component_appid].authorizer_token_lifetime
            token = self.tokens.renew(series, lifetime, self.random(authorization.appid))
            token.authorization = authorization
            return token

    def _authorizations_of(self, appid: str) -> list[Authorization]:
        return [by_appid[appid] for by_appid in self.authorizations.values() if appid in by_appid]

    def _revoke_development_of_others(self, authorization: Authorization) -> None:
        if DEVELOPMENT_PERMISSION not in authorization.permissions:
            return
        for other in self._authorizations_of(authorization.appid):
            if other is not authorization:
                other.permissions = [
                    number for number in other.permissions if number != DEVELOPMENT_PERMISSION
                ]

    def _component_tokens(self, component_appid: str) -> list[Token]:
        return self.tokens.tokens_of(component_appid, "component")

    def _authorizer_tokens(self, component_appid: str) -> list[Token]:
        return [
            token
            for appid in self.authorizations[component_appid]
            for token in self.tokens.tokens_of(appid, "authorizer", component_appid)
        ]

    def _rotate_refresh_tokens(self, component_appid: str) -> None:
        for authorization in self.authorizations[component_appid].values():
            authorization.rotate()
