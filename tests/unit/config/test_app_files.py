from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from helpers.configurations import load
from helpers.json_text import as_json
from structlog.testing import capture_logs

from wx_domain_exporter.config.errors import ConfigError
from wx_domain_exporter.config.loader import ConfigLoader

if TYPE_CHECKING:
    from wx_domain_exporter.config.settings import Settings

A, B, C, D = (f"wx{number:016x}" for number in range(4))
TOKEN = {"type": "stable_token", "appsecret": "canary-appsecret"}


class Folder:
    """A configuration file with app files beside it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        (path / "apps.d").mkdir()
        self.configure()
        self.loader = ConfigLoader(path / "config.yml")

    def configure(self, *appids: str, **sections: Any) -> None:
        apps = [{"appid": appid} for appid in appids]
        tree = {"defaults": {"token": TOKEN}, "app_files": ["apps.d/*.yml"], "apps": apps, **sections}
        (self.path / "config.yml").write_text(as_json(tree))

    def write(self, name: str, *appids: str, text: str | None = None) -> None:
        path = self.path / "apps.d" / f"{name}.yml"
        before = path.stat().st_mtime_ns if path.exists() else 0
        path.write_text(as_json([{"appid": appid} for appid in appids]) if text is None else text)
        os.utime(path, ns=(before + 10**9, before + 10**9))  # whatever the file system's clock says

    def load(self) -> list[str]:
        return appids(self.loader.load())

    def changed(self) -> list[str] | None:
        settings = self.loader.load_changed_app_files()
        return None if settings is None else appids(settings)

    def broken(self) -> list[str]:
        """The sentences about app files, without the folder's name."""
        errors = self.loader.load().app_file_errors.values()
        return [sentence.en.replace(f"{self.path}/", "") for found in errors for sentence in found]


def appids(settings: Settings) -> list[str]:
    return [app.appid for app in settings.apps]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


class TestChanges:
    def test_nothing_is_read_before_the_configuration(self, folder: Folder) -> None:
        folder.write("one", A)
        assert folder.changed() is None
        assert folder.load() == [A]

    def test_without_a_change_nothing_is_read(self, folder: Folder) -> None:
        folder.write("one", A)
        assert folder.load() == [A]
        assert folder.changed() is None

    def test_a_written_file_a_new_one_and_one_that_went_are_changes(self, folder: Folder) -> None:
        folder.write("one", A)
        folder.load()
        folder.write("one", A, B)
        assert folder.changed() == [A, B]
        folder.write("two", C)
        assert folder.changed() == [A, B, C]
        (folder.path / "apps.d/one.yml").unlink()
        assert folder.changed() == [C]
        assert folder.changed() is None

    def test_the_configuration_itself_is_read_by_a_reload_alone(self, folder: Folder) -> None:
        folder.write("one", A)
        folder.load()
        folder.configure(D)
        folder.write("one", B)
        assert folder.changed() == [B]
        assert folder.load() == [D, B]

    def test_without_patterns_there_is_no_change(self, folder: Folder) -> None:
        folder.configure(A, app_files=[])
        assert folder.load() == [A]
        folder.write("one", B)
        assert folder.changed() is None

    def test_a_file_that_stays_broken_is_read_once(self, folder: Folder) -> None:
        folder.write("one", A)
        folder.load()
        folder.write("one", text="[")
        assert folder.changed() == [A]
        assert folder.changed() is None

    def test_a_dangling_link_is_a_file_that_cannot_be_read(self, folder: Folder) -> None:
        folder.configure(A)
        (folder.path / "apps.d/one.yml").symlink_to(folder.path / "gone")
        assert folder.broken() == ["apps.d/one.yml: can't be read: No such file or directory"]
        assert folder.changed() is None

    def test_an_absolute_pattern_is_one_too(self, folder: Folder) -> None:
        folder.configure(app_files=[str(folder.path / "apps.d" / "*.yml")])
        folder.write("one", A)
        assert folder.load() == [A]

    def test_patterns_that_find_no_file_are_told(self, folder: Folder) -> None:
        folder.configure(A)
        with capture_logs() as logs:
            assert folder.load() == [A]
        told = {"event": "no file matches app_files", "log_level": "warning", "patterns": "apps.d/*.yml"}
        assert logs == [told]


class TestCantBeAccessed:
    """Only a file that is seen to be gone takes its apps away."""

    @pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.ESTALE, errno.EMFILE])
    def test_a_folder_that_cannot_be_listed_keeps_its_apps(
        self, folder: Folder, monkeypatch: pytest.MonkeyPatch, number: int
    ) -> None:
        def refuse(_: Path) -> list[Path]:
            raise OSError(number, os.strerror(number))

        folder.write("one", A)
        folder.write("two", B)
        folder.load()
        with monkeypatch.context() as patch:
            patch.setattr(Path, "iterdir", refuse)
            (folder.path / "apps.d/two.yml").unlink()
            assert folder.changed() == [A]
            assert folder.changed() is None
            assert folder.broken() == [f"apps.d: can't be accessed: {os.strerror(number)}"]
        folder.write("one", C)
        assert folder.changed() == [C]
        assert folder.broken() == []

    @pytest.mark.parametrize("pattern", ["apps.d/*.yml", "apps.d/one.yml", "*.d/one.yml"])
    def test_nothing_that_a_path_leads_through_takes_them_away(self, folder: Folder, pattern: str) -> None:
        folder.configure(app_files=[pattern])
        folder.write("one", A)
        folder.load()
        (folder.path / "apps.d").rename(folder.path / "elsewhere")
        (folder.path / "apps.d").symlink_to("apps.d")  # a loop, which nobody can follow, not even root
        assert folder.changed() == [A]
        assert "Too many levels of symbolic links" in " ".join(folder.broken())
        (folder.path / "apps.d").unlink()
        assert folder.changed() == []

    def test_one_that_never_could_be_is_told_without_a_warning_that_nothing_is_there(
        self, folder: Folder
    ) -> None:
        (folder.path / "apps.d").rmdir()
        (folder.path / "apps.d").symlink_to("apps.d")
        with capture_logs() as logs:
            assert folder.broken() == ["apps.d: can't be accessed: Too many levels of symbolic links"]
        assert logs == []


class TestBrokenFile:
    def test_its_last_good_content_stays_and_the_others_change(self, folder: Folder) -> None:
        folder.write("one", A, B)
        folder.write("two", C)
        folder.load()
        folder.write("one", A, "no appid")
        folder.write("two", D)
        assert folder.changed() == [A, B, D]
        assert folder.load() == [A, B, D]
        assert folder.broken() == [
            (
                "apps.d/one.yml:1: [1].appid: is not an appid; "
                "allowed: wx followed by 16 hexadecimal digits (0-9, a-f)"
            )
        ]
        folder.write("one", B)
        assert folder.changed() == [B, D]
        assert folder.broken() == []

    def test_one_that_was_never_good_takes_nothing_else_away(self, folder: Folder) -> None:
        folder.configure(A)
        folder.write("one", text="mini-programs: []")
        folder.write("two", B)
        assert folder.load() == [A, B]
        assert folder.broken() == [
            "apps.d/one.yml:1: is not a list of apps; allowed: a list of mini programs, each with its appid"
        ]

    def test_it_does_not_make_its_old_apps_clash_with_where_they_moved_to(self, folder: Folder) -> None:
        folder.write("one", A, B)
        folder.load()
        folder.write("one", text="{")
        folder.write("another", A)
        assert folder.changed() == [A, B]
        assert [sentence.partition(":")[0] for sentence in folder.broken()] == ["apps.d/one.yml"]

    def test_an_appid_of_another_file_makes_the_later_one_broken(self, folder: Folder) -> None:
        folder.write("one", A)
        folder.write("two", B)
        folder.load()
        folder.write("two", C, A)
        assert folder.changed() == [A, B]
        (sentence,) = folder.broken()
        assert sentence == (
            f"apps.d/two.yml:1: appid ({A}): is also the appid of an app in apps.d/one.yml; "
            "allowed: each appid once"
        )
        folder.write("one", D)
        assert folder.changed() == [D, C, A]

    def test_a_name_that_went_from_the_configuration_takes_only_the_apps_that_use_it(
        self, folder: Folder
    ) -> None:
        folder.configure(tokens={"center": TOKEN})
        folder.write("one", text=as_json([{"appid": A, "token": "center"}, {"appid": B}]))
        folder.load()
        folder.configure()
        assert folder.load() == [B]
        (sentence,) = folder.broken()
        assert f"one.yml:1: token ({A}): is not the name of a token source" in sentence

    def test_a_configuration_that_is_refused_leaves_everything_as_it_was(self, folder: Folder) -> None:
        folder.write("one", A)
        folder.load()
        folder.configure(A, A)
        with pytest.raises(ConfigError, match="each appid once"):
            folder.load()
        folder.write("one", B)
        assert folder.changed() == [B]

    def test_an_empty_file_is_broken(self, folder: Folder) -> None:
        folder.write("one", A)
        folder.load()
        folder.write("one", text="# on its way\n")
        assert folder.changed() == [A]
        assert folder.broken() == [
            "apps.d/one.yml:1: is empty; allowed: a list of mini programs, or [] for none",
        ]
        folder.write("one", text="[]")
        assert folder.changed() == []

    @pytest.mark.parametrize("entry", ["{}", "1", "{appid: wx0123456789abcdef}"])
    def test_the_errors_of_a_file_of_another_kind_are_limited(self, folder: Folder, entry: str) -> None:
        folder.write("one", text=f"- {entry}\n" * 5000)
        errors = folder.broken()
        assert len(errors) == 501
        assert errors[-1] == "apps.d/one.yml: has more errors than these"

    def test_a_secret_that_cannot_be_read_breaks_no_file(self, folder: Folder) -> None:
        token = {"type": "stable_token", "appsecret": {"file": "appsecret"}}
        folder.write("one", text=as_json([{"appid": A, "token": token}, {"appid": B}]))
        settings = folder.loader.load()
        assert appids(settings) == [A, B]
        assert folder.broken() == []
        ((appid, (sentence,)),) = settings.unreadable_secrets.items()
        assert appid == A
        assert f"one.yml:1: token.appsecret ({A}): the secret file" in sentence.en
        with pytest.raises(ConfigError, match="appsecret can't be read"):
            load(folder.path / "config.yml")
        (folder.path / "apps.d" / "appsecret").write_text("canary")
        assert load(folder.path / "config.yml").unreadable_secrets == {}

    def test_a_name_that_is_no_utf_8_is_shown_as_text(self, folder: Folder) -> None:
        folder.configure(A)
        (folder.path / "apps.d" / os.fsdecode(b"\xff.yml")).write_text("")
        settings = folder.loader.load()
        (name,) = settings.app_file_errors
        assert name.endswith("\\xff.yml")
        assert folder.broken()[0].startswith("apps.d/\\xff.yml:1: is empty")
        assert name.encode().decode() == name

    def test_no_secret_of_it_is_told(self, folder: Folder) -> None:
        folder.configure(A)
        text = as_json([{"appid": "canary", "token": {**TOKEN, "appsecrt": "canary"}}, {"canary": "canary"}])
        folder.write("one", text=text)
        assert not any("canary-" in sentence for sentence in folder.broken())
        assert len(folder.broken()) >= 3
