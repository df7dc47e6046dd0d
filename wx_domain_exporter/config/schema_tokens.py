"""The models of token sources and of third-party platforms."""

from collections.abc import Callable, Mapping
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from wx_domain_exporter.config.schema_baselines import BaselineRef
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
    """A token made elsewhere: an access_token or authorizer_access_token; never renewed here."""

    type: Literal["access_token"]
    access_token: SecretField
    """The token; a file is read again when it is needed."""


class HttpToken(StrictModel):
    """A token from a central token service, which is asked over HTTP."""

    type: Literal["http"]
    allow_http: bool = False  # before url, whose check looks at it
    """Whether tokens and headers may travel in clear text to another machine."""

    url: TokenServiceUrl
    """Asked with GET; `{appid}` stands for the appid. http:// only for this machine, or with `allow_http`."""

    headers: Headers = Field(default_factory=dict)
    """Sent with it, by name; the values are secrets."""

    token_pointer: Pointer = "/access_token"  # noqa: S105 - where it stands
    """Where the token stands in the answer (RFC 6901)."""

    expires_in_pointer: Pointer = "/expires_in"
    """Where its lifetime in seconds stands."""

    ttl: Annotated[Duration, Within(1, 86400, "1s to 1d")] = 60.0
    """Its lifetime where the answer names none."""

    ca_file: FilePath | None = None
    """Certificate authorities of the service, PEM; null: those that come with requests."""


class AuthorizerToken(StrictModel):
    """An authorizer_access_token that is fetched here, with the platform's component_access_token."""

    type: Literal["authorizer"]
    platform: str
    """A name under `platforms`."""

    authorizer_refresh_token: SecretField | None = None
    """Not needed where the platform discovers."""


class CloudRunToken(StrictModel):
    """No token: WeChat's cloud hosting (微信云托管) knows who calls."""

    type: Literal["cloudrun"]
    base_url: TokenlessBaseUrl = "http://api.weixin.qq.com"
    """Where the API is, inside WeChat's cloud."""


class CloudBaseToken(StrictModel):
    """The token that WeChat's cloud hosting puts into a file."""

    type: Literal["cloudbase"]
    path: FilePath = "/.tencentcloudbase/wx/cloudbase_access_token"
    """The file with the token."""


TokenConfig = StableToken | AccessToken | HttpToken | AuthorizerToken | CloudRunToken | CloudBaseToken
TOKEN_TYPES = ("stable_token", "access_token", "http", "authorizer", "cloudrun", "cloudbase")
COMPONENT_TOKEN_TYPES = ("access_token", "http")
"""What a platform's component_access_token can come from."""

_NAME_TAG = "<name>"


def _in_words(types: tuple[str, ...]) -> str:
    return f"a mapping with type: {', '.join(types[:-1])} or {types[-1]}"


def _tag(allowed: str, types: tuple[str, ...]) -> Callable[[object], str]:
    def tag(value: object) -> str:
        kind = value.get("type") if isinstance(value, Mapping) else None
        if kind in types:
            return f"<{kind}>"
        if isinstance(value, Mapping) and "type" not in value:
            raise wrong(f"has no type; allowed: {', '.join(types[:-1])} or {types[-1]}")
        raise wrong(f"is not a token source that can be used here; allowed: {allowed}")

    return tag


def _tag_or_name(types: tuple[str, ...]) -> Callable[[object], str]:
    of_mapping = _tag(f"a name under tokens, or {_in_words(types)}", types)

    def tag(value: object) -> str:
        return _NAME_TAG if isinstance(value, str) else of_mapping(value)

    return tag


def _with_tag(tag: Callable[[object], str]) -> BeforeValidator:
    # The discriminator alone would answer with its own words for a value without a tag.
    def check(value: object) -> object:
        tag(value)
        return value

    return BeforeValidator(check)


_tag_of_source = _tag(_in_words(TOKEN_TYPES), TOKEN_TYPES)
_tag_of_reference = _tag_or_name(TOKEN_TYPES)
_tag_of_component = _tag_or_name(COMPONENT_TOKEN_TYPES)

_Name = Annotated[str, Tag(_NAME_TAG)]
_Stable = Annotated[StableToken, Tag("<stable_token>")]
_Made = Annotated[AccessToken, Tag("<access_token>")]
_Centre = Annotated[HttpToken, Tag("<http>")]
_Authorizer = Annotated[AuthorizerToken, Tag("<authorizer>")]
_CloudRun = Annotated[CloudRunToken, Tag("<cloudrun>")]
_CloudBase = Annotated[CloudBaseToken, Tag("<cloudbase>")]

NamedSource = Annotated[
    _Stable | _Made | _Centre | _Authorizer | _CloudRun | _CloudBase,
    Discriminator(_tag_of_source),
    _with_tag(_tag_of_source),
    Words("token source"),
]
TokenRef = Annotated[
    _Name | _Stable | _Made | _Centre | _Authorizer | _CloudRun | _CloudBase,
    Discriminator(_tag_of_reference),
    _with_tag(_tag_of_reference),
    Words("token source or name"),
]
ComponentRef = Annotated[
    _Name | _Made | _Centre,
    Discriminator(_tag_of_component),
    _with_tag(_tag_of_component),
    Words("token source or name"),
]


class PlatformConfig(StrictModel):
    """A third-party platform (第三方平台) of a service provider: mini programs have authorized it."""

    component_appid: Appid
    """The platform's AppID."""

    component_access_token: ComponentRef | None = None
    """Made by the platform's own service: a source of type `http` or `access_token`, or its name."""

    own_component_token: bool = False
    """Whether it is made here, from the next two."""

    component_appsecret: SecretField | None = None
    """The platform's AppSecret."""

    component_verify_ticket: SecretField | None = None
    """The ticket that WeChat pushes, kept current by the platform's own service."""

    discover: bool = False
    """Whether every mini program that has authorized the platform is watched."""

    discover_interval: Annotated[Duration, Within(1, 86400, "1s to 1d")] = 600.0
    """How often the list of authorizers is read."""

    include: Annotated[tuple[Appid, ...], ListOf] = ()
    """Only these appids; empty: all."""

    exclude: Annotated[tuple[Appid, ...], ListOf] = ()
    """These appids never."""

    token: TokenRef | None = None
    """Where the tokens of discovered apps come from; `authorizer` unless given."""

    baseline: BaselineRef | None = None
    """What the lists of discovered apps should hold; that of `defaults` unless given."""

    @model_validator(mode="after")
    def _one_way_to_a_component_token(self) -> Self:
        own = (self.component_appsecret, self.component_verify_ticket)
        if self.component_access_token is not None:
            if self.own_component_token or own != (None, None):
                raise wrong(
                    "has component_access_token and what makes one here; allowed: one of the two ways alone"
                )
        elif not self.own_component_token:
            raise wrong(
                "has no component_access_token; allowed: a token source, or own_component_token: true with "
                "component_appsecret and component_verify_ticket, which takes the token of production away "
                "from the platform's own service"
            )
        elif None in own:
            raise wrong(
                "makes its own component_access_token; "
                "for that component_appsecret and component_verify_ticket are needed"
            )
        return self
