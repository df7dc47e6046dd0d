"""Our lines are prometheus-client's, byte by byte, in every format that it can be asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from collector_stages import serving
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics_families,
)
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from wx_domain_exporter.deadline import Deadline
from wx_domain_exporter.exposition import dialect
from wx_domain_exporter.exposition.dialect import dialect_of
from wx_domain_exporter.metrics.table import APP_INFO, GAUGES, Gauge
from wx_domain_exporter.simulator.demo import demo_config, demo_world
from wx_domain_exporter.web.negotiation import choose_encoder
from wx_domain_exporter.web.scrape import pieces

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prometheus_client.metrics_core import Metric

OPENMETRICS = "application/openmetrics-text;version=1.0.0"
FORMATS = [
    "text/plain;version=0.0.4",
    "text/plain;version=1.0.0",
    OPENMETRICS,
    *(
        f"{base};escaping={escaping}"
        for base in ("text/plain;version=1.0.0", OPENMETRICS)
        for escaping in ("allow-utf-8", "underscores", "dots", "values")
    ),
]
LABEL_KEYS = ("a_first", "env", "zone")
# All that a label's value can be, and often what has a meaning in a line or in a pattern.
VALUES = st.text(
    st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from('\\"\n{}%,=# 0\ue000\ue001'))
)
NUMBERS = st.one_of(st.floats(), st.integers(0, 2**48), st.floats(1.7e9, 1.8e9))


class Families(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self.families = list(families)

    def collect(self) -> Iterator[Metric]:
        yield from self.families


def labels_of(gauge: Gauge) -> tuple[str, ...]:
    return LABEL_KEYS if gauge is APP_INFO else ()


@pytest.mark.parametrize("accept", FORMATS)
@given(gauge=st.sampled_from(GAUGES), data=st.data())
def test_a_gauge_is_written_as_prometheus_client_writes_it(
    accept: str, gauge: Gauge, data: st.DataObject
) -> None:
    encode, _ = choose_encoder(accept)
    family = gauge.family(*labels_of(gauge))
    width = len(gauge.labels) + len(labels_of(gauge))
    rows = data.draw(
        st.lists(st.tuples(st.lists(VALUES, min_size=width, max_size=width), NUMBERS), min_size=1)
    )
    ours = dialect_of(encode, LABEL_KEYS)
    text = ours.heads[GAUGES.index(gauge)]
    for labels, value in rows:
        family.add_metric(labels, value)
        values = [dialect.text(label) for label in labels]
        text += ours.lines.of(gauge).format(*values, dialect.number(value))
    assert text.encode() + encode(Families(())) == encode(Families([family]))


def test_formats_that_differ_in_nothing_else_share_their_lines() -> None:
    plain = [dialect_of(choose_encoder(accept)[0], LABEL_KEYS).lines for accept in FORMATS[:5]]
    assert all(lines is plain[0] for lines in plain)
    dots = dialect_of(choose_encoder(f"{OPENMETRICS};escaping=dots")[0], LABEL_KEYS)
    assert dots.lines != plain[0]


@pytest.mark.parametrize("accept", FORMATS[:5])
def test_a_whole_scrape_that_is_read_and_written_by_prometheus_client_is_the_same(accept: str) -> None:
    encode, _ = choose_encoder(accept)
    read = openmetrics_families if accept.startswith(OPENMETRICS) else text_string_to_metric_families
    with serving(demo_world(), demo_config("http://simulator").encode()) as service:
        for _ in range(2):  # the second one uses what the first one wrote
            collector, batch = service.start_scrape(service.fleet, Deadline.after(20))
            batch.wait(20)
            text = b"".join(pieces(encode, collector, None))
            assert text.count(b"\n") > 100
            assert encode(Families(read(text.decode()))) == text
