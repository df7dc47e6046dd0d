"""The shipped templates and examples for chats, and the pages about them."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from helpers.chat import LANGUAGES, RULES, page, template
from helpers.documents import blocks, text_of
from helpers.json_text import as_json
from helpers.programs import program

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLE = yaml.safe_load((RULES / "alertmanager.example.yml").read_text())
WECHAT = yaml.safe_load((RULES / "alertmanager.wechat.example.yml").read_text())


def receivers(language: str) -> list[Any]:
    """The receivers of each example on a page."""
    trees = [yaml.safe_load(block) for block in blocks(page(language), "yaml")]
    return [tree["receivers"] for tree in trees if "receivers" in tree]


def check_config(file: Path, release: str) -> None:
    amtool = program("amtool", "prometheus-alertmanager", release)
    completed = subprocess.run([amtool, "check-config", file], capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert "FAILED" not in completed.stdout


def test_the_example_for_wecom_notifies_as_the_other_example() -> None:
    assert {key: WECHAT[key] for key in ("route", "inhibit_rules")} == {
        key: EXAMPLE[key] for key in ("route", "inhibit_rules")
    }
    assert [one["name"] for one in WECHAT["receivers"]] == [one["name"] for one in EXAMPLE["receivers"]]


@pytest.mark.parametrize("language", LANGUAGES)
class TestPage:
    def test_has_valid_receivers_for_the_example(self, language: str, release: str, tmp_path: Path) -> None:
        assert len(receivers(language)) == 3
        for index, found in enumerate(receivers(language)):
            assert [one["name"] for one in found] == [one["name"] for one in EXAMPLE["receivers"]]
            file = tmp_path / f"{index}.yml"
            file.write_text(as_json({**EXAMPLE, "receivers": found}))
            check_config(file, release)

    def test_never_sends_that_wxdomainlistchanged_has_ended(self, language: str) -> None:
        for found in (EXAMPLE["receivers"], WECHAT["receivers"], *receivers(language)):
            resolved = {
                one["name"]: hook.get("send_resolved", True)
                for one in found
                for key in ("wechat_configs", "webhook_configs")
                for hook in one.get(key, ())
            }
            assert resolved == {"pager": True, "messages": True, "changes": False}

    def test_has_the_names_of_the_templates(self, language: str) -> None:
        [bridge] = [
            tree for tree in map(yaml.safe_load, blocks(page(language), "yaml")) if "default_message" in tree
        ]
        used = set(re.findall(r'template "([\w.]+)"', str((bridge, WECHAT))))
        assert used == {"wx_domain.title", "wx_domain.message"}
        text = template("wx-domain", language).read_text()
        # alertmanager-webhook-adapter asks for those that begin with prom.
        assert set(re.findall(r'define "([\w.]+)"', text)) == used | {
            "prom.title",
            "prom.text",
            "prom.markdown",
        }
        assert template("wx-domain", language).name in str(bridge["templates"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_template_for_prometheusalert_is_the_other_one_with_the_names_of_json(language: str) -> None:
    original = template("wx-domain", language).read_text()
    names = "Alerts|Status|Labels|Annotations|CommonLabels|CommonAnnotations|ExternalURL|TruncatedAlerts"
    renamed = re.sub(rf"\.({names})\b", lambda name: f".{name[1][0].lower()}{name[1][1:]}", original)
    body, adapter = renamed.partition("*/ -}}\n")[2].split("\n\n{{- /* ")
    [text] = re.findall(r'define "prom.text" }}\n(.*?)\n{{- end }}', adapter, re.DOTALL)
    lines = [line.removeprefix("  ") for line in text.splitlines()]
    expected = "\n".join([body, "", *lines]).rstrip()
    shipped = template("prometheusalert", language).read_text().partition("*/ -}}\n")[2]
    assert shipped.rstrip() == expected.removesuffix("{{ end }}") + "{{ end -}}"


def test_both_pages_have_the_same_examples() -> None:
    english, chinese = ([yaml.safe_load(one) for one in blocks(page(name), "yaml")] for name in LANGUAGES)
    assert as_json(english).replace("wx-domain.tmpl", "wx-domain.zh.tmpl") == as_json(chinese)
    code = r"`([^`\n]+)`"
    english_names, chinese_names = (
        set(re.findall(code, re.sub(r"```.*?```", "", text_of(page(name)), flags=re.DOTALL)))
        for name in LANGUAGES
    )
    assert len(english_names) > 20
    assert english_names == chinese_names
