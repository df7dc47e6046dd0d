"""The models of baselines: the required and the allowed domains of each category."""

import re
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Discriminator, Tag, model_validator

from wx_domain_exporter.config.schema_fields import (
    Category,
    ListOf,
    PlatformCategory,
    StrictModel,
    Words,
    wrong,
)
from wx_domain_exporter.domains.baseline import has_stray_wildcard, has_wildcard
from wx_domain_exporter.domains.domain_list import MalformedDomainError, normal_form

_HOST = re.compile(r"(?:\*|[a-z0-9_-]+)(?:\.(?:\*|[a-z0-9_-]+))+(?::[0-9]{1,5})?")
"""A host as WeChat lists it, perhaps with a port; a wildcard is a whole label."""


def _normal(value: str) -> str:
    try:
        return normal_form(value)
    except MalformedDomainError as error:
        raise wrong(
            f"is not a domain: {error}; allowed: for example https://api.example.com",
            "不是域名：为空、过长或含有控制字符；应类似 https://api.example.com",
        ) from None


def _without_wildcard(value: str) -> str:
    if has_wildcard(value):
        raise wrong(
            "contains a wildcard; allowed: a complete domain (wildcards only under allowed)",
            "含有通配符；应为完整的域名（通配符只能用在 allowed 中）",
        )
    return value


def _with_whole_labels(value: str) -> str:
    if has_stray_wildcard(value):
        raise wrong(
            "contains a * that is not a whole label of the host, or has no scheme; "
            "allowed: for example https://*.example.com",
            "其中的 * 不是主机名中完整的一段，或缺少协议；应类似 https://*.example.com",
        )
    return value


def _host(value: str) -> str:
    if not _HOST.fullmatch(value):
        raise wrong(
            "is not a host; allowed: for example api.example.com, without https://",
            "不是主机名；应类似 api.example.com，不带 https://",
        )
    return value


_Domain = Annotated[str, AfterValidator(_normal), AfterValidator(_without_wildcard), Words("domain")]
_Pattern = Annotated[
    str, AfterValidator(_normal), AfterValidator(_with_whole_labels), Words("domain or pattern")
]
_Host = Annotated[
    str, AfterValidator(_normal), AfterValidator(_without_wildcard), AfterValidator(_host), Words("host")
]
_HostPattern = Annotated[str, AfterValidator(_normal), AfterValidator(_host), Words("host or pattern")]


class CategoryBaseline(StrictModel):
    """The domains expected in one category, in normal form."""

    required: Annotated[tuple[_Domain, ...], ListOf] = ()
    """Domains that must be in the list."""

    allowed: Annotated[tuple[_Pattern, ...], ListOf] | None = None
    """Other domains that may be in the list; `*` matches one or more whole labels of a host."""

    exact: Annotated[tuple[_Domain, ...], ListOf] | None = None
    """Domains that must be in the list, and no others."""

    @model_validator(mode="after")
    def _has_exact_or_others(self) -> Self:
        if self.exact is not None and (self.required or self.allowed is not None):
            raise wrong(
                "combines exact with other keys; allowed: exact alone, or required and allowed",
                "exact 不能与其他键同时使用；应单独使用 exact，或使用 required 和 allowed",
            )
        if not self.required and self.allowed is None and self.exact is None:
            raise wrong(
                "has no content; allowed: exact, or required, allowed or both",
                "没有内容；应有 exact，或 required、allowed 之一或两者",
            )
        return self


class HostsBaseline(CategoryBaseline):
    """The hosts expected in one of a platform's own lists, in which WeChat names no schemes."""

    required: Annotated[tuple[_Host, ...], ListOf] = ()
    """Hosts that must be in the list."""

    allowed: Annotated[tuple[_HostPattern, ...], ListOf] | None = None
    """Other hosts that may be in the list; `*` matches one or more whole labels."""

    exact: Annotated[tuple[_Host, ...], ListOf] | None = None
    """Hosts that must be in the list, and no others."""


def _tag(value: object) -> str:
    if isinstance(value, str | Mapping):
        return _NAME_TAG if isinstance(value, str) else _MAPPING_TAG
    raise wrong(
        "is not a baseline; allowed: a name under baselines, or a mapping of categories",
        "不是基线；应为 baselines 中的名称，或由类别组成的键值映射",
    )


def _with_tag(value: object) -> object:
    _tag(value)  # raises the error here, because the discriminator would replace its message
    return value


_NAME_TAG, _MAPPING_TAG = "<name>", "<baseline>"
NamedBaseline = Mapping[Category, CategoryBaseline]
PlatformBaseline = Mapping[PlatformCategory, HostsBaseline]
BaselineRef = Annotated[
    Annotated[str, Tag(_NAME_TAG)] | Annotated[NamedBaseline, Tag(_MAPPING_TAG)],
    Discriminator(_tag),
    BeforeValidator(_with_tag),
    Words("baseline or name"),
]
"""A name under `baselines`, or a baseline itself."""
