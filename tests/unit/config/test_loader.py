from __future__ import annotations

import dataclasses
import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import trustme
import yaml
from helpers.configurations import load, parse
from helpers.json_text import as_json
from helpers.repository import REPOSITORY
from pydantic import BaseModel, ValidationError

from wx_domain_exporter.config.errors import ConfigError
from wx_domain_exporter.config.schema import (
    App,
    Collect,
    Config,
    Defaults,
    Scrape,
    Wechat,
)
from wx_domain_exporter.config.schema_tokens import (
    TOKEN_TYPES,
    AccessToken,
    AuthorizerToken,
    CloudBaseToken,
    CloudRunToken,
    HttpToken,
    PlatformConfig,
    StableToken,
)
from wx_domain_exporter.config.secret import Secret
from wx_domain_exporter.domains.domain_list import DEFAULT_LIMITS

if TYPE_CHECKING:
    from wx_domain_exporter.config.settings import Settings

DATA = REPOSITORY / "tests" / "data" / "config"
BAD_FILES = sorted(path.name for path in DATA.glob("*.bad.yml"))
GOOD_FILES = sorted(path.name for path in DATA.glob("*.good.yml"))
CANARY = "canary"
FILE = Path("some.yml")
APPID = "wx0123456789abcdef"
APP = {"appid": APPID, "token": {"type": "stable_token", "appsecret": "canary-appsecret"}}


@pytest.fixture
def _in_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(DATA)
    monkeypatch.setenv("WX_DOMAIN_EXPORTER_TEST_APPSECRET", "canary-from-the-environment")
    monkeypatch.delenv("WX_DOMAIN_EXPORTER_TEST_UNSET", raising=False)


def settings(path: Path = FILE, **sections: Any) -> Settings:
    return parse(as_json({"apps": [APP], **sections}).encode(), path)


def errors(content: str, path: Path = FILE) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(content.encode(), path)
    return str(caught.value).splitlines()


class TestBadFiles:
    def test_there_are_enough_of_them(self) -> None:
        assert len(BAD_FILES) >= 25

    @pytest.mark.usefixtures("_in_data")
    @pytest.mark.parametrize("name", BAD_FILES)
    def test_all_errors_are_told_exactly(self, name: str) -> None:
        text = Path(name).with_suffix(".txt").read_text(encoding="utf-8")
        expected = text.replace("FOLDER", str(DATA)).splitlines()
        with pytest.raises(ConfigError) as caught:
            load(Path(name))
        assert str(caught.value).split("\n") == expected
        assert list(caught.value.errors) == expected

    @pytest.mark.parametrize("name", BAD_FILES)
    def test_what_is_expected_names_the_file_in_each_line_and_no_secret(self, name: str) -> None:
        lines = (DATA / name).with_suffix(".txt").read_text(encoding="utf-8").splitlines()
        assert lines
        assert all(re.match(rf"({name}|apps-broken\.d/[\w.-]+):\d+: ", line) for line in lines)
        assert not any(CANARY in line for line in lines)

    @pytest.mark.usefixtures("_in_data")
    @pytest.mark.parametrize("name", BAD_FILES)
    def test_no_error_hangs_on_one_that_tells_more(self, name: str) -> None:
        with pytest.raises(ConfigError) as caught:
            load(Path(name))
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None or caught.value.__suppress_context__


@pytest.mark.usefixtures("_in_data")
class TestGoodFiles:
    @pytest.mark.parametrize("name", GOOD_FILES)
    def test_it_is_taken_and_its_secrets_are_not_printed(self, name: str) -> None:
        found = load(Path(name))
        assert found.apps[0].appid == APPID
        assert CANARY in Path(name).read_text(encoding="utf-8")
        assert CANARY not in f"{found!r} {found}"

    def test_every_value_arrives(self) -> None:
        found = load(Path("everything.good.yml"))
        assert dict(found.wechat) == {
            "allow_http": True,
            "base_url": "http://wechat.example.com:8080",
            "timeout": 2.5,
            "max_concurrency": 4096,
            "max_response_bytes": 64 << 20,
            "action": "getserverdomain",
            "address_family": "ipv6",
            "ca_file": None,
            "proxy_url": Secret("file", "secrets/proxy.txt"),
            "trust_env": True,
        }
        assert (found.scrape.timeout, found.scrape.timeout_offset, found.scrape.min_interval) == (
            120,
            0,
            86400,
        )
        assert found.collect == Collect(
            domains=False, max_domains=0, effective=True, quota=True, account=True
        )
        assert found.limits == DEFAULT_LIMITS | {"requestdomain": 1000, "tcpdomain": 20}

    def test_every_app_has_what_the_defaults_give_and_what_it_says_itself(self) -> None:
        first, second, third, *_ = load(Path("everything.good.yml")).apps
        assert (first.appid, first.name) == (APPID, APPID)
        assert first.labels == {"team": "growth", "region": "north"}
        assert isinstance(first.token, StableToken)
        assert first.token.appsecret == Secret("env", "WX_DOMAIN_EXPORTER_TEST_APPSECRET")
        assert second.name == "商城"
        assert second.labels == {"team": "shop", "region": "north"}
        assert isinstance(second.token, AccessToken)
        assert second.token.access_token == Secret("file", "secrets/good.txt")
        assert isinstance(third.token, AccessToken)
        assert third.token.access_token == Secret("value", "canary-inline")

    def test_every_type_of_token_source_arrives(self) -> None:
        _, _, _, discovered, given, run, base, *_ = load(Path("everything.good.yml")).apps
        assert discovered.token == AuthorizerToken(type="authorizer", platform="main")
        assert isinstance(given.token, AuthorizerToken)
        assert given.token.authorizer_refresh_token == Secret("value", "canary-refresh")
        assert run.token == CloudRunToken(type="cloudrun", base_url="http://127.0.0.1:8080")
        assert base.token == CloudBaseToken(type="cloudbase", path="elsewhere/token")

    def test_platforms_have_what_their_names_lead_to(self) -> None:
        main, own, given = load(Path("everything.good.yml")).platforms
        assert isinstance(main.component_token, HttpToken)
        assert main.component_token.headers["Authorization"] == Secret("file", "secrets/good.txt")
        assert main.component_token.ttl == 86400
        assert main.component_token.name == "center"
        assert main.app_token == main.component_token
        assert main.labels == {"team": "growth", "region": "north"}
        assert main.config.discover_interval == 300
        assert own.component_token is None
        assert own.app_token == AuthorizerToken(type="authorizer", platform="own")
        assert own.config.component_verify_ticket == Secret("file", "secrets/good.txt")
        assert isinstance(given.component_token, AccessToken)

    def test_apps_of_files_stand_behind_those_of_the_configuration(self) -> None:
        found = load(Path("everything.good.yml"))
        one, another, of_json = found.apps[-3:]
        assert (one.name, one.labels) == ("one", {"team": "growth", "region": "north"})
        assert isinstance(one.token, StableToken)
        assert one.token.appsecret.read() == Secret("file", "secrets/good.txt").read()
        assert isinstance(another.token, HttpToken)
        assert of_json.labels == {"team": "json", "region": "north"}
        assert found.app_file_errors == {"apps.d/none.yml": (), "apps.d/one.yml": (), "apps.d/two.json": ()}

    def test_a_merged_mapping_gives_what_the_app_does_not_say_itself(self) -> None:
        first, second = load(Path("merged-labels.good.yml")).apps
        assert first.labels == {"team": "shop", "region": "north"}
        assert second.labels == {"team": "growth", "region": "north"}
        assert second.token == first.token

    def test_a_date_is_a_text(self) -> None:
        (app,) = load(Path("texts-that-look-like-dates.good.yml")).apps
        assert app.name == "2024-01-01"
        assert app.labels["since"] == "2024-01-01 10:00:00"


class TestDefaults:
    def test_they_are_those_of_the_contract(self) -> None:
        found = settings()
        assert dict(found.wechat) == {
            "base_url": "https://api.weixin.qq.com",
            "allow_http": False,
            "timeout": 5,
            "max_concurrency": 64,
            "max_response_bytes": 1048576,
            "action": None,
            "address_family": "any",
            "ca_file": None,
            "proxy_url": None,
            "trust_env": False,
        }
        assert dict(found.scrape) == {"timeout": 10, "timeout_offset": 0.5, "min_interval": 0}
        assert dict(found.collect) == {
            "domains": True,
            "max_domains": 2000,
            "effective": False,
            "quota": False,
            "account": False,
        }
        assert found.limits == DEFAULT_LIMITS
        assert found.apps[0].labels == {}

    def test_the_hash_is_of_the_bytes_and_exact_in_a_float(self) -> None:
        content = as_json({"apps": [APP]}).encode()
        first = parse(content, FILE).hash
        assert first == int.from_bytes(hashlib.sha256(content).digest()[:6], "big")
        assert parse(content + b"\n", FILE).hash != first

    def test_settings_cannot_be_changed(self) -> None:
        found = settings()
        with pytest.raises(dataclasses.FrozenInstanceError):
            found.hash = 0  # type: ignore[misc]
        with pytest.raises(ValidationError):
            found.wechat.timeout = 1.0  # type: ignore[misc]


class TestPlaces:
    def test_relative_paths_start_at_the_files_folder(self, tmp_path: Path) -> None:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        (tmp_path / "secret.txt").write_text("canary\n")
        token = {"type": "access_token", "access_token": {"file": "secret.txt"}}
        found = settings(
            tmp_path / "config.yml",
            wechat={"ca_file": "ca.pem"},
            apps=[{"appid": APPID, "token": token}],
        )
        assert found.wechat.ca_file == str(tmp_path / "ca.pem")
        source = found.apps[0].token
        assert isinstance(source, AccessToken)
        assert source.access_token == Secret("file", str(tmp_path / "secret.txt"))

    def test_absolute_paths_stay(self, tmp_path: Path) -> None:
        secret = tmp_path / "secret.txt"
        secret.write_text("http://proxy.example.com")
        found = settings(Path("elsewhere/config.yml"), wechat={"proxy_url": {"file": str(secret)}})
        assert found.wechat.proxy_url == Secret("file", str(secret))

    def test_a_missing_configuration_is_named(self, tmp_path: Path) -> None:
        path = tmp_path / "config.yml"
        with pytest.raises(ConfigError) as caught:
            load(path)
        assert caught.value.errors == (f"{path}: can't be read: No such file or directory",)

    def test_a_folder_is_no_configuration(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError) as caught:
            load(tmp_path)
        assert caught.value.errors == (f"{tmp_path}: can't be read: Is a directory",)

    def test_a_ca_file_without_certificates_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "ca.pem").write_text("no certificate\n")
        (line,) = errors(as_json({"wechat": {"ca_file": str(tmp_path / "ca.pem")}, "apps": [APP]}))
        assert line.startswith(
            f"{FILE}:1: wechat.ca_file: certificates can't be read from {tmp_path}/ca.pem: "
        )


class TestShippedConfiguration:
    def test_it_is_valid_and_holds_the_defaults_it_says(self) -> None:
        found = load(REPOSITORY / "config.yml")
        assert found.wechat == Wechat()
        assert found.scrape == Scrape.model_validate({"min_interval": "50s"})
        assert found.collect == Collect()
        assert found.limits == DEFAULT_LIMITS
        assert len(found.apps) == 5

    @pytest.mark.parametrize(
        ("section", "model"),
        [
            pytest.param(None, Config, id="top"),
            pytest.param("wechat", Wechat, id="wechat"),
            pytest.param("scrape", Scrape, id="scrape"),
            pytest.param("collect", Collect, id="collect"),
            pytest.param("defaults", Defaults, id="defaults"),
            pytest.param("apps", App, id="apps"),
            pytest.param("tokens", StableToken, id="stable_token"),
            pytest.param("tokens", HttpToken, id="http"),
            pytest.param("apps", AccessToken, id="access_token"),
            pytest.param("apps", AuthorizerToken, id="authorizer"),
            pytest.param("apps", CloudRunToken, id="cloudrun"),
            pytest.param("apps", CloudBaseToken, id="cloudbase"),
            pytest.param("# platforms", PlatformConfig, id="platforms"),
        ],
    )
    def test_it_names_every_key_of_the_schema(self, section: str | None, model: type[BaseModel]) -> None:
        text = (REPOSITORY / "config.yml").read_text(encoding="utf-8")
        if section is not None:
            text = re.split(rf"(?m)^{section}:", text)[1]
            text = re.split(r"(?m)^(?=\w)|^# (?=\w)", text.split("\n", 1)[1])[0]
        missing = [key for key in model.model_fields if not re.search(rf"(?m)^[ #{{-]*.*\b{key}:", text)]
        assert missing == []

    def test_it_shows_every_type_of_token_source(self) -> None:
        tree = yaml.safe_load((REPOSITORY / "config.yml").read_text(encoding="utf-8"))
        sources = [*tree["tokens"].values(), *(app["token"] for app in tree["apps"])]
        types = {source["type"] for source in sources if isinstance(source, dict)}
        assert types | {"authorizer"} == set(TOKEN_TYPES)
