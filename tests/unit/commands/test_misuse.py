"""Flags as people mistype them, and what the program says: each with its whole sentence, in two languages."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import yaml
from helpers.commands import Capture, failure
from helpers.repository import REPOSITORY

LISTEN = "--web.listen-address"

FILE = REPOSITORY / "tests" / "data" / "misuses" / "flags.yml"
MISUSES = yaml.safe_load(FILE.read_text(encoding="utf-8"))


def last_line(capsys: Capture, *arguments: str) -> str:
    line = failure(capsys, *arguments, "--log.level=error").splitlines()[-1]
    return line.removeprefix("wx-domain-exporter: ")


@pytest.mark.parametrize("misuse", MISUSES, ids=lambda misuse: misuse["run"])
def test_the_sentence(capsys: Capture, misuse: dict[str, str]) -> None:
    arguments = misuse["run"].split()
    assert last_line(capsys, "--lang=en", *arguments) == misuse["en"].replace("FOLDER", str(Path.cwd()))
    assert last_line(capsys, "--lang", "zh", *arguments) == misuse["zh"].replace("FOLDER", str(Path.cwd()))


def test_a_port_that_is_taken(capsys: Capture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        arguments = ["--demo", f"{LISTEN}=127.0.0.1:{port}"]
        en, zh = (last_line(capsys, f"--lang={lang}", *arguments) for lang in ("en", "zh"))
    other = f"{LISTEN}=127.0.0.1:{port + 1 if port < 65535 else port - 1}"
    assert en == (
        f"{LISTEN} 127.0.0.1:{port}: can't listen: Address already in use; stop the other program "
        f"(see `ss -ltnp`), or choose another port, such as {other}"
    )
    assert zh == (
        f"{LISTEN} 127.0.0.1:{port}：端口 {port} 已被占用；请停止占用它的程序（可用 `ss -ltnp` 查看），"
        f"或换一个端口，例如 {other}"
    )


def test_a_file_that_is_missing_is_shown_with_its_whole_path(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert last_line(capsys, "--lang=en", "--config.file=my.yml") == (
        f"{tmp_path}/my.yml: can't be read: No such file or directory"
    )
    assert last_line(capsys, "--lang=zh") == (
        f"{tmp_path}/config.yml 不存在；请用 --config.file 指定配置文件，或先试用 --demo"
    )


def test_the_locale_decides_without_a_flag(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert last_line(capsys, "--hepl") == "未知的参数 --hepl；是否想用 --help？"
    assert last_line(capsys, "--hepl", "--lang=en") == "unknown flag --hepl; did you mean --help?"
    monkeypatch.setenv("LC_ALL", "C")
    assert last_line(capsys, "--hepl") == "unknown flag --hepl; did you mean --help?"
