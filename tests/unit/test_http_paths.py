from __future__ import annotations

import re

import pytest
from helpers.documents import text_of

from wx_domain_exporter.http_paths import DEFAULT_METRICS_PATH, HttpPath, is_reserved


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_each_path_stands_in_the_table_of_the_readme(page: str) -> None:
    rows = re.findall(r"^\| (`/.*?) \|", text_of(page), re.MULTILINE)
    paths = [path.partition("?")[0] for row in rows for path in re.findall(r"`(.*?)`", row)]
    known = [path.replace("{appid}", "APPID") for path in HttpPath]
    assert sorted(paths) == sorted([DEFAULT_METRICS_PATH, *known])


@pytest.mark.parametrize("path", [*HttpPath, "/apps/x", "/apps/", "/-/", "/-/quit"])
def test_what_is_or_could_be_a_page_is_reserved(path: str) -> None:
    assert is_reserved(path)


@pytest.mark.parametrize("path", [DEFAULT_METRICS_PATH, "/apps", "/sd/metrics", "/probes", "/a/b"])
def test_any_other_path_is_free(path: str) -> None:
    assert not is_reserved(path)
