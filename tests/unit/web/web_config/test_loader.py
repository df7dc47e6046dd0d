"""Good files, and bad files with each error; and whether a Prometheus exporter agrees."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from helpers.exporter_process import run_exporter
from helpers.programs import FORKY, OWN
from helpers.real_blackbox_exporter import takes
from helpers.repository import REPOSITORY
from helpers.web_certificates import BAD_FILES, DATA, GOOD_FILES, WebFolder, make_web_folder

from wx_domain_exporter.config.errors import ConfigError
from wx_domain_exporter.file_watch import WatchedFiles
from wx_domain_exporter.web.web_config.loader import MAX_BYTES, LoadedWebConfig, load_web_config

TAKEN_HERE_ONLY = {"ciphers-without-those-of-http2-but-with-http2.good.yml"}
TAKEN_BY_THE_TOOLKIT_ONLY = {
    "ciphers-of-13-for-12.bad.yml",
    "client-auth-request.bad.yml",
    "client-auth-require-any.bad.yml",
    "client-auth-require.bad.yml",
    "client-ca-holds-none.bad.yml",
    "curves-several.bad.yml",
    "header-two-lines.bad.yml",
    "only-versions.bad.yml",
    "users-colon.bad.yml",
    "users-hash-line-feed.bad.yml",
    "users-hash-salt.bad.yml",
    "users-hash-too-long.bad.yml",
    "versions-crossed.bad.yml",
}
"""Docs/web-configuration.md has a row for each kind."""
DIFFERENT_BY_RELEASE = {
    OWN: {
        "allowed-sans.good.yml",
        "allowed-sans-none.good.yml",
        "client-ca-inline.good.yml",
        "rate-limit.good.yml",
        "rate-limit-off.good.yml",
        "tls-inline.good.yml",
        "tls-cert-file-key-inline.good.yml",
    },
    FORKY: {
        "allowed-sans-without-auth.bad.yml",
        "cert-both-ways.bad.yml",
        "client-ca-both-ways.bad.yml",
        "key-both-ways.bad.yml",
        "rate-limit-negative.bad.yml",
        "rate-limit-no-burst.bad.yml",
        "rate-limit-number.bad.yml",
    },
}
"""Their keys are unknown to blackbox_exporter 0.23, so that it refuses the good ones and the bad ones."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> WebFolder:
    return make_web_folder(tmp_path_factory.mktemp("web"))


def load(path: Path) -> LoadedWebConfig:
    loaded, pair_errors = load_web_config(path, WatchedFiles())
    assert pair_errors == []
    return loaded


def errors(path: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(path)
    return list(caught.value.errors)


def test_there_are_enough_files() -> None:
    assert len(GOOD_FILES) >= 25
    assert len(BAD_FILES) >= 50


@pytest.mark.parametrize("name", GOOD_FILES)
def test_good_files_are_accepted(files: WebFolder, name: str) -> None:
    loaded = load(files.path / name)
    text = (DATA / name).read_text()
    assert (loaded.tls is not None) == ("cert" in text.partition("http_server")[0])
    assert bool(loaded.users) == ("$2" in text)
    assert repr(loaded) == "<web configuration>"


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_gives_exactly_its_errors(
    files: WebFolder, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(files.path)
    sentences = errors(Path(name))
    expected = (DATA / name).with_suffix(".txt").read_text().replace("FOLDER", str(files.path))
    assert sentences == expected.splitlines()
    assert all(re.match(rf"{name}:\d+: ", line) for line in sentences)
    assert not any(secret in line for line in sentences for secret in ("canary", "QOauhQNb", "PRIVATE"))


def test_a_prometheus_exporter_accepts_the_same_files_except_where_documented(
    files: WebFolder, release: str
) -> None:
    names = [*GOOD_FILES, *BAD_FILES]
    with ThreadPoolExecutor(4) as pool:
        taken = dict(zip(names, pool.map(lambda name: takes(files.path / name, release), names), strict=True))
    different = {name for name in names if taken[name] != (name in GOOD_FILES)}
    assert different == TAKEN_HERE_ONLY | TAKEN_BY_THE_TOOLKIT_ONLY | DIFFERENT_BY_RELEASE[release]


def test_files_are_looked_for_beside_the_web_configuration(files: WebFolder) -> None:
    assert files.path != Path.cwd()
    assert load(files.path / "require-and-verify.good.yml").tls is not None


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nowhere.yml", "/nowhere.yml: can't be read: No such file or directory"),
        (".", ": can't be read: Is a directory"),
        ("a\0b", "/a\\x00b: can't be read: the path contains a NUL character"),
    ],
)
def test_a_file_that_cannot_be_read_is_an_error_with_its_whole_path(path: str, message: str) -> None:
    assert errors(Path(path)) == [f"{Path.cwd()}{message}"]


def test_a_file_may_not_be_too_large(folder: WebFolder) -> None:
    folder.configure("#" * (MAX_BYTES + 1))
    assert errors(folder.web_file) == [f"{folder.web_file}: has more than {MAX_BYTES} bytes"]
    folder.configure("tls_server_config: {cert_file: large.pem, key_file: server.key}")
    folder.write("large.pem", b"#" * (MAX_BYTES + 1))
    place = f"{folder.web_file}:1: tls_server_config.cert_file: {folder.path / 'large.pem'}"
    assert errors(folder.web_file) == [f"{place} has more than {MAX_BYTES} bytes"]


class TestCommand:
    def test_check_reports_the_errors_of_both_files(self, files: WebFolder) -> None:
        good = files.path / "users-and-tls.good.yml"
        example = f"--config.file={REPOSITORY / 'tests/data/config/minimal.good.yml'}"
        checked = run_exporter("--config.check", example, f"--web.config.file={good}")
        assert (checked.returncode, checked.stderr) == (0, "")
        assert checked.stdout.splitlines()[1:] == [f"{good}: web configuration is valid"]
        bad = files.path / "users-clear-text.bad.yml"
        checked = run_exporter("--config.check", "--config.file=nowhere.yml", f"--web.config.file={bad}")
        assert (checked.returncode, checked.stdout) == (1, "")
        first, second = checked.stderr.splitlines()
        assert "nowhere.yml: can't be read" in first
        assert f"{bad}:2: basic_auth_users.alice: is not a bcrypt hash" in second
        assert "canary" not in checked.stderr

    def test_with_a_bad_file_the_program_does_not_start(self, files: WebFolder) -> None:
        bad = files.path / "everything-at-once.bad.yml"
        ended = run_exporter("--demo", "--web.listen-address=127.0.0.1:0", f"--web.config.file={bad}")
        assert ended.returncode == 1
        assert ended.stderr.count(f"wx-domain-exporter: {bad}:") == 7
        assert "Traceback" not in ended.stderr
