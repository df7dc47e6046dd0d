"""The models of baselines: which domains must be in a category, and which others may."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Discriminator, Tag, model_validator

from wx_domain_exporter.config.schema_fields import Category, ListOf, StrictModel, Words, wrong
from wx_domain_exporter.domains.baseline import has_stray_wildcard, has_wildcard
from wx_domain_exporter.domains.domain_list import MalformedDomainError, normal_form


def _normal(value: str) -> str:
    try:
        return normal_form(value)
    except MalformedDomainError as error:
        raise wrong(f"is no domain: {error}; allowed: such as https://api.example.com") from None


def _without_wildcard(value: str) -> str:
    if has_wildcard(value):
        raise wrong("holds a wildcard; allowed: a domain in full, and wildcards under allowed")
    return value


def _with_whole_labels(value: str) -> str:
    if has_stray_wildcard(value):
        raise wrong(
            "holds a * that is no whole label of a host behind a scheme; "
            "allowed: such as https://*.example.com"
        )
    return value


_Domain = Annotated[str, AfterValidator(_normal), AfterValidator(_without_wildcard), Words("domain")]
_Pattern = Annotated[
    str, AfterValidator(_normal), AfterValidator(_with_whole_labels), Words("domain or pattern")
]


class CategoryBaseline(StrictModel):
    """What one category should hold, in normal form."""

    required: Annotated[tuple[_Domain, ...], ListOf] = ()
    """These must be there."""

    allowed: Annotated[tuple[_Pattern, ...], ListOf] | None = None
    """What else may be there; `*` stands for one or more whole labels of a host."""

    exact: Annotated[tuple[_Domain, ...], ListOf] | None = None
    """These must be there, and nothing else may."""

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if self.exact is not None and (self.required or self.allowed is not None):
            raise wrong("has exact beside others; allowed: exact alone, or required and allowed")
        if not self.required and self.allowed is None and self.exact is None:
            raise wrong("says nothing; allowed: exact, or one or both of required and allowed")
        return self


def _tag(value: object) -> str:
    if isinstance(value, str | Mapping):
        return _NAME_TAG if isinstance(value, str) else _MAPPING_TAG
    raise wrong("is no baseline; allowed: a name under baselines, or a mapping of categories")


def _with_tag(value: object) -> object:
    _tag(value)  # the discriminator alone would answer with its own words
    return value


_NAME_TAG, _MAPPING_TAG = "<name>", "<baseline>"
NamedBaseline = Mapping[Category, CategoryBaseline]
BaselineRef = Annotated[
    Annotated[str, Tag(_NAME_TAG)] | Annotated[NamedBaseline, Tag(_MAPPING_TAG)],
    Discriminator(_tag),
    BeforeValidator(_with_tag),
    Words("baseline or name"),
]
"""A name under `baselines`, or a baseline itself."""
