"""Secrets and ConfigMaps as Kubernetes mounts them: links to a folder that is replaced as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.json_text import as_json
from helpers.volumes import Volume

from wx_domain_exporter.config.loader import ConfigLoader
from wx_domain_exporter.config.secret import Secret
from wx_domain_exporter.file_watch import WatchedFiles

if TYPE_CHECKING:
    from pathlib import Path

A, B = (f"wx{number:016x}" for number in range(2))


def test_a_secret_is_the_latest_one(tmp_path: Path) -> None:
    volume = Volume(tmp_path / "secrets")
    volume.update(appsecret="old\n")
    secret = Secret("file", str(volume.path / "appsecret"))
    assert secret.read() == "old"
    volume.update(appsecret="new\n")
    assert secret.read() == "new"


def test_app_files_are_followed_and_found_once(tmp_path: Path) -> None:
    token = {"type": "access_token", "access_token": "0" * 32}
    volume = Volume(tmp_path / "apps")
    volume.update(apps=as_json([{"appid": A, "token": token}]))
    config = tmp_path / "config.yml"
    config.write_text(as_json({"app_files": ["apps/*"], "apps": []}))
    loader = ConfigLoader(config)
    assert [app.appid for app in loader.load().apps] == [A]
    assert loader.load_changed_app_files() is None
    volume.update(apps=as_json([{"appid": B, "token": token}]))
    changed = loader.load_changed_app_files()
    assert changed is not None
    assert [app.appid for app in changed.apps] == [B]


def test_a_changed_certificate_is_noticed(tmp_path: Path) -> None:
    volume = Volume(tmp_path / "tls")
    volume.update(cert="old")
    files = WatchedFiles()
    assert files.read(str(volume.path / "cert"), 100) == b"old"
    assert not files.changed()
    volume.update(cert="new")
    assert files.changed()
