"""Frozen models of a web configuration file, in the format of Prometheus' exporter-toolkit."""

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import bcrypt
from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from wx_domain_exporter.config.durations import parse_go_duration
from wx_domain_exporter.config.schema_fields import ListOf, StrictModel, Within, wrong
from wx_domain_exporter.config.secret import Secret
from wx_domain_exporter.web.web_config.tls_names import CURVES, SUITES, TLS13_SUITES, VERSIONS

_LONGEST_INTERVAL = 86400.0
_BCRYPT = re.compile(r"\$2[aby]\$(?P<cost>0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{53}")
_HEADER_VALUE = re.compile(r"[\x20-\x7e]*")
_UNVERIFIED = ("RequestClientCert", "RequireAnyClientCert", "RequireClientCert")
_CLIENT_AUTH_TYPES = ("NoClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert")


class _Section(StrictModel):
    """A section in which a key without a value counts as absent, as in exporter-toolkit."""

    @model_validator(mode="before")
    @classmethod
    def _leave_out_empty_keys(cls, value: Any) -> Any:  # noqa: ANN401
        if isinstance(value, dict):
            return {
                key: item for key, item in value.items() if item is not None or key not in cls.model_fields
            }
        return value


def _path(value: str, info: ValidationInfo) -> str:
    return str(Path((info.context or {}).get("folder", ".")) / value) if value else ""


def _one_of(en: str, zh: str, names: tuple[str, ...]) -> AfterValidator:
    listed = ", ".join(names)

    def check(value: str) -> str:
        if value in names:
            return value
        raise wrong(f"is not {en}; allowed: {listed}", f"不是{zh}；可选：{listed}")

    return AfterValidator(check)


def _client_auth_type(value: str) -> str:
    verified = ", ".join(_CLIENT_AUTH_TYPES)
    if value in _UNVERIFIED:
        raise wrong(
            "would accept client certificates without verification, which is not supported; "
            f"allowed: {verified}",
            f"会接受未经验证的客户端证书，不支持这种方式；可选：{verified}",
        )
    if value and value not in _CLIENT_AUTH_TYPES:
        raise wrong(
            f"is not a client_auth_type; allowed: {verified}",
            f"不是有效的 client_auth_type；可选：{verified}",
        )
    return value


def _inline_secret(value: object) -> Secret:
    if isinstance(value, str):
        return Secret("value", value)
    raise _no_string()


def _no_string() -> PydanticCustomError:
    return wrong(
        "has the wrong type; allowed: a string (put it in quotes)", "类型有误；应为字符串（请加引号）"
    )


def _bcrypt_hash(value: object) -> Secret:
    if not isinstance(value, str) or not _BCRYPT.fullmatch(value):
        raise wrong(
            "is not a bcrypt hash; allowed: 60 characters that start with $2a$, $2b$ or $2y$",
            "不是 bcrypt 哈希；应为以 $2a$、$2b$ 或 $2y$ 开头的 60 个字符",
        )
    try:
        # With the lowest cost, which is fast, bcrypt refuses the same damaged hashes.
        bcrypt.checkpw(b"", f"{value[:4]}04{value[6:]}".encode())
    except ValueError:
        raise wrong(
            "is not a bcrypt hash: its salt is damaged; allowed: a hash made by htpasswd",
            "不是 bcrypt 哈希：其中的盐已损坏；应为 htpasswd 生成的哈希",
        ) from None
    return Secret("value", value)


def _user(value: str) -> str:
    if ":" in value:
        raise wrong(
            "contains a colon, which ends the name of a user; allowed: any text without a colon",
            "用户名中含有冒号；不能含有冒号",
        )
    return value


def _header_value(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)  # `X-XSS-Protection: 0`
    if not isinstance(value, str):
        raise _no_string()
    if not _HEADER_VALUE.fullmatch(value):
        raise wrong(
            "contains characters that a header can't have; allowed: printable ASCII characters on one line",
            "含有响应头中不允许的字符；只能是一行可打印的 ASCII 字符",
        )
    return value


def _go_duration(value: object) -> float:
    if value == 0 and not isinstance(value, bool):
        return 0.0
    if isinstance(value, str):
        with suppress(ValueError):
            seconds = parse_go_duration(value)
            if seconds <= _LONGEST_INTERVAL:
                return seconds
    raise wrong(
        "is not a duration; allowed: up to 24h, such as 100ms, 1s, 1m30s, and 0 for no limit",
        "不是时长；最长 24h，例如 100ms、1s、1m30s，0 表示不限制",
    )


FileName = Annotated[str, AfterValidator(_path)]
"""Joined to the folder of the web configuration file; empty stays empty."""

InlineSecret = Annotated[Secret, PlainValidator(_inline_secret, json_schema_input_type=str)]
PasswordHash = Annotated[Secret, PlainValidator(_bcrypt_hash, json_schema_input_type=str)]
HeaderValue = Annotated[str, BeforeValidator(_header_value)]
Version = Annotated[str, _one_of("a TLS version", " TLS 版本", tuple(VERSIONS))]
Suite = Annotated[str, _one_of("a cipher suite", "加密套件", (*SUITES, *TLS13_SUITES))]
Curve = Annotated[str, _one_of("a curve", "曲线", tuple(CURVES))]


class TlsServerConfig(_Section):
    """TLS, and which clients are allowed."""

    cert: str = ""
    cert_file: FileName = ""
    key: InlineSecret = Secret("value", "")
    key_file: FileName = ""
    client_ca: str = ""
    client_ca_file: FileName = ""
    client_auth_type: Annotated[str, AfterValidator(_client_auth_type)] = ""
    client_allowed_sans: Annotated[tuple[str, ...] | None, ListOf] = None
    """None allows every verified client, an empty list none."""
    min_version: Version = "TLS12"
    max_version: Version = "TLS13"
    cipher_suites: Annotated[tuple[Suite, ...], ListOf] = ()
    prefer_server_cipher_suites: bool = True
    curve_preferences: Annotated[tuple[Curve, ...], ListOf] = ()


class HttpHeaders(StrictModel):
    """The headers that can be added to every answer; an empty one is not sent."""

    csp: HeaderValue = Field("", alias="Content-Security-Policy")
    frame_options: Annotated[Literal["deny", "sameorigin"] | None, BeforeValidator(_header_value)] = Field(
        None, alias="X-Frame-Options"
    )
    content_type_options: Annotated[Literal["nosniff"] | None, BeforeValidator(_header_value)] = Field(
        None, alias="X-Content-Type-Options"
    )
    xss_protection: HeaderValue = Field("", alias="X-XSS-Protection")
    hsts: HeaderValue = Field("", alias="Strict-Transport-Security")

    def as_pairs(self) -> tuple[tuple[str, str], ...]:
        """Return the name and value of each header to send."""
        return tuple((name, value) for name, value in self.model_dump(by_alias=True).items() if value)


class HttpServerConfig(_Section):
    """Settings of HTTP."""

    http2: bool = True
    """Has no effect: this exporter speaks HTTP/1.1, which every client supports."""
    headers: HttpHeaders = HttpHeaders()


class RateLimit(_Section):
    """One token bucket for all requests."""

    interval: Annotated[float, PlainValidator(_go_duration, json_schema_input_type=str)] = 0.0
    burst: Annotated[int, Within(0, 1_000_000, "0 to 1000000")] = 0

    @model_validator(mode="after")
    def _has_a_burst(self) -> Self:
        if self.interval and not self.burst:
            raise wrong(
                "would refuse every request with 429; allowed: a burst of 1 or more with the interval",
                "会以 429 拒绝所有请求；设置 interval 时，burst 应不小于 1",
            )
        return self


class WebConfig(_Section):
    """The whole file."""

    tls_server_config: TlsServerConfig = TlsServerConfig()
    http_server_config: HttpServerConfig = HttpServerConfig()
    rate_limit: RateLimit = RateLimit()
    basic_auth_users: Mapping[Annotated[str, AfterValidator(_user)], PasswordHash] = Field(
        default_factory=dict
    )
