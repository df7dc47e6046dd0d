"""Run an image's root file system as its user, read-only, and say what holds: deploy/image/build calls it.

Run as `check.py ROOT IMAGE.json VERSION`, as root, in mount, process and network namespaces of its own.
IMAGE.json is what `buildah inspect --type image` tells.
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
OURS = ("opt", "licenses", "etc/wx_domain_exporter")
# What would build or fetch something. Debian's own base keeps apt and perl-base.
TOOLS = ("cc", "gcc", "c++", "ld", "make", "git", "curl", "wget", "pip", "pip3", "uv")
LISTENING = re.compile(r"msg=listening .*url=(\S+)")


class Image:
    """An image: its root file system, and what its configuration says."""

    def __init__(self, root: Path, inspected: dict[str, Any]) -> None:
        self.root = root
        self.config: dict[str, Any] = inspected["Docker"]["config"]
        self._env = dict(line.split("=", 1) for line in self.config["Env"])

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start a command inside, as the image's user, with the image's environment and nothing else."""
        inside = ["chroot", f"--userspec={self.config['User']}", "--groups=", str(self.root), *command]
        return subprocess.Popen(inside, env=self._env, stderr=subprocess.PIPE, text=True)

    def files(self) -> Iterator[Path]:
        """What the image adds to its base."""
        for folder in OURS:
            yield self.root / folder
            yield from (self.root / folder).rglob("*")


def mount_read_only(root: Path) -> None:
    """Make the root what a container's runtime makes of it, with --read-only; no writable folder at all."""
    for command in (
        ["mount", "--make-rprivate", "/"],
        ["mount", "--bind", root, root],
        ["mount", "--bind", "/dev", root / "dev"],
        ["mount", "-t", "proc", "proc", root / "proc"],
        ["mount", "-o", "remount,bind,ro", root],
        ["ip", "link", "set", "lo", "up"],
    ):
        subprocess.run([str(word) for word in command], check=True)


def is_configured_well(image: Image, version: str) -> str:
    """The image's user, entry point, health check and labels are right, its environment holds no secret."""
    user, _, group = image.config["User"].partition(":")
    if not (user.isdigit() and group.isdigit() and int(user) > 0 and int(group) > 0):
        fail(f"the user is {image.config['User']}")
    if image.config["Entrypoint"][0] == "/bin/sh" or image.config["Healthcheck"]["Test"][0] != "CMD":
        fail("a shell stands between the program and its signals")
    labels = image.config["Labels"]
    if labels["org.opencontainers.image.version"] != version:
        fail(f"the labels are {labels}")
    if not set(image.config["Env"]) <= {"PYTHONUNBUFFERED=1", "PYTHONDONTWRITEBYTECODE=1"} | {
        line for line in image.config["Env"] if line.startswith(("PATH=", "LANG=", "GPG_KEY=", "PYTHON_"))
    }:
        fail(f"the environment is {image.config['Env']}")
    return f"user {image.config['User']}, exec form, labels of {version}"


def has_good_files(image: Image) -> str:
    """What the image adds is root's, not writable by others, not setuid, and nothing of it installs."""
    count = 0
    for path in image.files():
        count += 1
        status = path.lstat()
        if (status.st_uid, status.st_gid) != (0, 0):
            fail(f"{path} belongs to {status.st_uid}:{status.st_gid}")
        if not stat.S_ISLNK(status.st_mode) and status.st_mode & (stat.S_IWOTH | stat.S_ISUID | stat.S_ISGID):
            fail(f"{path} has the mode {stat.filemode(status.st_mode)}")
        if path.name in {*TOOLS, "setuptools", "config.yml"}:
            fail(f"{path} has no business in the image")
    found = [
        name
        for folder in ("usr/bin", "usr/local/bin", "usr/sbin")
        for name in TOOLS
        if (image.root / folder / name).exists()
    ]
    if found:
        print(f"     the base brings {', '.join(found)}")
    return f"{count} files, of root, none setuid, no pip, no compiler among them"


def runs(image: Image) -> str:
    """The demonstration is scraped, the health check says yes, a write fails, and SIGTERM ends it with 0."""
    process = image.start(*image.config["Entrypoint"], "--demo")
    try:
        url = wait_for_url(process)
        if health(image) != 0:
            fail("the health check fails while the exporter runs")
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
    if health(image) == 0:
        fail("the health check succeeds while nothing runs")
    return f"{len(text.splitlines())} lines, {up} mini programs up, healthy, SIGTERM ended it with 0"


def tells_scanners(image: Image, version: str) -> str:
    """The exporter and what it needs have metadata, so that a scanner finds them."""
    found = {path.name.removesuffix(".dist-info") for path in image.root.glob("opt/**/*.dist-info")}
    if f"wx_domain_exporter-{version}" not in found or not any(
        name.startswith("pydantic-") for name in found
    ):
        fail(f"the packages with metadata are {sorted(found)}")
    return f"metadata of {len(found)} packages, the exporter's {version} among them"


def is_read_only(image: Image) -> str:
    """Nothing can be written, not even below /tmp."""
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
        fail("something can be written, or root runs it")
    return "nothing can be written"


def says_what_is_wrong(image: Image) -> str:
    """Without a configuration the image's default command ends with 1 and a sentence."""
    process = image.start(*image.config["Entrypoint"], *image.config["Cmd"])
    _, message = process.communicate(timeout=30)
    if process.returncode != 1 or "config.yml" not in message or "Traceback" in message:
        fail(f"exit {process.returncode}: {message}")
    return message.strip()


def wait_for_url(process: subprocess.Popen[str]) -> str:
    """Where the program listens, from its log."""
    deadline = time.monotonic() + STARTUP_SECONDS
    found = None
    while found is None:
        line = process.stderr.readline() if process.stderr else ""
        if not line or time.monotonic() > deadline:
            fail("it does not listen")
        found = LISTENING.search(line)
    return re.sub(r"//(0\.0\.0\.0|\[::\]):", "//127.0.0.1:", found[1])


def health(image: Image) -> int:
    """The exit status of the image's health check."""
    return image.start(*image.config["Healthcheck"]["Test"][1:]).wait(30)


def fail(what: str) -> NoReturn:
    """Say what is wrong, and give up."""
    sys.exit(f"FAIL {what}")


def main() -> None:
    """Check one image."""
    root, inspected, version = sys.argv[1:]
    image = Image(Path(root), json.loads(Path(inspected).read_text()))
    mount_read_only(image.root)
    checks: tuple[Callable[[], str], ...] = (
        lambda: is_configured_well(image, version),
        lambda: has_good_files(image),
        lambda: tells_scanners(image, version),
        lambda: is_read_only(image),
        lambda: says_what_is_wrong(image),
        lambda: runs(image),
    )
    for check in checks:
        print(f"ok   {check()}", flush=True)


if __name__ == "__main__":
    os.umask(0o022)
    main()
