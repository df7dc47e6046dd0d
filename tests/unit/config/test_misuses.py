"""Configurations as people mistype them, and what the program says: each with its whole sentences."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers.configurations import load, parse
from helpers.json_text import as_json
from helpers.repository import REPOSITORY

from wx_domain_exporter.config.errors import ConfigError
from wx_domain_exporter.config.loader import ConfigLoader, with_a_readable_secret

DATA = REPOSITORY / "tests" / "data"
MISUSES = yaml.safe_load((DATA / "misuses" / "configuration.yml").read_text(encoding="utf-8"))
BAD_FILES = sorted(path.name for path in (DATA / "config").glob("*.bad.yml"))
FILE = Path("my.yml")
APPIDS = [f"wx{number:016x}" for number in range(300)]
SET, UNSET = "WX_DOMAIN_EXPORTER_TEST_APPSECRET", "WX_DOMAIN_EXPORTER_TEST_UNSET"


@pytest.mark.parametrize("misuse", MISUSES, ids=lambda misuse: misuse["en"][0])
def test_the_sentences(misuse: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(misuse["file"].encode(), FILE)
    messages = caught.value.messages
    assert [message.en for message in messages] == [f"{FILE}:{sentence}" for sentence in misuse["en"]]
    assert [message.zh for message in messages] == [f"{FILE}:{sentence}" for sentence in misuse["zh"]]


@pytest.mark.parametrize("name", BAD_FILES)
def test_every_error_has_a_chinese_sentence_with_the_same_place(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(DATA / "config")
    with pytest.raises(ConfigError) as caught:
        load(Path(name))
    for message in caught.value.messages:
        place = re.match(r"[^ ]+: (?:[\w.<>\[\]-]+ \(wx\w+\): |[\w.<>\[\]-]+: )?", message.en)
        assert place is not None
        assert message.zh.startswith(place[0])
        assert re.search(r"[\u4e00-\u9fff]{2}", message.zh)
        assert not re.search(r"[\u4e00-\u9fff]", message.en)


def test_texts_may_have_chinese_punctuation() -> None:
    name = "“优选”商城：北京，上海（总店）"
    token = {"type": "access_token", "access_token": "canary"}
    (app,) = parse(
        as_json(
            {"apps": [{"appid": APPIDS[0], "name": name, "labels": {"shop": name}, "token": token}]}
        ).encode(),
        FILE,
    ).apps
    assert (app.name, app.labels) == (name, {"shop": name})


def fleet(*variables: str) -> bytes:
    """A configuration of one app for each variable, which has its appsecret."""
    apps = [
        f"  - appid: {appid}\n    token: {{type: stable_token, appsecret: {{env: {variable}}}}}\n"
        for appid, variable in zip(APPIDS, variables, strict=False)
    ]
    return f"apps:\n{''.join(apps)}".encode()


class TestMissingVariables:
    @pytest.fixture(autouse=True)
    def _variables(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(SET, "canary")
        monkeypatch.delenv(UNSET, raising=False)

    def test_one_of_300_costs_its_app_only(self) -> None:
        variables = [SET] * 300
        variables[217] = UNSET
        settings = with_a_readable_secret(ConfigLoader(FILE, fleet(*variables)).load())
        assert [app.appid for app in settings.apps] == APPIDS
        ((appid, (message,)),) = settings.unreadable_secrets.items()
        assert appid == APPIDS[217]
        assert message.en == (
            f"my.yml:437: apps.token.appsecret ({APPIDS[217]}): the environment variable {UNSET} is not set"
        )
        assert message.zh == f"my.yml:437: apps.token.appsecret ({APPIDS[217]}): 环境变量 {UNSET} 未设置"

    def test_it_is_an_error_of_the_check(self) -> None:
        with pytest.raises(ConfigError) as caught:
            parse(fleet(SET, UNSET), FILE)
        assert caught.value.errors == (
            f"my.yml:5: apps.token.appsecret ({APPIDS[1]}): the environment variable {UNSET} is not set",
        )

    def test_without_any_secret_the_exporter_does_not_start(self) -> None:
        settings = ConfigLoader(FILE, fleet(UNSET, UNSET)).load()
        with pytest.raises(ConfigError) as caught:
            with_a_readable_secret(settings)
        assert len(caught.value.errors) == 2

    def test_one_that_apps_share_is_an_error(self) -> None:
        tokens = f"tokens:\n  center: {{type: stable_token, appsecret: {{env: {UNSET}}}}}\n".encode()
        with pytest.raises(ConfigError) as caught:
            ConfigLoader(FILE, fleet(SET) + tokens).load()
        assert caught.value.errors == (
            f"my.yml:5: tokens.center.appsecret: the environment variable {UNSET} is not set",
        )
