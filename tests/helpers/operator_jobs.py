"""What the Prometheus operator makes of its resources, as far as deploy/kubernetes uses them.

A field that is not here is a field that nobody has looked up in the operator's API reference: a KeyError.
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
    """The job of Prometheus that a ScrapeConfig stands for."""
    job = _renamed(resource["spec"], _SCRAPE_CONFIG)
    job["http_sd_configs"] = [_renamed(one, _HTTP_SD) for one in job["http_sd_configs"]]
    job["relabel_configs"] = [_renamed(one, _RELABELING) for one in job["relabel_configs"]]
    return job


def job_of_service_monitor(resource: dict[str, Any], service: dict[str, Any], address: str) -> dict[str, Any]:
    """The job of Prometheus that a ServiceMonitor with one endpoint stands for, for one address of a Service.

    The operator makes the label `job` of the Service's name, or of its label that `jobLabel` names if it
    has one; the endpoint's own relabelings come after that.
    """
    spec, metadata = dict(resource["spec"]), resource["metadata"]
    (endpoint,) = spec.pop("endpoints")
    assert set(spec) <= {"jobLabel", "selector"}
    name = service["metadata"]["name"]
    where = {key: endpoint[key] for key in endpoint if key not in {"port", "relabelings"}}
    own = [_renamed(one, _RELABELING) for one in endpoint.get("relabelings", ())]
    labelled = service["metadata"]["labels"].get(spec.get("jobLabel"), name)
    return {
        "job_name": f"serviceMonitor/{metadata.get('namespace', 'default')}/{metadata['name']}/0",
        **_renamed(where, _ENDPOINT),
        "static_configs": [{"targets": [address]}],
        "relabel_configs": [{"target_label": "job", "replacement": labelled}, *own],
    }
