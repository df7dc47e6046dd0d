"""prometheus_client's own lines as templates, which are filled several times as fast as it writes a line.

prometheus_client writes one line of each gauge in each format. Names, help and the order of labels are taken
from there. Only what differs from sample to sample is written here: label values and numbers.
`tests/unit/exposition/test_fast_writer.py` says so if an upgrade of prometheus_client writes them in another way.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from wx_domain_exporter.exposition.families import SAMPLES, more_labels
from wx_domain_exporter.exposition.results import ScrapeResults
from wx_domain_exporter.metrics.definitions import Gauge

Encoder = Callable[[Collector], bytes]
"""prometheus_client's function that writes what a registry or a collector yields."""

_FIRST_PLACEHOLDER = 0xE000
"""The first of the characters for private use: they stand where a line's label values belong."""

_FIRST_WITH_EXPONENT, _PYTHON_HAS_EXPONENT = 1e6, 1e16
"""From the one to the other Python writes no exponent, and prometheus_client does, as Go."""


def number(value: float) -> str:
    """Return a finite value as prometheus_client writes it: as Python does, but with Go's exponents."""
    return _whole_number(value) if isinstance(value, int) else _any_number(value)


@lru_cache(1024)
def _whole_number(value: int) -> str:
    return _any_number(value)


def _any_number(value: float) -> str:
    digits = repr(float(value))
    if not _FIRST_WITH_EXPONENT <= value < _PYTHON_HAS_EXPONENT:
        return digits
    whole, _, fraction = digits.partition(".")
    return f"{whole[0]}.{whole[1:]}{fraction}".rstrip("0").rstrip(".") + f"e+{len(whole) - 1:02}"


def escaped(label: str) -> str:
    """Return a label's value as it stands between the quotes of a line."""
    if label.isalnum():  # as AppIDs are
        return label
    return label.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


@dataclass(frozen=True, slots=True, eq=False)
class LineTemplates:
    """The templates of one exposition format.

    Attributes:
        heads: by gauge, the lines with its help and type.
        lines: by gauge, a template for `str.format`, which takes the label values, in the order of the
            gauge's labels, and the value. Formats that differ in their heads alone have the same mapping.
    """

    heads: Mapping[Gauge, str]
    lines: Mapping[Gauge, str]


@lru_cache(32)
def templates_of(encode: Encoder, label_keys: tuple[str, ...]) -> LineTemplates:
    """Return the templates of a format.

    Args:
        encode: prometheus_client's encoder of the format.
        label_keys: the labels that app_info has beside its own.
    """
    end = encode(CollectorRegistry())
    heads, lines = [], []
    for gauge in SAMPLES:
        text = _one_sample(encode, gauge, label_keys).removesuffix(end).decode()
        *head, line = text.splitlines(keepends=True)
        heads.append("".join(head))
        lines.append(_template(line, len(gauge.labels) + len(more_labels(gauge, label_keys))))
    return LineTemplates(dict(zip(SAMPLES, heads, strict=True)), _same_mapping(tuple(lines)))


@lru_cache(32)
def _same_mapping(lines: tuple[str, ...]) -> Mapping[Gauge, str]:
    """Return one mapping for the same templates, so that cached lines serve all formats that have them."""
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
    """Let prometheus_client write a family whose one sample has placeholders for label values, and a 0."""
    more = more_labels(gauge, label_keys)
    family = gauge.family(*more)
    places = range(len(gauge.labels) + len(more))
    family.add_metric([chr(_FIRST_PLACEHOLDER + place) for place in places], 0)
    return encode(_OneFamily(family))


def _template(line: str, places: int) -> str:
    template = line.removesuffix(f"{number(0)}\n").replace("{", "{{").replace("}", "}}")
    for place in range(places):
        template = template.replace(chr(_FIRST_PLACEHOLDER + place), f"{{{place}}}")
    return f"{template}{{{places}}}\n"
