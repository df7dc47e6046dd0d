"""Take the screenshots of the READMEs: the status page of the demo, in both languages, in light and in dark.

Run as `make screenshots`, from the checkout. It takes two minutes, so that the demo's lists change meanwhile.
"""

import base64
import os
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from helpers.browser import Tab, browser
from helpers.exporter_process import exporter
from helpers.programs import program
from helpers.repository import REPOSITORY

FOLDER = REPOSITORY / "docs" / "images"
WIDTH, HEIGHT = 1120, 860
MAX_BYTES = 150_000
SCRAPES, SECONDS_BETWEEN = 45, 2.0
"""The scrapes before the screenshots, beside those of the demo itself."""


def image_name(*, chinese: bool, dark: bool) -> str:
    """The file name of one screenshot."""
    return f"status-page-{'dark' if dark else 'light'}{'.zh-CN' if chinese else ''}.png"


def take(tab: Tab, url: str, *, chinese: bool, dark: bool) -> bytes:
    """Take one screenshot, as PNG."""
    tab.emulate(dark=dark, width=WIDTH)
    tab.open(f"{url}/?lang={'zh' if chinese else 'en'}")
    clip = {"x": 0, "y": 0, "width": WIDTH, "height": HEIGHT, "scale": 1}
    captured = tab.call("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
    return with_palette(base64.b64decode(captured["data"]))


def with_palette(image: bytes) -> bytes:
    """Return an image with at most 256 colours, which takes a third of the bytes."""
    # If pngquant is unpacked and not installed, its library is not where the system looks for it.
    libraries = ":".join(map(str, (REPOSITORY / ".programs" / "usr" / "lib").glob("*-linux-gnu")))
    return subprocess.run(
        [program("pngquant", "pngquant"), "--nofs", "--strip", "256", "-"],
        input=image,
        env={**os.environ, "LD_LIBRARY_PATH": libraries},
        capture_output=True,
        check=True,
    ).stdout


def main() -> None:
    """Write all files."""
    FOLDER.mkdir(exist_ok=True)
    path = {"PYTHONPATH": str(REPOSITORY)}  # the checkout, not an installed wheel
    with exporter("--demo", env=path) as demo, browser() as chromium:
        for _ in range(SCRAPES):
            demo.scrape()
            time.sleep(SECONDS_BETWEEN)
        for chinese in (False, True):
            for dark in (False, True):
                image = take(chromium.tab(), demo.url, chinese=chinese, dark=dark)
                name = image_name(chinese=chinese, dark=dark)
                if len(image) > MAX_BYTES:
                    sys.exit(f"{name} would have {len(image):,} bytes; allowed: {MAX_BYTES:,}")
                (FOLDER / name).write_bytes(image)
                print(f"{name}: {len(image):,} bytes")


if __name__ == "__main__":
    main()
