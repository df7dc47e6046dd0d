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
from wx_domain_exporter.config.typing_mistakes import category, full_width, variable
from wx_domain_exporter.domains.domain_list import CATEGORY_PATTERN, PLATFORM_LIMITS
from wx_domain_exporter.errcodes.types import BilingualText

APPID_PATTERN = re.compile(r"wx[0-9a-f]{16}")
_LABEL = re.compile(r"[a-z_][a-z0-9_]*")
RESERVED_LABELS = frozenset(
    {"appid", "name", "category", "domain", "api", "errcode", "reason", "job", "instance"},
)
_LOOPBACK = re.compile(r"localhost|127(\.\d{1,3}){3}|::1")
_MAX_NAME_LENGTH = 256
_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}")
_HEADERS_OF_THE_TRANSPORT = frozenset({"connection", "content-length", "host", "transfer-encoding"})
_QUOTED_REFERENCE = re.compile(r"\s*\{\s*(?:env|file)\s*:.*\}\s*", re.DOTALL)
# Control characters, line separators, direction marks, and halves of a surrogate pair.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def wrong(en: str, zh: str) -> PydanticCustomError:
    """Return the exception for a validator to raise; the texts say what is wrong and what is allowed."""
    return PydanticCustomError("wrong", "{message}", {"message": en, "zh": zh})


def explained(text: BilingualText) -> PydanticCustomError:
    """Return the exception for a validator that has looked for mistakes of typing itself."""
    return PydanticCustomError("explained", "{message}", {"message": text.en, "zh": text.zh})


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
            kind = wrong(f"is an unknown key; allowed: {cls._keys()}", f"未知的键；可用的键：{cls._keys()}")
        elif kind == "model_type":
            kind = wrong(
                f"must be a mapping with the keys {cls._keys()}", f"应为键值映射，可用的键：{cls._keys()}"
            )
        elif kind in {"wrong", "explained"}:
            kind = PydanticCustomError(kind, "{message}", context)
        return InitErrorDetails(type=kind, loc=found["loc"], input=None, ctx=context)

    @classmethod
    def _keys(cls) -> str:
        return ", ".join(field.alias or name for name, field in cls.model_fields.items())


_QUOTED = BilingualText(
    "is a quoted reference; allowed: {env: NAME} or {file: PATH} without quotes",
    "引用被引号括起；应为不加引号的 {env: 变量名} 或 {file: 路径}",
)
_NOT_DISPLAYABLE = BilingualText(
    f"is too long or can't be displayed; allowed: up to {_MAX_NAME_LENGTH} characters, without line breaks, "
    "control or direction characters",
    f"过长或无法显示；最多 {_MAX_NAME_LENGTH} 个字符，且不能含有换行、控制字符或方向字符",
)


def _duration(value: object) -> float:
    try:
        if isinstance(value, str):
            return parse_duration(value)
        if value == 0 and not isinstance(value, bool):
            return 0.0
    except ValueError:
        pass
    raise wrong(
        "is not a duration; allowed: a number with a unit, such as 500ms, 10s, 5m, 1h30m",
        "不是时长；应为带单位的数字，例如 500ms、10s、5m、1h30m",
    )


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
        allowed = self.allowed.replace(" to ", " 到 ")
        raise wrong(f"is out of range; allowed: {self.allowed}", f"超出范围；应为 {allowed}")


def _secret(value: object, info: ValidationInfo) -> Secret:
    match value:
        case str(text):
            return Secret("value", _typed_secret(text))
        case {"file": str(path), **rest} if not rest and path:
            return Secret("file", _file_path(path, info))
        case {"env": str(name), **rest} if not rest and name:
            return Secret("env", _typed_secret(name))
    raise wrong(
        "is not a secret; allowed: a string, {file: PATH} or {env: NAME}",
        "不是密钥；应为字符串、{file: 路径} 或 {env: 变量名}",
    )


def _typed_secret(text: str) -> str:
    """Return a secret, or the name of a variable, that shows no mistake of typing."""
    if _QUOTED_REFERENCE.fullmatch(text):
        raise explained(_QUOTED)
    mistake = variable(text, secret=True) or full_width(text)
    if mistake is not None:
        raise explained(mistake)
    return text


def _matching(pattern: re.Pattern[str], en: str, zh: str) -> AfterValidator:
    def check(value: str) -> str:
        if pattern.fullmatch(value):
            return value
        raise wrong(en, zh)

    return AfterValidator(check)


def _text_schema(pattern: re.Pattern[str]) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^({pattern.pattern})$"})


def _reference_schema(key: str) -> dict[str, Any]:
    """Return the JSON Schema of `{file: PATH}` or `{env: NAME}`."""
    text = {"type": "string", "minLength": 1}
    return {"type": "object", "properties": {key: text}, "required": [key], "additionalProperties": False}


def _category(value: str) -> str:
    mistake = category(value)
    if mistake is not None:
        raise explained(mistake)
    return value


def _label_name(value: str) -> str:
    if not _LABEL.fullmatch(value) or value.startswith("__"):
        raise wrong(
            "is not a label name; allowed: a-z, 0-9 and _, not starting with a digit or __",
            "不是标签名；只能含有 a-z、0-9 和 _，且不能以数字或 __ 开头",
        )
    if value in RESERVED_LABELS:
        raise wrong(
            "is reserved by this exporter or by Prometheus; allowed: any other label name",
            "是 exporter 或 Prometheus 的保留标签名；请换一个名称",
        )
    return value


def _printable(value: str) -> str:
    if _UNPRINTABLE.search(value) or len(value) > _MAX_NAME_LENGTH:
        raise explained(_NOT_DISPLAYABLE)
    return _without_variable(value)


def printable_name(text: str) -> str:
    """Return a name that came from WeChat in a form that is valid for `name`."""
    return _UNPRINTABLE.sub("", text).strip()[:_MAX_NAME_LENGTH]


def _not_a_url() -> PydanticCustomError:
    return wrong("is not a URL; allowed: https://HOST[:PORT]", "不是 URL；应为 https://HOST[:PORT]")


def _http_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise _not_a_url() from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise _not_a_url()
    if _UNPRINTABLE.search(value) or " " in value or not value.isascii():
        raise wrong(
            "contains characters that are not valid in a URL; allowed: ASCII without spaces",
            "含有 URL 中不允许的字符；只能含有 ASCII 字符，且不能有空格",
        )
    return value


def _without_query(value: str) -> str:
    if "?" in value or "#" in value or "@" in urlsplit(_http_url(value)).netloc:
        raise wrong(
            "contains a user, a query or a fragment; allowed: https://HOST[:PORT]",
            "含有用户名、查询参数或片段；应为 https://HOST[:PORT]",
        )
    return value.rstrip("/")


def _not_in_clear_text(value: str, info: ValidationInfo) -> str:
    parts = urlsplit(value)
    loopback = _LOOPBACK.fullmatch(parts.hostname or "")
    if parts.scheme == "http" and not info.data.get("allow_http") and not loopback:
        raise wrong(
            "would send tokens in clear text; allowed: https://, or http:// with allow_http: true",
            "会以明文发送 token；应为 https://，或同时设置 allow_http: true 后使用 http://",
        )
    return value


def _token_service_url(value: str) -> str:
    try:
        _http_url(value.replace("{appid}", "appid"))
    except PydanticCustomError:
        raise wrong(
            "is not a URL; allowed: for example https://tokens.example.com/token?appId={appid}",
            "不是 URL；应类似 https://tokens.example.com/token?appId={appid}",
        ) from None
    if "#" in value or "@" in urlsplit(_http_url(value.replace("{appid}", "appid"))).netloc:
        raise wrong(
            "contains a user or a fragment; allowed: credentials only in headers",
            "含有用户名或片段；凭据只能放在 headers 中",
        )
    if "{" in value.replace("{appid}", "") or "{appid}" in urlsplit(value).netloc:
        raise wrong(
            "contains braces in the wrong place; allowed: {appid} in the path and the query",
            "花括号的位置有误；只能在路径和查询参数中使用 {appid}",
        )
    return value


def _header_name(value: str) -> str:
    if not _HEADER.fullmatch(value):
        raise wrong(
            "is not a header name; allowed: letters, digits and hyphens",
            "不是请求头名称；只能含有字母、数字和连字符",
        )
    if value.lower() in _HEADERS_OF_THE_TRANSPORT:
        raise wrong(
            "is a header that the exporter sets itself; allowed: other headers",
            "这个请求头由 exporter 自行设置；请使用其他请求头",
        )
    return value


def _json_pointer(value: str) -> str:
    try:
        JsonPointer(value)
    except JsonPointerException:
        raise wrong(
            "is not a JSON pointer (RFC 6901); allowed: for example /data/access_token",
            "不是 JSON pointer（RFC 6901）；应类似 /data/access_token",
        ) from None
    return value


def _pattern(value: str) -> str:
    if not value or _UNPRINTABLE.search(value):
        raise wrong(
            "is not a file name pattern; allowed: for example apps.d/*.yml",
            "不是文件名模式；应类似 apps.d/*.yml",
        )
    return _without_variable(value)


def _file_path(value: str, info: ValidationInfo) -> str:
    return str(Path((info.context or {}).get("folder", ".")) / _without_variable(value))


def _without_variable(value: str) -> str:
    mistake = variable(value, secret=False)
    if mistake is not None:
        raise explained(mistake)
    return value


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
    _matching(
        APPID_PATTERN,
        "is not an appid; allowed: wx followed by 16 hexadecimal digits (0-9, a-f)",
        "不是 AppID；应为 wx 加 16 位十六进制数字（0-9、a-f）",
    ),
    _text_schema(APPID_PATTERN),
    Words("appid"),
]
Category = Annotated[
    str,
    _matching(
        CATEGORY_PATTERN,
        "is not a category; allowed: names such as requestdomain, bizdomain",
        "不是域名类别；应类似 requestdomain、bizdomain",
    ),
    AfterValidator(_category),
    _text_schema(CATEGORY_PATTERN),
    Words("category"),
]
_PLATFORM_CATEGORY = re.compile("|".join(PLATFORM_LIMITS))
PlatformCategory = Annotated[
    str,
    _matching(
        _PLATFORM_CATEGORY,
        f"is not a list of a platform itself; allowed: {', '.join(PLATFORM_LIMITS)}",
        f"不是第三方平台自身的域名列表；应为 {'、'.join(PLATFORM_LIMITS)}",
    ),
    _text_schema(_PLATFORM_CATEGORY),
    Words("list of a platform itself"),
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
