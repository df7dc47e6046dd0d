"""The limit of open files is too low for `max_concurrency`: fewer calls run at once, and no app is lost."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from helpers.exporter_process import serving
from helpers.fleets import generated_fleet, token_service_source
from helpers.json_text import as_json
from helpers.samples import series
from helpers.waiting import wait_until

from wx_domain_exporter.simulator.generated_fleet import generate_fleet

if TYPE_CHECKING:
    from pathlib import Path

APPS = 300


def config(folder: Path, url: str) -> str:
    """A third of the apps has secrets in files, a third uses a token service, with connections of its own."""
    apps: list[dict[str, Any]] = []
    for number, (appid, app) in enumerate(generate_fleet(APPS).apps.items()):
        (folder / appid).write_text(app.appsecret)
        secret = {"file": appid} if number % 3 == 0 else app.appsecret
        token = (
            token_service_source(url) if number % 3 == 1 else {"type": "stable_token", "appsecret": secret}
        )
        apps.append({"appid": appid, "token": token})
    return as_json({"wechat": {"base_url": url}, "apps": apps})


def test_all_apps_are_up(tmp_path: Path) -> None:
    path = tmp_path / "config.yml"
    program = [sys.executable, "-P", "-m", "wx_domain_exporter", "--web.listen-address=127.0.0.1:0"]
    with generated_fleet(APPS, 0, "10ms") as url:
        path.write_text(config(tmp_path, url))
        limited = ["bash", "-c", 'ulimit -n 64 && exec "$@"', "bash", *program, f"--config.file={path}"]
        with serving(limited) as running:

            def all_up() -> bool:
                return sum(series(running.scrape(timeout=60), "wx_domain_up", "appid").values()) == APPS

            wait_until(all_up, "all apps are up in a scrape")
            assert running.stop() == 0
    (warning,) = [line for line in running.lines if "max_concurrency=" in line]
    assert "limit=64 max_concurrency=64 calls=4" in warning
    # Calls that time out on a slow machine give warnings of their own.
    assert "level=warning" in warning
    assert "Too many open files" not in running.log
    assert "Traceback" not in running.log
