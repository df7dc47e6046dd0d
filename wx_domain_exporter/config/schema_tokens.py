"""The models of token sources and of third-party platforms."""

from collections.abc import Callable, Mapping
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, PrivateAttr, Tag, model_validator

from wx_domain_exporter.config.schema_baselines import BaselineRef, PlatformBaseline
from wx_domain_exporter.config.schema_fields import (
    Appid,
    Duration,
    FilePath,
    Headers,
    ListOf,
    Pointer,
    SecretField,
    StrictModel,
    TokenlessBaseUrl,
    TokenServiceUrl,
    Within,
    Words,
    wrong,
)


class StableToken(StrictModel):
    """The appid's own token from /cgi-bin/stable_token, never with force_refresh."""

    type: Literal["stable_token"]
    appsecret: SecretField
    """The mini program's AppSecret."""


class AccessToken(StrictModel):
    """A token from elsewhere: an access_token or authorizer_access_token, which is never renewed here."""

    type: Literal["access_token"]
    access_token: SecretField
    """The token; a file is read again whenever the token is needed."""


class HttpToken(StrictModel):
    """A token from a central token service, requested over HTTP."""

    type: Literal["http"]
    allow_http: bool = False  # before url, whose check looks at it
    """Whether tokens and headers may be sent in clear text to another machine."""

    url: TokenServiceUrl
    """`{appid}` is replaced; http:// only for a loopback address, or `allow_http`."""

    headers: Headers = Field(default_factory=dict)
    """Headers of the request; the values are secrets."""

    body: Mapping[str, SecretField] = Field(default_factory=dict)
    """Fields to send with POST; the values are secrets, in which `{appid}` is replaced; default: GET."""

    body_format: Literal["json", "form"] = "json"
    """How `body` is sent: as a JSON object, or as a form (application/x-www-form-urlencoded)."""

    response_format: Literal["json", "text"] = "json"
    """What the service answers: a JSON object, or nothing but the token as text."""

    token_pointer: Pointer = "/access_token"  # noqa: S105 - a JSON pointer
    """The JSON pointer (RFC 6901) of the token in the response."""

    expires_in_pointer: Pointer = "/expires_in"
    """The JSON pointer of its lifetime in seconds; a Unix time is taken as the time at which it expires."""

    expires_at_pointer: Pointer | None = None
    """The JSON pointer of the time when it expires (Unix time or RFC 3339); null: `expires_in_pointer`."""

    ttl: Annotated[Duration, Within(1, 86400, "1s to 1d")] = 60.0
    """The lifetime of the token if the response has none."""

    ca_file: FilePath | None = None
    """File with the certificate authorities for the service (PEM); null: those of the requests library."""

    _name: str = PrivateAttr("")

    @property
    def name(self) -> str:
        """Return its name under `tokens`; empty if it has none."""
        return self._name

    def set_name(self, name: str) -> None:
        """Set its name under `tokens`."""
        self._name = name


class AuthorizerToken(StrictModel):
    """An authorizer_access_token, requested here with the platform's component_access_token."""

    type: Literal["authorizer"]
    platform: str
    """The name of a platform under `platforms`."""

    authorizer_refresh_token: SecretField | None = None
    """The refresh token; not needed if the platform has `discover: true`."""


class CloudRunToken(StrictModel):
    """No token: WeChat's cloud hosting (微信云托管) authenticates the call."""

    type: Literal["cloudrun"]
    base_url: TokenlessBaseUrl = "http://api.weixin.qq.com"
    """The URL of the API inside WeChat's cloud."""


class CloudBaseToken(StrictModel):
    """A token that WeChat's cloud hosting writes to a file."""

    type: Literal["cloudbase"]
    path: FilePath = "/.tencentcloudbase/wx/cloudbase_access_token"
    """The file with the token."""


TokenConfig = StableToken | AccessToken | HttpToken | AuthorizerToken | CloudRunToken | CloudBaseToken
TOKEN_TYPES = ("stable_token", "access_token", "http", "authorizer", "cloudrun", "cloudbase")
COMPONENT_TOKEN_TYPES = ("access_token", "http")
"""The sources of a platform's component_access_token."""

_NAME_TAG = "<name>"


def _tag(types: tuple[str, ...], *, or_name: bool = False) -> Callable[[object], str]:
    en, zh = f"{', '.join(types[:-1])} or {types[-1]}", f"{'、'.join(types[:-1])} 或 {types[-1]}"
    name_en, name_zh = ("a name under tokens, or ", " tokens 中的名称，或") if or_name else ("", "")

    def tag(value: object) -> str:
        kind = value.get("type") if isinstance(value, Mapping) else None
        if kind in types:
            return f"<{kind}>"
        if isinstance(value, Mapping) and "type" not in value:
            raise wrong(f"has no type; allowed: {en}", f"缺少 type；应为 {zh}")
        raise wrong(
            f"is not a token source that can be used here; allowed: {name_en}a mapping with type: {en}",
            f"不是此处可用的 token 来源；应为{name_zh}带有 type 的键值映射，type 为 {zh}",
        )

    return tag


def _tag_or_name(types: tuple[str, ...]) -> Callable[[object], str]:
    of_mapping = _tag(types, or_name=True)

    def tag(value: object) -> str:
        return _NAME_TAG if isinstance(value, str) else of_mapping(value)

    return tag


def _with_tag(tag: Callable[[object], str]) -> BeforeValidator:
    # Raises the error here, because the discriminator would replace its message.
    def check(value: object) -> object:
        tag(value)
        return value

    return BeforeValidator(check)


_tag_of_source = _tag(TOKEN_TYPES)
_tag_of_reference = _tag_or_name(TOKEN_TYPES)
_tag_of_component = _tag_or_name(COMPONENT_TOKEN_TYPES)

_Name = Annotated[str, Tag(_NAME_TAG)]
_Stable = Annotated[StableToken, Tag("<stable_token>")]
_Static = Annotated[AccessToken, Tag("<access_token>")]
_Http = Annotated[HttpToken, Tag("<http>")]
_Authorizer = Annotated[AuthorizerToken, Tag("<authorizer>")]
_CloudRun = Annotated[CloudRunToken, Tag("<cloudrun>")]
_CloudBase = Annotated[CloudBaseToken, Tag("<cloudbase>")]

NamedSource = Annotated[
    _Stable | _Static | _Http | _Authorizer | _CloudRun | _CloudBase,
    Discriminator(_tag_of_source),
    _with_tag(_tag_of_source),
    Words("token source"),
]
TokenRef = Annotated[
    _Name | _Stable | _Static | _Http | _Authorizer | _CloudRun | _CloudBase,
    Discriminator(_tag_of_reference),
    _with_tag(_tag_of_reference),
    Words("token source or name"),
]
ComponentRef = Annotated[
    _Name | _Static | _Http,
    Discriminator(_tag_of_component),
    _with_tag(_tag_of_component),
    Words("token source or name"),
]


class PlatformConfig(StrictModel):
    """A third-party platform (第三方平台) of a service provider, which mini programs have authorized."""

    component_appid: Appid
    """The platform's AppID."""

    component_access_token: ComponentRef | None = None
    """Source of the token from the platform's own service, of type `http` or `access_token`, or its name."""

    own_component_token: bool = False
    """Whether the exporter requests its own component_access_token with the next two secrets."""

    component_appsecret: SecretField | None = None
    """The platform's AppSecret."""

    component_verify_ticket: SecretField | None = None
    """The ticket that WeChat pushes; the platform's own service must keep it current."""

    discover: bool = False
    """Whether to monitor every mini program that has authorized the platform."""

    discover_interval: Annotated[Duration, Within(1, 86400, "1s to 1d")] = 600.0
    """How often to read the list of authorizers."""

    include: Annotated[tuple[Appid, ...], ListOf] = ()
    """Monitor only these appids; empty: all."""

    exclude: Annotated[tuple[Appid, ...], ListOf] = ()
    """Never monitor these appids."""

    token: TokenRef | None = None
    """The token source of discovered apps; default: `authorizer`."""

    baseline: BaselineRef | None = None
    """The baseline of discovered apps; default: that of `defaults`."""

    collect_domains: bool = False
    """Whether to read the domain lists of the platform itself, which its mini programs can inherit."""

    domains_interval: Annotated[Duration, Within(600, 2_592_000, "10m to 30d")] = 86400.0
    """How often to read them: WeChat does not say whether a reading counts as one of 50 changes a month."""

    domains_baseline: Annotated[PlatformBaseline, Words("baseline")] | None = None
    """The baseline of the platform's own lists; it needs `collect_domains`."""

    @model_validator(mode="after")
    def _has_one_component_token_source(self) -> Self:
        own = (self.component_appsecret, self.component_verify_ticket)
        if self.component_access_token is not None:
            if self.own_component_token or own != (None, None):
                raise wrong(
                    "combines component_access_token with own_component_token, component_appsecret or "
                    "component_verify_ticket; allowed: component_access_token alone, or the other three",
                    "component_access_token 不能与 own_component_token、component_appsecret 或 "
                    "component_verify_ticket 同时使用；应单独使用 component_access_token，或使用其余三项",
                )
        elif not self.own_component_token:
            raise wrong(
                "has no component_access_token; allowed: a token source, or own_component_token: true with "
                "component_appsecret and component_verify_ticket, which invalidates the token that the "
                "platform's own service uses in production",
                "缺少 component_access_token；应为 token 来源，或设置 own_component_token: true 以及 "
                "component_appsecret 和 component_verify_ticket（会使平台自有服务在生产中使用的 token 失效）",
            )
        elif None in own:
            raise wrong(
                "has own_component_token: true without both of its secrets; "
                "allowed: with component_appsecret and component_verify_ticket",
                "设置了 own_component_token: true，但缺少所需的密钥；"
                "应同时设置 component_appsecret 和 component_verify_ticket",
            )
        return self
