"""Content negotiation: exposition format, gzip and language by the headers of a request."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from prometheus_client import exposition

from wx_domain_exporter.exposition.line_templates import Encoder

_ESCAPINGS = {"allow-utf-8", "underscores"}
"""The schemes that leave our metric names as they are. With `dots` and `values`, prometheus_client would
double each underscore, and no query would find the metrics, so clients that request these get `underscores`.
"""
_OPENMETRICS = "application/openmetrics-text"
_TEXT = "text/plain"
_VERSIONS = {_OPENMETRICS: ("1.0.0",), _TEXT: ("0.0.4", "1.0.0")}
_ANY_TEXT = ("*/*", "text/*")


@dataclass(frozen=True, slots=True)
class _Choice:
    value: str
    parameters: Mapping[str, str]
    quality: float


@lru_cache(32)  # a head can have 16 KiB
def choose_encoder(accept: str) -> tuple[Encoder, str]:
    """Return the encoder for an `Accept` header and its Content-Type; the text format if none is acceptable.

    prometheus_client's own function ignores q values, repeats any version and fails on one that is not a
    number, so it gets only the best choice, and only if that exists.
    """
    known = [choice for choice in _choices(accept) if _is_known(choice)]
    best = max(known, key=lambda choice: choice.quality, default=None)
    if best is None or best.value in _ANY_TEXT:
        return _encoder("")
    cleaned = f"{best.value};version={best.parameters.get('version', _VERSIONS[best.value][0])}"
    if best.parameters.get("escaping") in _ESCAPINGS:
        cleaned += f";escaping={best.parameters['escaping']}"
    return _encoder(cleaned)


@lru_cache(32)
def _encoder(cleaned: str) -> tuple[Encoder, str]:
    """Return the same encoder for the same format, because the fast writer caches templates by encoder."""
    return exposition.choose_encoder(cleaned)


@lru_cache(32)
def accepts_gzip(accept_encoding: str) -> bool:
    """Whether an `Accept-Encoding` header accepts gzip."""
    qualities = {choice.value: choice.quality for choice in _choices(accept_encoding)}
    return qualities.get("gzip", qualities.get("*", 0.0)) > 0


def prefers_chinese(accept_language: str) -> bool:
    """Whether an `Accept-Language` header prefers Chinese to English, which is the default."""
    known = [choice for choice in _choices(accept_language) if choice.value.split("-")[0] in {"zh", "en"}]
    best = max(known, key=lambda choice: choice.quality, default=None)
    return best is not None and best.quality > 0 and best.value.startswith("zh")


def _is_known(choice: _Choice) -> bool:
    if choice.quality <= 0:
        return False
    if choice.value in _ANY_TEXT:
        return True
    versions = _VERSIONS.get(choice.value, ())
    return bool(versions) and choice.parameters.get("version", versions[0]) in versions


def _choices(header: str) -> Iterator[_Choice]:
    for part in header.split(","):
        value, *parameter_texts = (text.strip() for text in part.split(";"))
        pairs = (text.partition("=") for text in parameter_texts)
        parameters = {name.strip().lower(): text.strip().strip('"') for name, _, text in pairs}
        yield _Choice(value.lower(), parameters, _quality(parameters.get("q", "1")))


def _quality(text: str) -> float:
    try:
        quality = float(text)
    except ValueError:
        return 0.0
    return quality if 0 <= quality <= 1 else 0.0
