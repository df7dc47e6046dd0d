"""`--once`: one scrape, printed to standard output."""

from prometheus_client import CollectorRegistry, generate_latest

from wx_domain_exporter.commands.output import print_result
from wx_domain_exporter.exposition.collector import DomainCollector, scrape_all
from wx_domain_exporter.service import Service


def run_once(service: Service) -> int:
    """Scrape all apps once and print their metrics.

    The exporter's own metrics are left out: they would clash with those of the program that serves the
    text, such as node_exporter.

    Returns:
        The exit status: 0 if every app is known and up.
    """
    service.discover()
    results = scrape_all(service)
    registry = CollectorRegistry()
    registry.register(DomainCollector(lambda: results))
    failed = print_result(generate_latest(registry).decode())
    all_up = bool(results.apps) and all(app.result.error is None for app in results.apps)
    return failed or (0 if all_up and service.knows_all_apps else 1)
