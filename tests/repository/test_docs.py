"""What README and docs say is what the program does."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from helpers.configurations import parse
from helpers.documents import blocks, text_of
from helpers.json_text import as_json
from helpers.programs import program
from helpers.repository import REPOSITORY
from helpers.shipped_rules import jobs_of_the_alerts
from helpers.web_certificates import make_web_folder
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from wx_domain_exporter.commands.flags import FLAGS
from wx_domain_exporter.config import schema, schema_tokens
from wx_domain_exporter.config.schema_fields import StrictModel
from wx_domain_exporter.config.yaml_tree import read_yaml
from wx_domain_exporter.file_watch import WatchedFiles
from wx_domain_exporter.metrics.definitions import GAUGES, PLATFORM_GAUGES, SELF_METRICS
from wx_domain_exporter.web.server.limited_protocol import ConnectionLimits
from wx_domain_exporter.web.web_config import schema as web_schema
from wx_domain_exporter.web.web_config.loader import load_web_config
from wx_domain_exporter.web.web_config.tls_names import CURVES, VERSIONS
from wx_domain_exporter.wechat.errors import Reason

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

READMES = ("README.md", "README.zh-CN.md")
PAGES = sorted(str(path.relative_to(REPOSITORY)) for path in REPOSITORY.glob("docs/*.md"))
TOKEN_PAGES = ("docs/tokens.md", "docs/tokens.zh-CN.md")


def examples(what: Callable[[Any], bool]) -> list[Any]:
    """The YAML blocks of all pages whose content is `what`, each with the page's blocks up to it."""
    found = []
    for page in (*READMES, *PAGES):
        trees = [yaml.safe_load(block) for block in blocks(page, "yaml")]
        for index, tree in enumerate(trees):
            if what(tree):
                found.append(
                    pytest.param(blocks(page, "yaml")[: index + 1], id=f"{page.replace('/', '-')}-{index}")
                )
    return found


def is_for_prometheus(tree: Any) -> bool:
    return isinstance(tree, dict) and "scrape_configs" in tree


def is_for_blackbox_exporter(tree: Any) -> bool:
    return isinstance(tree, dict) and "modules" in tree


def is_web_configuration(tree: Any) -> bool:
    return isinstance(tree, dict) and not tree.keys().isdisjoint(web_schema.WebConfig.model_fields)


def is_for_chats(tree: Any) -> bool:
    return isinstance(tree, dict) and not tree.keys().isdisjoint(("receivers", "targets"))


def is_for_vmalert(tree: Any) -> bool:
    return isinstance(tree, dict) and "alert_relabel_configs" in tree


def is_configuration(tree: Any) -> bool:
    others = (is_for_prometheus, is_for_blackbox_exporter, is_for_chats, is_for_vmalert, is_web_configuration)
    return isinstance(tree, dict) and not any(is_other(tree) for is_other in others)


def is_app_file(tree: Any) -> bool:
    return isinstance(tree, list)


class Folder:
    """Where everything is that an example names: secret files, variables, certificates."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = path
        self._monkeypatch = monkeypatch

    def load(self, block: str) -> Any:
        tree = read_yaml(block.encode())
        assert not tree.duplicates
        return self._at_home(tree.root)

    def _at_home(self, tree: Any) -> Any:
        match tree:
            case {"file": str(name), **rest} if not rest:
                secret = self.path / name.lstrip("/")
                secret.parent.mkdir(parents=True, exist_ok=True)
                secret.write_text("a-secret")
                return {"file": str(secret)}
            case {"env": str(name), **rest} if not rest:
                self._monkeypatch.setenv(name, "a-secret")
                return tree
            case dict():
                return {
                    key: DEFAULT_CA_BUNDLE_PATH if key == "ca_file" and one else self._at_home(one)
                    for key, one in tree.items()
                }
            case list():
                return [self._at_home(one) for one in tree]
        return tree


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    return Folder(tmp_path, monkeypatch)


def check(block: str, file: Path, *command: str) -> None:
    """Let a real program say whether an example is a valid configuration of it."""
    file.write_text(as_json(yaml.safe_load(block)))
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def check_prometheus(block: str, folder: Path) -> None:
    file = folder / "prometheus.yml"
    shutil.copy(REPOSITORY / "rules" / "wx-domain.rules.yml", folder)
    check(block, file, program("promtool", "prometheus"), "check", "config", str(file))


@pytest.mark.parametrize("readme", READMES)
class TestReadme:
    def test_names_the_two_commands(self, readme: str) -> None:
        assert "make run" in text_of(readme)
        assert "make test" in text_of(readme)

    def test_its_configuration_is_valid(self, readme: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SHOP_APPSECRET", "0" * 32)
        settings = parse(blocks(readme, "yaml")[0].encode(), REPOSITORY / "my.yml")
        assert [app.name for app in settings.apps] == ["shop"]
        assert settings.scrape.min_interval == 50

    def test_its_container_gets_what_its_configuration_names(self, readme: str) -> None:
        named = re.findall(r"\{env: (\w+)\}", blocks(readme, "yaml")[0])
        (run,) = (
            line for block in blocks(readme, "console") for line in block.splitlines() if "docker run" in line
        )
        assert re.findall(r" -e (\w+) ", run) == named

    def test_each_metric_in_its_output_exists(self, readme: str) -> None:
        shown = {line.partition("{")[0] for line in blocks(readme, "text")[0].splitlines()}
        assert shown <= {gauge.name for gauge in GAUGES}
        assert len(shown) > 6

    def test_explains_each_reason(self, readme: str) -> None:
        assert set(re.findall(r"^\| `([a-z]+)` \|", text_of(readme), re.MULTILINE)) == set(Reason)


class TestExamples:
    """Each block of YAML on any page is what it seems to be."""

    @pytest.mark.parametrize("so_far", examples(is_for_prometheus))
    def test_each_configuration_of_prometheus_is_valid(self, so_far: list[str], tmp_path: Path) -> None:
        check_prometheus(so_far[-1], tmp_path)

    @pytest.mark.parametrize("so_far", examples(is_for_blackbox_exporter))
    def test_each_configuration_of_blackbox_exporter_is_valid(
        self, so_far: list[str], tmp_path: Path
    ) -> None:
        file, name = tmp_path / "blackbox.yml", "prometheus-blackbox-exporter"
        check(so_far[-1], file, program(name, name), "--config.check", f"--config.file={file}")

    @pytest.mark.parametrize("so_far", examples(is_configuration))
    def test_each_configuration_is_valid(self, so_far: list[str], folder: Folder) -> None:
        tree = folder.load(so_far[-1])
        settings = parse(as_json(tree).encode(), folder.path / "my.yml")
        assert len(settings.apps) == len(tree.get("apps", ()))

    @pytest.mark.parametrize("so_far", examples(is_app_file))
    def test_each_app_file_fits_the_configuration_before_it(self, so_far: list[str], folder: Folder) -> None:
        tree = next(one for one in map(folder.load, reversed(so_far)) if is_configuration(one))
        apps = folder.load(so_far[-1])
        file = folder.path / tree["app_files"][0].replace("*", "example")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(as_json(apps))
        settings = parse(as_json(tree).encode(), folder.path / "my.yml")
        assert [app.appid for app in settings.apps] == [app["appid"] for app in apps]

    @pytest.mark.parametrize("so_far", examples(is_web_configuration))
    def test_each_web_configuration_is_valid(self, so_far: list[str], tmp_path: Path) -> None:
        folder = make_web_folder(tmp_path)
        folder.configure(so_far[-1])
        loaded, pair_errors = load_web_config(folder.web_file, WatchedFiles())
        assert loaded.tls is not None
        assert pair_errors == []

    def test_the_alerts_know_each_job_that_scrapes_the_exporter(self) -> None:
        blocks_so_far = [param.values[0] for param in examples(is_for_prometheus)]
        texts = [*(blocks[-1] for blocks in blocks_so_far), text_of("deploy/compose/prometheus.yml")]
        jobs = [job for text in texts for job in yaml.safe_load(text)["scrape_configs"]]
        names = [job["job_name"] for job in jobs if ":12324" in str(job)]
        assert len(names) > 5
        assert all(re.fullmatch(jobs_of_the_alerts(), name) for name in names)

    def test_all_kinds_are_there(self) -> None:
        assert len(examples(is_web_configuration)) == 3
        assert len(examples(is_for_prometheus)) >= 5
        assert len(examples(is_for_blackbox_exporter)) == 1
        assert len(examples(is_configuration)) >= 10
        assert len(examples(is_app_file)) >= 1


def test_the_annotated_configuration_is_valid_and_has_nothing_twice(folder: Folder) -> None:
    settings = parse(as_json(folder.load(text_of("config.yml"))).encode(), folder.path / "config.yml")
    assert settings.apps


def models(module: Any) -> list[type[StrictModel]]:
    return [one for one in StrictModel.__subclasses__() if one.__module__ == module.__name__]


def test_every_key_of_the_configuration_is_documented() -> None:
    text = "".join(map(text_of, ("config.yml", *PAGES)))
    keys = {
        key for module in (schema, schema_tokens) for model in models(module) for key in model.model_fields
    }
    assert len(keys) > 40
    assert {key for key in keys if not re.search(rf"(?<!\w){key}:|`{key}`", text)} == set()


def test_every_key_of_a_web_configuration_has_an_example_with_a_value_of_its_own() -> None:
    tree = yaml.safe_load(blocks("docs/web-configuration.md", "yaml")[-1])
    assert set(tree) == set(web_schema.WebConfig.model_fields)
    inline = {"cert", "key", "client_ca"}
    assert set(tree["tls_server_config"]) == set(web_schema.TlsServerConfig.model_fields) - inline
    headers = web_schema.HttpHeaders.model_fields.values()
    assert set(tree["http_server_config"]["headers"]) == {field.alias for field in headers}
    text = text_of("docs/web-configuration.md")
    for name in (*inline, *VERSIONS, *CURVES, "NoClientCert", "RequestClientCert", "RequireAnyClientCert"):
        assert name in text


def test_the_limits_of_connections_are_those_of_the_docs() -> None:
    limits, text = ConnectionLimits(), text_of("docs/web-configuration.md")
    assert limits.handshake == limits.headers
    assert f"headers of a request | {limits.headers:.0f} s each" in text
    assert f"| open connections | {limits.connections:,}, or" in text
    assert f"| {limits.stall:.0f} s, or {limits.answer:.0f} s for one answer |" in text
    assert f"| answers that wait to be read | {limits.stalled} |" in text


@pytest.mark.parametrize("page", TOKEN_PAGES)
def test_every_key_of_a_token_source_and_of_a_platform_is_on_the_page_about_tokens(page: str) -> None:
    text = text_of(page)
    keys = {key for model in models(schema_tokens) for key in model.model_fields}
    assert len(keys) > 20
    assert {key for key in keys if not re.search(rf"(?<!\w){key}:|`{key}\b", text)} == set()


@pytest.mark.parametrize("page", TOKEN_PAGES)
def test_every_type_of_token_source_has_an_example(page: str) -> None:
    shown = set(re.findall(r"\btype: (\w+)", "".join(blocks(page, "yaml"))))
    assert shown == set(schema_tokens.TOKEN_TYPES)


class TestChinesePageOnTokens:
    """It says what the English one says."""

    def outline(self, page: str) -> list[tuple[str, int, int]]:
        """The sections: level, rows of tables, and items of lists."""
        sections = re.split(r"^(#+) .*$", text_of(page), flags=re.MULTILINE)[1:]
        return [
            (level, len(re.findall(r"^\|", text, re.MULTILINE)), len(re.findall(r"^- ", text, re.MULTILINE)))
            for level, text in zip(sections[::2], sections[1::2], strict=True)
        ]

    def test_has_the_same_sections(self) -> None:
        english, chinese = map(self.outline, TOKEN_PAGES)
        assert len(english) > 15
        assert english == chinese

    @pytest.mark.parametrize("language", ["yaml", "json"])
    def test_has_the_same_examples(self, language: str) -> None:
        english, chinese = ([yaml.safe_load(one) for one in blocks(page, language)] for page in TOKEN_PAGES)
        assert english
        assert english == chinese

    def test_names_the_same_keys_metrics_and_messages(self) -> None:
        english, chinese = (
            set(re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text_of(page), flags=re.DOTALL)))
            for page in TOKEN_PAGES
        )
        assert english == chinese

    def test_links_to_the_same_pages_of_wechat(self) -> None:
        english, chinese = (re.findall(r"\]\((https://[^)]+)\)", text_of(page)) for page in TOKEN_PAGES)
        assert english == chinese


def test_every_metric_and_flag_is_documented() -> None:
    metrics, flags = text_of("docs/metrics.md"), text_of("docs/command-line.md")
    assert all(f"`{one.name}`" in metrics for one in (*GAUGES, *PLATFORM_GAUGES, *SELF_METRICS))
    assert all(f"`--{flag.name}`" in flags for flag in FLAGS)


def test_the_two_readmes_ask_prometheus_the_same() -> None:
    english, chinese = (
        re.findall(r"\| `(wx_domain[^`]*|changes[^`]*)` \|", text_of(page)) for page in READMES
    )
    assert len(english) == 6
    assert english == chinese


def test_the_two_readmes_lead_to_the_same_pages() -> None:
    links = (re.findall(r"\]\((?!https://)([^)]+)\)", text_of(page)) for page in READMES)
    english, chinese = ({link.replace(".zh-CN.md", ".md") for link in found} for found in links)
    assert len(english) > 20
    assert english == chinese


def test_every_dependency_has_its_sentence() -> None:
    found = re.search(r"^dependencies = \[(.*?)^\]", text_of("pyproject.toml"), re.DOTALL | re.MULTILINE)
    names = re.findall(r'"([\w-]+)', found[1] if found else "")
    decisions = text_of("docs/development/decisions.md").lower()
    assert len(names) == 12
    assert all(f"| {name.lower()} |" in decisions for name in names)
