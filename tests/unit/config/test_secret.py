from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

import pytest

from wx_domain_exporter.config.secret import Secret, SecretError

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "canary-7c0e5d"
VARIABLE = "WX_DOMAIN_EXPORTER_TEST_SECRET"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "secret.txt"


def of_file(path: Path) -> Secret:
    return Secret("file", str(path))


def refusal(secret: Secret) -> str:
    with pytest.raises(SecretError) as caught:
        secret.read()
    return str(caught.value)


class TestPrinting:
    @pytest.mark.parametrize(
        "text",
        [
            pytest.param(repr(Secret("value", CANARY)), id="repr"),
            pytest.param(str(Secret("value", CANARY)), id="str"),
            pytest.param(f"{Secret('value', CANARY)}", id="format"),
            pytest.param(repr([Secret("value", CANARY)]), id="in a list"),
        ],
    )
    def test_a_secret_prints_as_a_mask(self, text: str) -> None:
        assert "<secret>" in text
        assert CANARY not in text

    def test_secrets_are_equal_when_they_come_from_the_same_place(self) -> None:
        assert Secret("value", "a") == Secret("value", "a")
        assert Secret("value", "a") != Secret("value", "b")
        assert Secret("value", "a") != Secret("env", "a")


class TestValue:
    @pytest.mark.parametrize("given", [CANARY, f"  {CANARY}\n", f"\t{CANARY} "], ids=repr)
    def test_it_is_read_without_white_space_around_it(self, given: str) -> None:
        assert Secret("value", given).read() == CANARY

    def test_white_space_inside_stays(self) -> None:
        assert Secret("value", "Bearer a b").read() == "Bearer a b"

    @pytest.mark.parametrize("given", ["", " ", "\n\t "], ids=repr)
    def test_an_empty_one_is_refused(self, given: str) -> None:
        assert refusal(Secret("value", given)) == "the secret is empty"

    @pytest.mark.parametrize("char", ["\n", "\r", "\t", "\x00", "\x1f", "\x7f"], ids=ascii)
    def test_a_control_character_inside_is_refused_without_quoting_the_secret(self, char: str) -> None:
        text = refusal(Secret("value", f"{CANARY}{char}{CANARY}"))
        assert text == "the secret contains a line break or another control character"


class TestEnvironment:
    def test_it_is_read_anew_each_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        secret = Secret("env", VARIABLE)
        monkeypatch.setenv(VARIABLE, CANARY)
        assert secret.read() == CANARY
        monkeypatch.setenv(VARIABLE, "another")
        assert secret.read() == "another"

    def test_an_unset_variable_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv(VARIABLE, raising=False)
        assert refusal(Secret("env", VARIABLE)) == f"the environment variable {VARIABLE} is not set"

    def test_an_empty_variable_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(VARIABLE, " ")
        assert refusal(Secret("env", VARIABLE)) == f"the environment variable {VARIABLE} is empty"

    def test_lines_are_refused_without_quoting_them(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(VARIABLE, f"{CANARY}\n{CANARY}")
        text = refusal(Secret("env", VARIABLE))
        assert text.startswith(f"the environment variable {VARIABLE} contains a line break")
        assert CANARY not in text

    def test_bytes_that_are_no_utf_8_are_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(VARIABLE, os.fsdecode(b"canary-7c0e5d\xff"))
        text = refusal(Secret("env", VARIABLE))
        assert VARIABLE in text
        assert CANARY not in text


class TestFile:
    def test_it_is_read_anew_each_time(self, path: Path) -> None:
        secret = of_file(path)
        path.write_text(f"{CANARY}\n")
        assert secret.read() == CANARY
        path.write_text("another\n")
        assert secret.read() == "another"

    def test_a_byte_order_mark_and_dos_line_ends_are_no_part_of_it(self, path: Path) -> None:
        path.write_bytes(f"\ufeff{CANARY}\r\n".encode())
        assert of_file(path).read() == CANARY

    def test_a_missing_file_is_named(self, path: Path) -> None:
        assert refusal(of_file(path)) == f"the secret file {path} can't be read: No such file or directory"

    def test_a_folder_is_named(self, tmp_path: Path) -> None:
        assert refusal(of_file(tmp_path)) == f"the secret file {tmp_path} can't be read: Is a directory"

    def test_a_path_that_cannot_exist_is_refused(self) -> None:
        assert refusal(Secret("file", "secrets\x00.txt")).startswith("the secret file ")

    def test_an_empty_file_is_named(self, path: Path) -> None:
        path.touch()
        assert refusal(of_file(path)) == f"the secret file {path} is empty"

    def test_lines_are_refused_without_quoting_them(self, path: Path) -> None:
        path.write_text(f"{CANARY}\n{CANARY}\n")
        text = refusal(of_file(path))
        assert text == f"the secret file {path} contains a line break or another control character"

    def test_bytes_that_are_no_utf_8_are_refused_without_quoting_them(self, path: Path) -> None:
        path.write_bytes(CANARY.encode() + b"\xff")
        assert refusal(of_file(path)) == f"the secret file {path} is not UTF-8 text"

    def test_the_largest_file_has_65536_bytes(self, path: Path) -> None:
        path.write_bytes(b"x" * 65536)
        assert of_file(path).read() == "x" * 65536
        path.write_bytes(b"x" * 65537)
        assert refusal(of_file(path)) == f"the secret file {path} has more than 65536 bytes"

    def test_an_endless_file_is_not_read(self) -> None:
        what = "can't be read: it is not a regular file"
        assert refusal(Secret("file", "/dev/zero")) == f"the secret file /dev/zero {what}"


@pytest.mark.parametrize("kind", ["file", "env"])
def test_a_name_can_neither_begin_a_line_nor_steer_a_terminal(kind: Literal["file", "env"]) -> None:
    with pytest.raises(SecretError) as caught:
        Secret(kind, "nothing\nok   wx0000000000000099: all well\x1b[31m\u202e").read()
    assert "nothing\\nok   wx0000000000000099: all well\\x1b[31m\\u202e" in str(caught.value)


@pytest.mark.parametrize("content", [b"canary-7c0e5d\xff", b"canary-7c0e5d\nb"], ids=["bytes", "lines"])
def test_the_traceback_of_a_refusal_does_not_hold_the_secret(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(SecretError) as caught:
        of_file(path).read()
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
