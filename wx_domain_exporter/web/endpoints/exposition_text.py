"""The text of one scrape: the mini programs' metrics, and the exporter's own where they are wanted."""

from collections.abc import Collection, Iterator

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.registry import Collector

from wx_domain_exporter.exposition.fast_writer import FastWriter
from wx_domain_exporter.exposition.line_templates import Encoder
from wx_domain_exporter.exposition.results import ScrapeResults


def exposition_text(
    encode: Encoder,
    results: ScrapeResults | None,
    writer: FastWriter,
    own_metrics: Collection[Collector] = (),
    names: Collection[str] | None = None,
) -> Iterator[bytes]:
    """Yield the text of one scrape in parts.

    Args:
        encode: prometheus_client's encoder of the format.
        results: of the mini programs; None: the text has none of their metrics.
        writer: writes them.
        own_metrics: the exporter's own metrics, with which those of its process come; empty: neither.
        names: the samples that are wanted; None: all.
    """
    registry = CollectorRegistry(auto_describe=True)  # prometheus_client's global one stays as it is.
    if results is not None:
        for part in writer.write(results, encode, names):
            yield part.encode()
    for collector in own_metrics:
        registry.register(collector)
    if own_metrics:
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
    yield encode(registry if names is None else registry.restricted_registry(names))
