"""The base of all configuration models, and the types of their fields."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Self
from urllib.parse import urlsplit

from jsonpointer import JsonPointer, JsonPointerException
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    PlainValidator,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from wx_domain_exporter.config.durations import DURATION_PATTERN, parse_duration
from wx_domain_exporter.config.secret import Secret
from wx_domain_exporter.domains.domain_list import CATEGORY_PATTERN

APPID_PATTERN = re.compile(r"wx[0-9a-f]{16}")
_LABEL = re.compile(r"[a-z_][a-z0-9_]*")
RESERVED_LABELS = frozenset(
    {"appid", "name", "category", "domain", "api", "errcode", "reason", "job", "instance"},
)
_LOOPBACK = re.compile(r"localhost|127(\.\d{1,3}){3}|::1")
_MAX_NAME_LENGTH = 256
_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}")
_HEADERS_OF_THE_TRANSPORT = frozenset({"connection", "content-length", "host", "transfer-encoding"})
_QUOTED_REFERENCE = re.compile(r"\s*(?:\{\s*(?:env|file)\s*:.*\}|\$\{.*\})\s*", re.DOTALL)
# Control characters, line separators, direction marks, and halves of a surrogate pair.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def wrong(message: str) -> PydanticCustomError:
    """Return the exception for a validator to raise; the message says what is wrong and what is allowed."""
    return PydanticCustomError("wrong", "{message}", {"message": message})


class StrictModel(BaseModel):
    """A model that refuses unknown keys and wrong types with messages that list the allowed keys."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,
        use_attribute_docstrings=True,
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
            kind = wrong(f"is an unknown key; allowed: {cls._keys()}")
        elif kind == "model_type":
            kind = wrong(f"must be a mapping with the keys {cls._keys()}")
        elif kind == "wrong":
            kind = wrong(context["message"])
        return InitErrorDetails(type=kind, loc=found["loc"], input=None, ctx=context)

    @classmethod
    def _keys(cls) -> str:
        return ", ".join(field.alias or name for name, field in cls.model_fields.items())


def _duration(value: object) -> float:
    try:
        if isinstance(value, str):
            return parse_duration(value)
        if value == 0 and not isinstance(value, bool):
            return 0.0
    except ValueError:
        pass
    raise wrong("is not a duration; allowed: a number with a unit, such as 500ms, 10s, 5m, 1h30m")


@dataclass(frozen=True, slots=True)
class Words:
    """The name of a type in the documentation."""

    text: str


@dataclass(frozen=True, slots=True)
class Within:
    """A validator of a range; `allowed` is the range in the units of the file."""

    low: float
    high: float
    allowed: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401
        """Run after the validators before it."""
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, source: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Add the range of a whole number; JSON Schema has none for durations."""
        made = handler(source)
        return {**made, "minimum": self.low, "maximum": self.high} if made.get("type") == "integer" else made

    def _check(self, value: float) -> float:
        if self.low <= value <= self.high:
            return value
        raise wrong(f"is out of range; allowed: {self.allowed}")


def _secret(value: object, info: ValidationInfo) -> Secret:
    match value:
        case str(text) if _QUOTED_REFERENCE.fullmatch(text):
            raise wrong("is a quoted reference; allowed: {env: NAME} or {file: PATH} without quotes")
        case str(text):
            return Secret("value", text)
        case {"file": str(path), **rest} if not rest and path:
            folder = Path((info.context or {}).get("folder", "."))
            return Secret("file", str(folder / path))
        case {"env": str(name), **rest} if not rest and name:
            return Secret("env", name)
    raise wrong("is not a secret; allowed: a string, {file: PATH} or {env: NAME}")


def _matching(pattern: re.Pattern[str], message: str) -> AfterValidator:
    def check(value: str) -> str:
        if pattern.fullmatch(value):
            return value
        raise wrong(message)

    return AfterValidator(check)


def _text_schema(pattern: re.Pattern[str]) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^({pattern.pattern})$"})


def _reference_schema(key: str) -> dict[str, Any]:
    """Return the JSON Schema of `{file: PATH}` or `{env: NAME}`."""
    text = {"type": "string", "minLength": 1}
    return {"type": "object", "properties": {key: text}, "required": [key], "additionalProperties": False}


def _label_name(value: str) -> str:
    if not _LABEL.fullmatch(value) or value.startswith("__"):
        raise wrong("is not a label name; allowed: a-z, 0-9 and _, not starting with a digit or __")
    if value in RESERVED_LABELS:
        raise wrong("is reserved by this exporter or by Prometheus; allowed: any other label name")
    return value


def _printable(value: str) -> str:
    if _UNPRINTABLE.search(value) or len(value) > _MAX_NAME_LENGTH:
        allowed = f"up to {_MAX_NAME_LENGTH} characters, without line breaks, control or direction characters"
        raise wrong(f"is too long or can't be displayed; allowed: {allowed}")
    return value


def printable_name(text: str) -> str:
    """Return a name that came from WeChat in a form that is valid for `name`."""
    return _UNPRINTABLE.sub("", text).strip()[:_MAX_NAME_LENGTH]


def _http_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise wrong("is not a URL; allowed: https://HOST[:PORT]") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise wrong("is not a URL; allowed: https://HOST[:PORT]")
    if _UNPRINTABLE.search(value) or " " in value or not value.isascii():
        raise wrong("contains characters that are not valid in a URL; allowed: ASCII without spaces")
    return value


def _without_query(value: str) -> str:
    if "?" in value or "#" in value or "@" in urlsplit(_http_url(value)).netloc:
        raise wrong("contains a user, a query or a fragment; allowed: https://HOST[:PORT]")
    return value.rstrip("/")


def _not_in_clear_text(value: str, info: ValidationInfo) -> str:
    parts = urlsplit(value)
    loopback = _LOOPBACK.fullmatch(parts.hostname or "")
    if parts.scheme == "http" and not info.data.get("allow_http") and not loopback:
        raise wrong("would send tokens in clear text; allowed: https://, or http:// with allow_http: true")
    return value


def _token_service_url(value: str) -> str:
    try:
        _http_url(value.replace("{appid}", "appid"))
    except PydanticCustomError:
        raise wrong(
            "is not a URL; allowed: for example https://tokens.example.com/token?appId={appid}"
        ) from None
    if "#" in value or "@" in urlsplit(_http_url(value.replace("{appid}", "appid"))).netloc:
        raise wrong("contains a user or a fragment; allowed: credentials only in headers")
    if "{" in value.replace("{appid}", "") or "{appid}" in urlsplit(value).netloc:
        raise wrong("contains braces in the wrong place; allowed: {appid} in the path and the query")
    return value


def _header_name(value: str) -> str:
    if not _HEADER.fullmatch(value):
        raise wrong("is not a header name; allowed: letters, digits and hyphens")
    if value.lower() in _HEADERS_OF_THE_TRANSPORT:
        raise wrong("is a header that the exporter sets itself; allowed: other headers")
    return value


def _json_pointer(value: str) -> str:
    try:
        JsonPointer(value)
    except JsonPointerException:
        raise wrong("is not a JSON pointer (RFC 6901); allowed: for example /data/access_token") from None
    return value


def _pattern(value: str) -> str:
    if not value or _UNPRINTABLE.search(value):
        raise wrong("is not a file name pattern; allowed: for example apps.d/*.yml")
    return value


def _file_path(value: str, info: ValidationInfo) -> str:
    return str(Path((info.context or {}).get("folder", ".")) / value)


def _to_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


DURATION_SCHEMA: Final = {"anyOf": [{"type": "string", "pattern": DURATION_PATTERN}, {"const": 0}]}
"""The JSON Schema of a duration."""

Duration = Annotated[
    float, PlainValidator(_duration), WithJsonSchema(dict(DURATION_SCHEMA)), Words("duration")
]
"""Seconds, from a Prometheus duration."""

_LABEL_SCHEMA = _text_schema(re.compile(rf"(?!__|({'|'.join(sorted(RESERVED_LABELS))})$){_LABEL.pattern}"))
SecretField = Annotated[
    Secret,
    PlainValidator(_secret),
    WithJsonSchema({"anyOf": [{"type": "string"}, *map(_reference_schema, ("file", "env"))]}),
    Words("secret"),
]
Appid = Annotated[
    str,
    _matching(APPID_PATTERN, "is not an appid; allowed: wx followed by 16 hexadecimal digits (0-9, a-f)"),
    _text_schema(APPID_PATTERN),
    Words("appid"),
]
Category = Annotated[
    str,
    _matching(CATEGORY_PATTERN, "is not a category; allowed: names such as requestdomain, bizdomain"),
    _text_schema(CATEGORY_PATTERN),
    Words("category"),
]
Labels = Mapping[
    Annotated[str, AfterValidator(_label_name), _LABEL_SCHEMA, Words("label name")],
    Annotated[str, AfterValidator(_printable), Words("text")],
]
FilePath = Annotated[str, AfterValidator(_file_path), Words("file")]
BaseUrl = Annotated[str, AfterValidator(_without_query), AfterValidator(_not_in_clear_text), Words("URL")]
"""A URL that tokens are sent to. Its model must declare `allow_http` first, because the check reads it."""

TokenlessBaseUrl = Annotated[str, AfterValidator(_without_query), Words("URL")]
TokenServiceUrl = Annotated[
    str, AfterValidator(_token_service_url), AfterValidator(_not_in_clear_text), Words("URL")
]
Headers = Mapping[Annotated[str, AfterValidator(_header_name), Words("header")], SecretField]
Pointer = Annotated[str, AfterValidator(_json_pointer), Words("JSON pointer")]
FilePattern = Annotated[str, AfterValidator(_pattern), Words("pattern")]
Name = Annotated[str, AfterValidator(_printable), Words("text")]
ListOf = BeforeValidator(_to_tuple)
"""Converts the lists of YAML for fields that are tuples."""
