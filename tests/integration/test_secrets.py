"""No secret is disclosed: canaries in every place for a secret, each kind of failure, logs at level debug."""

from __future__ import annotations

import re
import socket
import threading
from typing import TYPE_CHECKING, Any

from helpers.exporter_process import exporter, run_exporter
from helpers.fleets import SmallFleet, appid
from helpers.http_requests import request
from helpers.json_text import as_json
from helpers.samples import value

from wx_domain_exporter.simulator.world import SimulatedApp

if TYPE_CHECKING:
    from pathlib import Path

CANARIES = {
    "appsecret": "c0ffee00c0ffee00c0ffee00c0ffee01",
    "appsecret of a file": "c0ffee00c0ffee00c0ffee00c0ffee02",
    "wrong appsecret": "c0ffee00c0ffee00c0ffee00c0ffee03",
    "access_token": "80_CANARY-short",
    "invalid access_token": "80_CANARY-" + "x" * 120,
    "access_token of a variable": "80_CANARY-variable-0123456789",
    "password of the proxy": "CANARY-proxy-password",
}
_TOKEN = re.compile(r"access_token=[^<&\s\"]")


def apps(fleet: SmallFleet, folder: Path) -> list[dict[str, Any]]:
    """One app for each place for a secret, and for each way in which the API refuses one."""
    (folder / "secret").write_text(CANARIES["appsecret of a file"])
    world = fleet.world
    good = {"requestdomain": ["https://a.example.com"]}
    world.add(SimulatedApp(appid=appid(10), appsecret=CANARIES["appsecret"], domains=good))
    world.add(SimulatedApp(appid=appid(11), appsecret=CANARIES["appsecret of a file"], errcode=61007))
    world.add(SimulatedApp(appid=appid(12), appsecret="f" * 32))
    world.add(SimulatedApp(appid=appid(13), access_tokens=[CANARIES["access_token"]], domains=good))
    world.add(
        SimulatedApp(appid=appid(15), access_tokens=[CANARIES["access_token of a variable"]], errcode=-1)
    )
    tokens: dict[int, dict[str, Any]] = {
        10: {"type": "stable_token", "appsecret": CANARIES["appsecret"]},
        11: {"type": "stable_token", "appsecret": {"file": "secret"}},
        12: {"type": "stable_token", "appsecret": CANARIES["wrong appsecret"]},
        13: {"type": "access_token", "access_token": CANARIES["access_token"]},
        14: {"type": "access_token", "access_token": CANARIES["invalid access_token"]},
        15: {"type": "access_token", "access_token": {"env": "CANARY"}},
    }
    return [{"appid": appid(number), "token": token} for number, token in tokens.items()]


def leaks(text: str) -> list[str]:
    return [place for place, canary in CANARIES.items() if canary in text] + _TOKEN.findall(text)


def current_tokens(fleet: SmallFleet) -> list[str]:
    return [fleet.world.stable_token(fleet.world.apps[appid(number)]).value for number in (10, 11)]


def test_no_secret_in_logs_metrics_or_pages(fleet: SmallFleet, tmp_path: Path) -> None:
    fleet.configure(apps=apps(fleet, tmp_path))
    debug = ("--log.level=debug", f"--config.file={fleet.path}")
    with exporter(
        *debug, "--web.enable-lifecycle", env={"CANARY": CANARIES["access_token of a variable"]}
    ) as program:
        texts = [program.scrape() for _ in range(3)]
        fleet.world.expire_tokens(appid(10))
        texts += [program.scrape(), request(f"{program.url}/").text]
        fleet.path.write_text(
            f"apps: [{{appid: {CANARIES['appsecret']}, token: {CANARIES['access_token']}}}]"
        )
        texts.append(request(f"{program.url}/-/reload", method="POST").text)
    everything = "".join(texts) + program.log
    assert value(texts[0], "wx_domain_up", appid=appid(10)) == 1
    assert value(texts[0], "wx_domain_fetch_error", appid=appid(14), reason="token") == 1
    assert value(texts[0], "wx_domain_api_error", appid=appid(12), api="stable_token", errcode="40125") == 1
    assert leaks(everything) == []
    assert not any(token in everything for token in current_tokens(fleet))


def test_no_secret_in_the_errors_of_a_bad_configuration(tmp_path: Path) -> None:
    secret = CANARIES["appsecret"]
    for bad in (
        as_json({"apps": [{"appid": secret, "token": {"type": secret, "appsecret": [secret]}}]}),
        as_json({"apps": [{"appid": appid(1), "token": secret, "name": f"{secret}\n"}]}),
        as_json({"wechat": {"proxy_url": f"{secret}://user:{secret}@proxy", "base_url": f"http://{secret}"}}),
        f"apps: [{{appsecret: '{secret}",
        f"a: *{secret}",
        f"a: !{secret} b",
    ):
        (tmp_path / "config.yml").write_text(bad)
        ended = run_exporter(cwd=tmp_path)
        assert ended.returncode == 1
        assert "Traceback" not in ended.stderr
        assert leaks(ended.stdout + ended.stderr) == [], bad


def test_the_password_of_a_proxy_is_not_disclosed(fleet: SmallFleet) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=refuse)
        thread.start()
        password = CANARIES["password of the proxy"]
        proxy = f"http://user:{password}@127.0.0.1:{listener.getsockname()[1]}"
        fleet.configure(wechat={"proxy_url": proxy})
        ended = run_exporter("--once", "--log.level=debug", f"--config.file={fleet.path}")
        thread.join()
    assert ended.returncode == 1
    assert 'reason="token"' in ended.stdout
    assert leaks(ended.stdout + ended.stderr) == []
