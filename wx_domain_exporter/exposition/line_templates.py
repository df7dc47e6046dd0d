"""Line templates: filling one in is much faster than letting prometheus_client write the line.

They are made from lines that prometheus_client itself writes, one of each gauge in each format, with names,
help and the order of labels. Only label values and numbers are written here;
`tests/unit/exposition/test_fast_writer.py` fails if an upgrade of prometheus_client changes how it writes
them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from wx_domain_exporter.exposition.families import SAMPLES, configured_labels
from wx_domain_exporter.exposition.results import ScrapeResults
from wx_domain_exporter.metrics.definitions import Gauge

Encoder = Callable[[Collector], bytes]
"""A function of prometheus_client that writes the families of a registry or a collector as text."""

_FIRST_PLACEHOLDER = 0xE000
"""The first character of Unicode's private use area, whose characters mark the places of label values."""

_GO_EXPONENT_FROM, _PYTHON_EXPONENT_FROM = 1e6, 1e16
"""Between these values Python writes no exponent, but Go and prometheus_client do."""


def number(value: float) -> str:
    """Return a finite value as prometheus_client writes it: like Python, but with Go's exponents."""
    return _whole_number(value) if isinstance(value, int) else _any_number(value)


@lru_cache(1024)
def _whole_number(value: int) -> str:
    return _any_number(value)


def _any_number(value: float) -> str:
    digits = repr(float(value))
    if not _GO_EXPONENT_FROM <= value < _PYTHON_EXPONENT_FROM:
        return digits
    whole, _, fraction = digits.partition(".")
    return f"{whole[0]}.{whole[1:]}{fraction}".rstrip("0").rstrip(".") + f"e+{len(whole) - 1:02}"


def escaped(label: str) -> str:
    """Return a label value, escaped for a line."""
    if label.isalnum():  # such as an AppID
        return label
    return label.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


@dataclass(frozen=True, slots=True, eq=False)
class LineTemplates:
    """The templates of one exposition format.

    Attributes:
        heads: the lines with the help and the type of each gauge.
        lines: a template for `str.format` for each gauge; its arguments are the label values, in the order of
            the gauge's labels, and the value. Formats that differ only in their heads share one mapping.
    """

    heads: Mapping[Gauge, str]
    lines: Mapping[Gauge, str]


@lru_cache(32)
def templates_of(encode: Encoder, label_keys: tuple[str, ...]) -> LineTemplates:
    """Return the templates of a format.

    Args:
        encode: prometheus_client's encoder of the format.
        label_keys: the configured labels of app_info.
    """
    end = encode(CollectorRegistry())
    heads, lines = [], []
    for gauge in SAMPLES:
        text = _one_sample(encode, gauge, label_keys).removesuffix(end).decode()
        *head, line = text.splitlines(keepends=True)
        heads.append("".join(head))
        lines.append(_template(line, len(gauge.labels) + len(configured_labels(gauge, label_keys))))
    return LineTemplates(dict(zip(SAMPLES, heads, strict=True)), _same_mapping(tuple(lines)))


@lru_cache(32)
def _same_mapping(lines: tuple[str, ...]) -> Mapping[Gauge, str]:
    """Return the same mapping for equal templates, so that formats can share cached lines."""
    return dict(zip(SAMPLES, lines, strict=True))


def filled(gauge: Gauge, results: ScrapeResults, template: str) -> Iterator[str]:
    """Yield a line for each sample of a gauge."""
    fill = template.format
    for labels, value in SAMPLES[gauge](results):
        yield fill(*map(escaped, labels), number(value))


class _OneFamily(Collector):
    def __init__(self, family: Metric) -> None:
        self._family = family

    def collect(self) -> Iterator[Metric]:
        yield self._family


def _one_sample(encode: Encoder, gauge: Gauge, label_keys: Sequence[str]) -> bytes:
    """Return the text of a family with one sample: placeholders as label values, and the value 0."""
    configured = configured_labels(gauge, label_keys)
    family = gauge.family(*configured)
    places = range(len(gauge.labels) + len(configured))
    family.add_metric([chr(_FIRST_PLACEHOLDER + place) for place in places], 0)
    return encode(_OneFamily(family))


def _template(line: str, places: int) -> str:
    template = line.removesuffix(f"{number(0)}\n").replace("{", "{{").replace("}", "}}")
    for place in range(places):
        template = template.replace(chr(_FIRST_PLACEHOLDER + place), f"{{{place}}}")
    return f"{template}{{{places}}}\n"
