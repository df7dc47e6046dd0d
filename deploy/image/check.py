"""Check an image by running its root file system as its user, read-only, for deploy/image/build.

Run as `check.py ROOT IMAGE.json VERSION`, as root, in separate mount, process and network namespaces.
IMAGE.json is the output of `buildah inspect --type image`.
"""

import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

STARTUP_SECONDS = 60
ADDED_FOLDERS = ("opt", "licenses", "etc/wx_domain_exporter")
# Programs that build or fetch software. Debian's base image keeps apt and perl-base.
TOOLS = ("cc", "gcc", "c++", "ld", "make", "git", "curl", "wget", "pip", "pip3", "uv")
LABEL_PREFIX = "org.opencontainers.image."
LABELS = {
    "title": "wx_domain_exporter",
    "description": ".+",
    "licenses": "Apache-2.0",
    "version": r"\d+\.\d+\.\d+",
    "revision": "[0-9a-f]{40}",
    "created": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "base.name": ".+",
}
LISTENING = re.compile(r"msg=listening .*url=(\S+)")


class Image:
    """The root file system and the configuration of an image."""

    def __init__(self, root: Path, inspected: dict[str, Any]) -> None:
        self.root = root
        self.config: dict[str, Any] = inspected["Docker"]["config"]
        self._env = dict(line.split("=", 1) for line in self.config["Env"])

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start a command in the image, as its user and with its environment alone."""
        chroot = ["chroot", f"--userspec={self.config['User']}", "--groups=", str(self.root), *command]
        return subprocess.Popen(
            chroot, env=self._env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )

    def files(self) -> Iterator[Path]:
        """The files and folders that the image adds to its base."""
        for folder in ADDED_FOLDERS:
            yield self.root / folder
            yield from (self.root / folder).rglob("*")


def mount_read_only(root: Path) -> None:
    """Mount the root as a container runtime does with --read-only, and without any writable folder."""
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")  # runtimes write one too
    for command in (
        ["mount", "--make-rprivate", "/"],
        ["mount", "--bind", root, root],
        ["mount", "--bind", "/dev", root / "dev"],
        ["mount", "-t", "proc", "proc", root / "proc"],
        ["mount", "-o", "remount,bind,ro", root],
        ["ip", "link", "set", "lo", "up"],
    ):
        subprocess.run([str(word) for word in command], check=True)


def check_configuration(image: Image, version: str) -> str:
    """Check the user, entry point, health check and labels, and that the environment holds no secret."""
    user, _, group = image.config["User"].partition(":")
    if not (user.isdigit() and group.isdigit() and int(user) > 0 and int(group) > 0):
        fail(f"the user is {image.config['User']}")
    if image.config["Entrypoint"][0] == "/bin/sh" or image.config["Healthcheck"]["Test"][0] != "CMD":
        fail("a shell stands between the program and its signals")
    labels = image.config["Labels"]
    if not all(re.fullmatch(LABELS[name], labels[f"{LABEL_PREFIX}{name}"]) for name in LABELS):
        fail(f"the labels are {labels}")
    if labels[f"{LABEL_PREFIX}version"] != version:
        fail(f"the labels are of {labels[f'{LABEL_PREFIX}version']}")
    if not set(image.config["Env"]) <= {"PYTHONUNBUFFERED=1", "PYTHONDONTWRITEBYTECODE=1"} | {
        line for line in image.config["Env"] if line.startswith(("PATH=", "LANG=", "GPG_KEY=", "PYTHON_"))
    }:
        fail(f"the environment is {image.config['Env']}")
    return f"user {image.config['User']}, exec form, labels of {version}"


def check_files(image: Image) -> str:
    """Check that added files are of root, not writable by others, not setuid, and cannot install software."""
    count = 0
    for path in image.files():
        count += 1
        status = path.lstat()
        if (status.st_uid, status.st_gid) != (0, 0):
            fail(f"{path} belongs to {status.st_uid}:{status.st_gid}")
        if not stat.S_ISLNK(status.st_mode) and status.st_mode & (stat.S_IWOTH | stat.S_ISUID | stat.S_ISGID):
            fail(f"{path} has the mode {stat.filemode(status.st_mode)}")
        if path.name in {*TOOLS, "setuptools", "config.yml"}:
            fail(f"{path} must not be in the image")
    base_tools = [
        name
        for folder in ("usr/bin", "usr/local/bin", "usr/sbin")
        for name in TOOLS
        if (image.root / folder / name).exists()
    ]
    if base_tools:
        print(f"     the base image has {', '.join(base_tools)}")
    return f"{count} files, of root, none setuid, no pip, no compiler among them"


def check_demo(image: Image) -> str:
    """Check that the demo can be scraped, that the health check works, and that SIGTERM ends it with 0."""
    process = image.start(*image.config["Entrypoint"], "--demo")
    try:
        url = wait_for_url(process)
        if problem := unhealthy(image):
            fail(f"the health check fails while the exporter runs: {problem}")
        with urllib.request.urlopen(f"{url}metrics", timeout=30) as answer:
            text = answer.read().decode()
        up = len(re.findall(r"^wx_domain_up\{.*\} 1\.0$", text, re.MULTILINE))
        if up == 0:
            fail(f"no mini program is up: {text}")
        process.send_signal(signal.SIGTERM)
        if process.wait(30) != 0:
            fail(f"SIGTERM ended it with {process.returncode}")
    finally:
        process.kill()
    if not unhealthy(image):
        fail("the health check succeeds while nothing runs")
    return f"{len(text.splitlines())} lines, {up} mini programs up, healthy, SIGTERM ended it with 0"


def check_doctor(image: Image) -> str:
    """Check that `wx-domain-exporter --doctor` runs without a path, as `docker exec` starts it."""
    process = image.start("wx-domain-exporter", "--demo", "--doctor", "--lang=zh")
    _, errors = process.communicate(timeout=STARTUP_SECONDS)
    if process.returncode != 1 or "Traceback" in errors:  # some mini programs of the demo fail
        fail(f"the doctor exited with {process.returncode}: {errors}")
    return "wx-domain-exporter is on PATH, and the doctor runs"


def check_metadata(image: Image, version: str) -> str:
    """Check that the exporter and its dependencies have metadata, so that scanners find them."""
    packages = {path.name.removesuffix(".dist-info") for path in image.root.glob("opt/**/*.dist-info")}
    if f"wx_domain_exporter-{version}" not in packages or not any(
        name.startswith("pydantic-") for name in packages
    ):
        fail(f"the packages with metadata are {sorted(packages)}")
    return f"metadata of {len(packages)} packages, the exporter's {version} among them"


def check_read_only(image: Image) -> str:
    """Check that nothing can be written, not even below /tmp."""
    program = (
        "import os, sys\n"
        "def write(folder):\n"
        "    try: open(os.path.join(folder, 'x'), 'w')\n"
        "    except OSError: return False\n"
        "    return True\n"
        "folders = ['/', '/tmp', '/var/tmp', '/opt', '/etc/wx_domain_exporter']\n"
        "sys.exit(os.getuid() == 0 or any(map(write, folders)))"
    )
    if image.start(image.config["Entrypoint"][0], "-c", program).wait(30) != 0:
        fail("a folder is writable, or the user is root")
    return "nothing can be written"


def check_missing_configuration(image: Image) -> str:
    """Check that the default command without a configuration exits with 1 and an error message."""
    process = image.start(*image.config["Entrypoint"], *image.config["Cmd"])
    _, message = process.communicate(timeout=30)
    if process.returncode != 1 or "config.yml" not in message or "Traceback" in message:
        fail(f"exit {process.returncode}: {message}")
    return message.strip()


def wait_for_url(process: subprocess.Popen[str]) -> str:
    """The URL at which the program listens, from its log."""
    deadline = time.monotonic() + STARTUP_SECONDS
    match = None
    while match is None:
        line = process.stderr.readline() if process.stderr else ""
        if not line or time.monotonic() > deadline:
            fail("it does not listen")
        match = LISTENING.search(line)
    return re.sub(r"//(0\.0\.0\.0|\[::\]):", "//127.0.0.1:", match[1])


def unhealthy(image: Image) -> str:
    """What the image's health check complains about; empty if it succeeds."""
    process = image.start(*image.config["Healthcheck"]["Test"][1:])
    _, errors = process.communicate(timeout=30)
    return "" if process.returncode == 0 else errors or f"exit status {process.returncode}"


def fail(message: str) -> NoReturn:
    """Exit with a message."""
    sys.exit(f"FAIL {message}")


def main() -> None:
    """Check one image."""
    root, inspected, version = sys.argv[1:]
    image = Image(Path(root), json.loads(Path(inspected).read_text()))
    mount_read_only(image.root)
    checks: tuple[Callable[[], str], ...] = (
        lambda: check_configuration(image, version),
        lambda: check_files(image),
        lambda: check_metadata(image, version),
        lambda: check_read_only(image),
        lambda: check_missing_configuration(image),
        lambda: check_demo(image),
        lambda: check_doctor(image),
    )
    for check in checks:
        print(f"ok   {check()}", flush=True)


if __name__ == "__main__":
    os.umask(0o022)
    main()
