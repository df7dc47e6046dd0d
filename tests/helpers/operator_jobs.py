"""The scrape jobs that the Prometheus operator generates from the resources in deploy/kubernetes.

A field that is missing in these tables is a KeyError: look it up in the operator's API reference and add it.
"""

from __future__ import annotations

from typing import Any

_RELABELING = {
    "sourceLabels": "source_labels",
    "targetLabel": "target_label",
    "replacement": "replacement",
    "regex": "regex",
    "action": "action",
}
_HTTP_SD = {"url": "url", "refreshInterval": "refresh_interval"}
_SCRAPE_CONFIG = {
    "jobName": "job_name",
    "scrapeInterval": "scrape_interval",
    "scrapeTimeout": "scrape_timeout",
    "metricsPath": "metrics_path",
    "httpSDConfigs": "http_sd_configs",
    "relabelings": "relabel_configs",
}
_ENDPOINT = {
    "interval": "scrape_interval",
    "scrapeTimeout": "scrape_timeout",
    "path": "metrics_path",
    "params": "params",
}


def _renamed(tree: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {names[key]: value for key, value in tree.items()}


def job_of_scrape_config(resource: dict[str, Any]) -> dict[str, Any]:
    """The scrape job that a ScrapeConfig becomes."""
    job = _renamed(resource["spec"], _SCRAPE_CONFIG)
    job["http_sd_configs"] = [_renamed(config, _HTTP_SD) for config in job["http_sd_configs"]]
    job["relabel_configs"] = [_renamed(config, _RELABELING) for config in job["relabel_configs"]]
    return job


def job_of_service_monitor(resource: dict[str, Any], service: dict[str, Any], address: str) -> dict[str, Any]:
    """The scrape job that a ServiceMonitor with one endpoint becomes, for one address of a Service.

    The operator sets `job` to the value of the Service's label that `jobLabel` names, or to its name; the
    endpoint's relabelings follow.
    """
    spec, metadata = dict(resource["spec"]), resource["metadata"]
    (endpoint,) = spec.pop("endpoints")
    assert set(spec) <= {"jobLabel", "selector"}
    name = service["metadata"]["name"]
    fields = {key: endpoint[key] for key in endpoint if key not in {"port", "relabelings"}}
    relabelings = [_renamed(config, _RELABELING) for config in endpoint.get("relabelings", ())]
    job_label = service["metadata"]["labels"].get(spec.get("jobLabel"), name)
    return {
        "job_name": f"serviceMonitor/{metadata.get('namespace', 'default')}/{metadata['name']}/0",
        **_renamed(fields, _ENDPOINT),
        "static_configs": [{"targets": [address]}],
        "relabel_configs": [{"target_label": "job", "replacement": job_label}, *relabelings],
    }
