"""The lines of the fleet's gauges in one exposition format, as prometheus-client writes them.

prometheus-client is asked once for each gauge and format; what it wrote is the pattern of all other lines. It
writes a sample in 6 µs, a pattern is filled in less than one.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from wx_domain_exporter.metrics.table import APP_INFO, GAUGES, Gauge

Encoder = Callable[[Collector], bytes]

_MARK = 0xE000
"""The first of the characters for private use: they stand where a line's label values belong."""


def number(value: float) -> str:
    """Return a sample's value as it stands in a line."""
    written: str = floatToGoString(value)  # type: ignore[no-untyped-call]
    return written


def text(value: str) -> str:
    """Return a label's value as it stands in a line."""
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


@dataclass(frozen=True, slots=True)
class Lines:
    """The patterns of the lines of all gauges, in the order of `GAUGES`.

    Each is filled by `str.format` with the label values, in the order of the gauge's labels, and the value.
    Formats that differ in nothing else have the same ones.
    """

    patterns: tuple[str, ...]

    def of(self, gauge: Gauge) -> str:
        """Return the pattern of a gauge."""
        return self.patterns[GAUGES.index(gauge)]


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a format makes of the gauges.

    Attributes:
        heads: what stands before the lines of each gauge, in the order of `GAUGES`.
        lines: the patterns.
    """

    heads: tuple[str, ...]
    lines: Lines


class _One(Collector):
    def __init__(self, family: Metric) -> None:
        self._family = family

    def collect(self) -> Iterator[Metric]:
        yield self._family


@lru_cache(32)
def dialect_of(encode: Encoder, label_keys: Sequence[str]) -> Dialect:
    """Return how an encoder of prometheus-client writes the gauges.

    Args:
        encode: the encoder.
        label_keys: the labels that app_info has beside its own, a tuple.
    """
    end = encode(CollectorRegistry())
    pairs = [
        _head_and_pattern(encode, end, gauge, label_keys if gauge is APP_INFO else ()) for gauge in GAUGES
    ]
    return Dialect(tuple(head for head, _ in pairs), _the_same(Lines(tuple(pattern for _, pattern in pairs))))


@lru_cache(32)
def _the_same(lines: Lines) -> Lines:
    return lines


def _head_and_pattern(
    encode: Encoder, end: bytes, gauge: Gauge, more_labels: Sequence[str]
) -> tuple[str, str]:
    family = gauge.family(*more_labels)
    places = range(len(gauge.labels) + len(more_labels))
    family.add_metric([chr(_MARK + place) for place in places], 0)
    written = encode(_One(family)).removesuffix(end).decode()
    *head, line = written.splitlines(keepends=True)
    pattern = line.removesuffix(f"{number(0)}\n").replace("{", "{{").replace("}", "}}")
    for place in places:
        pattern = pattern.replace(chr(_MARK + place), f"{{{place}}}")
    return "".join(head), f"{pattern}{{{len(places)}}}\n"
