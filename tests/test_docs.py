"""What README and docs say is what the program does."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml
from support import REPOSITORY, as_json, program

from wx_domain_exporter import config
from wx_domain_exporter.flags import FLAGS
from wx_domain_exporter.metrics import GAUGES, OWN_METRICS
from wx_domain_exporter.wechat.errors import Reason

if TYPE_CHECKING:
    from pathlib import Path

READMES = ("README.md", "README.zh-CN.md")
PAGES = sorted(path.relative_to(REPOSITORY) for path in REPOSITORY.glob("docs/*.md"))


def text_of(page: str) -> str:
    return (REPOSITORY / page).read_text()


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text_of(page), re.DOTALL)


@pytest.mark.parametrize("readme", READMES)
class TestReadme:
    def test_names_the_two_commands(self, readme: str) -> None:
        assert "make run" in text_of(readme)
        assert "make test" in text_of(readme)

    def test_its_configuration_is_valid(self, readme: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SHOP_APPSECRET", "0" * 32)
        settings = config.parse(blocks(readme, "yaml")[0].encode(), REPOSITORY / "my.yml")
        assert [app.name for app in settings.apps] == ["shop"]
        assert settings.scrape.min_interval == 50

    def test_its_scrape_job_is_valid(self, readme: str, tmp_path: Path) -> None:
        path = tmp_path / "prometheus.yml"
        path.write_text(as_json(yaml.safe_load(blocks(readme, "yaml")[1])))
        checked = subprocess.run(
            [program("promtool", "prometheus"), "check", "config", path],
            capture_output=True,
            text=True,
            check=False,
        )
        assert checked.returncode == 0, checked.stderr

    def test_each_metric_in_its_output_exists(self, readme: str) -> None:
        shown = {line.partition("{")[0] for line in blocks(readme, "text")[0].splitlines()}
        assert shown <= {gauge.name for gauge in GAUGES}
        assert len(shown) > 6

    def test_explains_each_reason(self, readme: str) -> None:
        assert set(re.findall(r"^\| `([a-z]+)` \|", text_of(readme), re.MULTILINE)) == set(Reason)

    def test_each_link_leads_somewhere(self, readme: str) -> None:
        for target in re.findall(r"\]\(([^)#]+)\)", text_of(readme)):
            assert target.startswith("https://") or (REPOSITORY / target).exists(), target


def test_each_link_between_pages_leads_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)\)", text_of(str(page))):
            assert target.startswith("https://") or (REPOSITORY / page.parent / target).exists(), target


def test_every_metric_and_flag_is_documented() -> None:
    metrics, flags = text_of("docs/metrics.md"), text_of("docs/command-line.md")
    assert all(f"`{one.name}`" in metrics for one in (*GAUGES, *OWN_METRICS))
    assert all(f"`--{flag.name}`" in flags for flag in FLAGS)


def test_the_two_readmes_ask_prometheus_the_same() -> None:
    english, chinese = (
        re.findall(r"\| `(wx_domain[^`]*|changes[^`]*)` \|", text_of(page)) for page in READMES
    )
    assert len(english) == 5
    assert english == chinese


def test_every_dependency_has_its_sentence() -> None:
    found = re.search(r"^dependencies = \[(.*?)^\]", text_of("pyproject.toml"), re.DOTALL | re.MULTILINE)
    names = re.findall(r'"([\w-]+)', found[1] if found else "")
    decisions = text_of("docs/decisions.md").lower()
    assert len(names) == 8
    assert all(f"| {name.lower()} |" in decisions for name in names)
