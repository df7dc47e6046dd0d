from __future__ import annotations

from typing import Any

import pytest
import yaml
from helpers.documents import blocks

from wx_domain_exporter.web.pages.setup import scrape_config


def parsed(scheme: str, host: str, path: str = "/metrics") -> Any:
    return yaml.safe_load("\n".join(scrape_config(scheme, host, path)))


def test_it_is_the_example_of_the_readme() -> None:
    (example,) = (
        tree for tree in map(yaml.safe_load, blocks("README.md", "yaml")) if "scrape_configs" in tree
    )
    assert parsed("http", "localhost:12324") == example


@pytest.mark.parametrize("host", ["exporter", "10.0.0.1:80", "[::1]:12324", "exporter.example.com"])
def test_the_target_is_where_the_browser_found_the_exporter(host: str) -> None:
    assert parsed("http", host)["scrape_configs"][0]["static_configs"] == [{"targets": [host]}]


@pytest.mark.parametrize("host", ["", "a b", "a]\n- job", '"', "a:b", "user@a", "[::1", "主机"])
def test_a_host_that_is_none_is_not_shown(host: str) -> None:
    assert parsed("http", host) == parsed("http", "localhost:12324")


def test_tls_and_another_path() -> None:
    (job,) = parsed("https", "a", "/a b#c")["scrape_configs"]
    assert (job["scheme"], job["metrics_path"]) == ("https", "/a b#c")
    (job,) = parsed("http", "a")["scrape_configs"]
    assert job.keys().isdisjoint({"scheme", "metrics_path"})
