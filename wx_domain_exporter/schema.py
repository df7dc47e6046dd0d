"""The typed, frozen models of the configuration; `config` loads them from a file."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    ModelWrapValidatorHandler,
    PlainValidator,
    Tag,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from wx_domain_exporter.domains import CATEGORY_PATTERN, DEFAULT_LIMITS
from wx_domain_exporter.durations import parse_duration
from wx_domain_exporter.secret import Secret

_LABEL = re.compile(r"[a-z_][a-z0-9_]*")
RESERVED_LABELS = frozenset(
    {"appid", "name", "category", "domain", "api", "errcode", "reason", "job", "instance"},
)
_APPID = re.compile(r"wx[0-9a-f]{16}")
_LOOPBACK = re.compile(r"localhost|127(\.\d{1,3}){3}|::1")
_MAX_NAME_LENGTH = 256
# Control characters, those that end a line or turn its direction, and halves of a surrogate pair.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


PLANNED_KEYS = frozenset({"platforms", "baselines", "baseline", "app_files"})


def _wrong(message: str) -> PydanticCustomError:
    return PydanticCustomError("wrong", "{message}", {"message": message})


class Strict(BaseModel):
    """A model that refuses unknown keys and wrong types, and names what it would have taken."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, hide_input_in_errors=True, arbitrary_types_allowed=True
    )

    @model_validator(mode="wrap")
    @classmethod
    def _name_the_keys(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:  # noqa: ANN401
        try:
            return handler(value)
        except ValidationError as error:
            raise ValidationError.from_exception_data(
                cls.__name__, [cls._named(found) for found in error.errors(include_url=False)]
            ) from None

    @classmethod
    def _named(cls, found: Any) -> InitErrorDetails:  # noqa: ANN401
        kind: str | PydanticCustomError = found["type"]
        context = found.get("ctx", {})
        if kind == "extra_forbidden" and len(found["loc"]) == 1:
            kind = _wrong(cls._unknown_key(str(found["loc"][0])))
        elif kind == "model_type":
            kind = _wrong(f"must be a mapping with the keys {', '.join(cls.model_fields)}")
        elif kind == "wrong":
            kind = _wrong(context["message"])
        return InitErrorDetails(type=kind, loc=found["loc"], input=None, ctx=context)

    @classmethod
    def _unknown_key(cls, key: str) -> str:
        if key in PLANNED_KEYS:
            return "does not work yet in this version; leave it out"
        return f"is not a key here; allowed: {', '.join(cls.model_fields)}"


def _duration(value: object) -> float:
    try:
        if isinstance(value, str):
            return parse_duration(value)
        if value == 0 and not isinstance(value, bool):
            return 0.0
    except ValueError:
        pass
    raise _wrong("is not a duration; allowed: a number with a unit, such as 500ms, 10s, 5m, 1h30m")


def _within(low: float, high: float, allowed: str) -> AfterValidator:
    def check(value: float) -> float:
        if low <= value <= high:
            return value
        raise _wrong(f"is out of range; allowed: {allowed}")

    return AfterValidator(check)


def _secret(value: object, info: ValidationInfo) -> Secret:
    match value:
        case str(text):
            return Secret("value", text)
        case {"file": str(path), **rest} if not rest and path:
            folder = Path((info.context or {}).get("folder", "."))
            return Secret("file", str(folder / path))
        case {"env": str(name), **rest} if not rest and name:
            return Secret("env", name)
    raise _wrong("is not a secret; allowed: a string, {file: PATH} or {env: NAME}")


def _matching(pattern: re.Pattern[str], message: str) -> AfterValidator:
    def check(value: str) -> str:
        if pattern.fullmatch(value):
            return value
        raise _wrong(message)

    return AfterValidator(check)


def _label_name(value: str) -> str:
    if not _LABEL.fullmatch(value) or value.startswith("__"):
        raise _wrong("is not a label name; allowed: a-z, 0-9 and _, not starting with a digit or __")
    if value in RESERVED_LABELS:
        raise _wrong("is a label that this exporter or Prometheus sets itself; choose another name")
    return value


def _printable(value: str) -> str:
    if _UNPRINTABLE.search(value) or len(value) > _MAX_NAME_LENGTH:
        raise _wrong(f"is not a name; allowed: up to {_MAX_NAME_LENGTH} characters, no control characters")
    return value


def _http_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise _wrong("is not a URL; allowed: https://HOST[:PORT]") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise _wrong("is not a URL; allowed: https://HOST[:PORT]")
    if _UNPRINTABLE.search(value) or " " in value or not value.isascii():
        raise _wrong("holds characters that a URL can't hold")
    return value


def _base_url(value: str, info: ValidationInfo) -> str:
    parts = urlsplit(_http_url(value))
    if "?" in value or "#" in value or "@" in parts.netloc:
        raise _wrong("must not hold a user, a query or a fragment; allowed: https://HOST[:PORT]")
    if (
        parts.scheme == "http"
        and not info.data.get("allow_http")
        and not _LOOPBACK.fullmatch(parts.hostname or "")
    ):
        raise _wrong("would send tokens in clear text; allowed: https://, or http:// with allow_http: true")
    return value.rstrip("/")


def _file_path(value: str, info: ValidationInfo) -> str:
    return str(Path((info.context or {}).get("folder", ".")) / value)


def _to_tuple(value: object) -> object:
    # YAML gives lists; a frozen model keeps tuples.
    return tuple(value) if isinstance(value, list) else value


Duration = Annotated[float, PlainValidator(_duration, json_schema_input_type=str)]
"""Seconds, from a Prometheus duration."""

SecretField = Annotated[Secret, PlainValidator(_secret, json_schema_input_type=str | dict[str, str])]
Appid = Annotated[str, _matching(_APPID, "is not an appid; allowed: wx followed by 16 of 0-9 a-f")]
Category = Annotated[
    str, _matching(CATEGORY_PATTERN, "is not a category; allowed: names such as requestdomain, bizdomain")
]
Labels = Mapping[Annotated[str, AfterValidator(_label_name)], Annotated[str, AfterValidator(_printable)]]
FilePath = Annotated[str, AfterValidator(_file_path)]


class Wechat(Strict):
    """How the WeChat API is reached."""

    allow_http: bool = False  # before base_url, whose check looks at it
    base_url: Annotated[str, AfterValidator(_base_url)] = "https://api.weixin.qq.com"
    timeout: Annotated[Duration, _within(0.01, 120, "10ms to 2m")] = 5.0
    max_concurrency: Annotated[int, _within(1, 4096, "1 to 4096")] = 64
    max_response_bytes: Annotated[int, _within(1024, 64 << 20, "1024 to 67108864")] = 1 << 20
    action: Literal["getserverdomain", "getbizdomain"] | None = None
    ca_file: FilePath | None = None
    proxy_url: SecretField | None = None
    trust_env: bool = False


class Scrape(Strict):
    """How long a scrape may take, and how close two scrapes may be."""

    timeout: Annotated[Duration, _within(0.1, 120, "100ms to 2m")] = 10.0
    timeout_offset: Annotated[Duration, _within(0, 60, "0s to 1m")] = 0.5
    min_interval: Annotated[Duration, _within(0, 86400, "0s to 1d")] = 0.0


class Collect(Strict):
    """Which series beside counts and hashes are exported."""

    domains: bool = True
    max_domains: Annotated[int, _within(0, 1_000_000, "0 to 1000000")] = 2000
    effective: bool = False
    quota: bool = False


class StableToken(Strict):
    """The appid's own token from /cgi-bin/stable_token, never with force_refresh."""

    type: Literal["stable_token"]
    appsecret: SecretField


class AccessToken(Strict):
    """A token made elsewhere: an access_token or authorizer_access_token; never renewed here."""

    type: Literal["access_token"]
    access_token: SecretField


TokenSource = StableToken | AccessToken
TOKEN_TYPES = ("stable_token", "access_token")
PLANNED_TOKEN_TYPES = ("http", "authorizer", "cloudrun", "cloudbase")

_NAME_TAG = "<name>"


_TYPES_IN_WORDS = f"a mapping with type: {' or '.join(TOKEN_TYPES)}"


def _tag(allowed: str) -> Callable[[object], str]:
    def tag(value: object) -> str:
        kind = value.get("type") if isinstance(value, Mapping) else None
        if kind in TOKEN_TYPES:
            return f"<{kind}>"
        if kind in PLANNED_TOKEN_TYPES:
            raise _wrong(f"type {kind} does not work yet in this version; allowed: {', '.join(TOKEN_TYPES)}")
        raise _wrong(f"is not a token source; allowed: {allowed}")

    return tag


_tag_of_source = _tag(_TYPES_IN_WORDS)
_tag_of_inline_source = _tag(f"a name under tokens, or {_TYPES_IN_WORDS}")


def _tag_of_reference(value: object) -> str:
    return _NAME_TAG if isinstance(value, str) else _tag_of_inline_source(value)


def _with_tag(tag: Callable[[object], str]) -> BeforeValidator:
    # The discriminator alone would answer with its own words for a value without a tag.
    def check(value: object) -> object:
        tag(value)
        return value

    return BeforeValidator(check)


TokenRef = Annotated[
    Annotated[str, Tag(_NAME_TAG)]
    | Annotated[StableToken, Tag("<stable_token>")]
    | Annotated[AccessToken, Tag("<access_token>")],
    Discriminator(_tag_of_reference),
    _with_tag(_tag_of_reference),
]
NamedSource = Annotated[
    Annotated[StableToken, Tag("<stable_token>")] | Annotated[AccessToken, Tag("<access_token>")],
    Discriminator(_tag_of_source),
    _with_tag(_tag_of_source),
]


class Defaults(Strict):
    """What an app has that does not say otherwise."""

    token: TokenRef | None = None
    labels: Labels = Field(default_factory=dict)


class App(Strict):
    """One mini program, as the configuration names it."""

    appid: Appid
    name: Annotated[str, AfterValidator(_printable)] = ""
    labels: Labels = Field(default_factory=dict)
    token: TokenRef | None = None


class Config(Strict):
    """A whole configuration file."""

    wechat: Wechat = Wechat()
    scrape: Scrape = Scrape()
    collect: Collect = Collect()
    limits: Mapping[Category, Annotated[int, _within(1, 1_000_000, "1 to 1000000")]] = Field(
        default_factory=dict
    )
    tokens: Mapping[str, NamedSource] = Field(default_factory=dict)
    defaults: Defaults = Defaults()
    apps: Annotated[tuple[App, ...], BeforeValidator(_to_tuple)] = ()

    def all_limits(self) -> Mapping[str, int]:
        """Return the maximum number of domains a category, WeChat's unless `limits` says otherwise."""
        return {**DEFAULT_LIMITS, **self.limits}
