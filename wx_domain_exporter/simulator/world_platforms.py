"""The third-party platforms of a simulated WeChat, and the accounts that authorized them."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from wx_domain_exporter.simulator.apps import change
from wx_domain_exporter.simulator.platforms import (
    DEFAULT_PERMISSIONS,
    DEVELOPMENT,
    Authorization,
    SimulatedPlatform,
)
from wx_domain_exporter.simulator.tokens import Series, Token
from wx_domain_exporter.simulator.world_apps import AppWorld

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


@dataclass(eq=False, repr=False)
class PlatformWorld(AppWorld):
    """Knows the third-party platforms. The arguments are those of `CallWorld`.

    Attributes:
        platforms: The platforms by component_appid.
        authorizations: What they may do for whom: by component_appid, then by the account's appid.
    """

    platforms: dict[str, SimulatedPlatform] = field(init=False, default_factory=dict)
    authorizations: dict[str, dict[str, Authorization]] = field(init=False, default_factory=dict)
    _history: dict[str, list[Authorization]] = field(init=False, default_factory=dict)

    def add_platform(self, platform: SimulatedPlatform) -> SimulatedPlatform:
        """Make a platform known.

        Raises:
            ValueError: The component_appid is known already, as a platform's or an app's.
        """
        appid = platform.component_appid
        with self.lock:
            if appid in self.platforms or appid in self.apps:
                raise ValueError(f"{appid} is known already")
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
        """Let an account authorize a platform. It comes last in the platform's list.

        Args:
            component_appid: Of a known platform.
            appid: Of a known app.
            mini_program: Whether the app is a mini program; else it has no MiniProgramInfo, as a 公众号.
            nick_name: The account's name; the app's where it is empty.
            refresh_token: Its authorizer_refresh_token; None makes one.
            permissions: The permission sets it grants; `DEVELOPMENT` is taken from any other platform then.

        Raises:
            KeyError: No such platform or app.
            ValueError: It is authorized already.
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
            self._take_development(authorization)
        return authorization

    def revoke(self, component_appid: str, appid: str) -> None:
        """Let an account take its authorization back: the platform's tokens for it are answered 61003.

        Raises:
            KeyError: It has not authorized the platform.
        """
        with self.lock:
            self.authorizations[component_appid].pop(appid).revoked = True

    def authorizers(self, platform: SimulatedPlatform) -> list[Authorization]:
        """The authorizations in the order of the list, with the places that revoked ones keep, if they do."""
        with self.lock:
            if platform.list_counts_revoked:
                return list(self._history[platform.component_appid])
            return list(self.authorizations[platform.component_appid].values())

    def patch_platform(self, component_appid: str, settings: Mapping[str, object]) -> None:
        """Change settings of a platform, all or none, and do what is asked for besides.

        Args:
            component_appid: Of a known platform.
            settings: New values of `SimulatedPlatform`'s attributes; besides them, each true,
                `expire_component_tokens`, `invalidate_component_tokens`, `expire_authorizer_tokens`,
                `invalidate_authorizer_tokens` and `rotate_refresh_tokens`: the next
                `api_authorizer_token` of each account answers with another authorizer_refresh_token, and
                the one before it is valid until that was used.

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
            for action in change(platform, settings, actions, frozenset({"component_appid"})):
                action()

    def patch_authorization(self, component_appid: str, appid: str, settings: Mapping[str, object]) -> None:
        """Change settings of an authorization, all or none; `revoke`, if true, takes it back after that.

        To grant `DEVELOPMENT` takes it from any other platform.

        Raises:
            KeyError: No such authorization.
            ValueError: A key or a value is not allowed.
        """
        fixed = frozenset({"component_appid", "appid", "revoked"})
        with self.lock:
            authorization = self.authorizations[component_appid][appid]
            actions = {"revoke": lambda: self.revoke(component_appid, appid)}
            asked = change(authorization, settings, actions, fixed)
            if "permissions" in settings:
                self._take_development(authorization)
            for action in asked:
                action()

    def set_domains_at_mp(self, appid: str, domains: Mapping[str, object]) -> None:
        """Change the lists of an app as its administrator does at mp.weixin.qq.com.

        Raises:
            KeyError: No such app.
            ValueError: A platform holds `DEVELOPMENT`, which closes that way; or the lists are not allowed.
        """
        with self.lock:
            app = self.apps[appid]
            if any(DEVELOPMENT in one.permissions for one in self._authorizations_of(appid)):
                raise ValueError(
                    "domains can't be set at mp.weixin.qq.com: a platform holds permission set 18"
                )
            change(app, {"domains": domains})

    def component_token(self, platform: SimulatedPlatform, *, renew: bool = False) -> Token:
        """The component_access_token in force, or a new one where that nears its end or `renew` asks for it.

        The one before stays valid for five more minutes then.
        """
        series = Series("component", platform.component_appid)
        lifetime = platform.component_token_lifetime
        with self.lock:
            usable = None if renew else self.tokens.usable(series, lifetime)
            return usable or self.tokens.renew(series, lifetime, self.random(platform.component_appid))

    def authorizer_token(self, authorization: Authorization) -> Token:
        """A new authorizer_access_token.

        What becomes of the one before is written nowhere: here it stays valid for five more minutes, so
        that whoever takes tokens away from a platform's own service is found out.
        """
        series = Series("authorizer", authorization.appid, authorization.component_appid)
        with self.lock:
            lifetime = self.platforms[authorization.component_appid].authorizer_token_lifetime
            token = self.tokens.renew(series, lifetime, self.random(authorization.appid))
            token.authorization = authorization
            return token

    def _authorizations_of(self, appid: str) -> list[Authorization]:
        return [one[appid] for one in self.authorizations.values() if appid in one]

    def _take_development(self, authorization: Authorization) -> None:
        if DEVELOPMENT not in authorization.permissions:
            return
        for other in self._authorizations_of(authorization.appid):
            if other is not authorization:
                other.permissions = [number for number in other.permissions if number != DEVELOPMENT]

    def _component_tokens(self, component_appid: str) -> list[Token]:
        return self.tokens.of(component_appid, "component")

    def _authorizer_tokens(self, component_appid: str) -> list[Token]:
        return [
            token
            for appid in self.authorizations[component_appid]
            for token in self.tokens.of(appid, "authorizer", component_appid)
        ]

    def _rotate_refresh_tokens(self, component_appid: str) -> None:
        for authorization in self.authorizations[component_appid].values():
            authorization.rotate()
