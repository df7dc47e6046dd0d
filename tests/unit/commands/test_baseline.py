"""`--baseline`: its output, pasted into the configuration, is a baseline that every app matches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from helpers.fleets import APPSECRET, SmallFleet, appid, discovering, platform_fleet, serve
from helpers.samples import apps_with, series

from wx_domain_exporter import cli
from wx_domain_exporter.simulator.app_settings import SimulatedApp
from wx_domain_exporter.simulator.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from helpers.commands import Capture

ODD = {
    "requestdomain": [
        "HTTPS://API.Example.com/",
        "https://api.example.com",
        "https://例子.测试",
        "https://a.cn//",
    ],
    "wsrequestdomain": ["wss://https://chat.example.com", "null", "1e3"],
    "bizdomain": ["https://*.example.com"],
    "tcpdomain": ["tcp://a.example.com:9000"],
}


def printed(fleet: SmallFleet, capsys: Capture, status: int = 0) -> str:
    assert cli.run(["--baseline", f"--config.file={fleet.path}"]) == status
    return capsys.readouterr().out


def pasted(fleet: SmallFleet, block: str) -> None:
    """Put the block into the configuration as somebody would: as text, at the end of the file."""
    tree: dict[str, Any] = yaml.safe_load(fleet.path.read_text())
    fleet.path.write_text(f"{yaml.safe_dump(tree)}\n{block}")


def scraped(fleet: SmallFleet, capsys: Capture, status: int = 0) -> str:
    assert cli.run(["--once", f"--config.file={fleet.path}"]) == status
    return capsys.readouterr().out


@pytest.fixture
def odd(tmp_path: Path) -> Iterator[SmallFleet]:
    world = World()
    for number, domains in enumerate((ODD, {}, {"requestdomain": ["https://a.cn"]})):
        name = f"app: {number} # 会员"
        world.add(SimulatedApp(appid=appid(number), name=name, appsecret=APPSECRET, domains=domains))
    with serve(world, tmp_path) as fleet:
        fleet.configure()
        yield fleet


def test_every_app_matches_until_its_lists_change(odd: SmallFleet, capsys: Capture) -> None:
    pasted(odd, printed(odd, capsys))
    text = scraped(odd, capsys)
    assert set(apps_with(text, "wx_domain_baseline_match", 1)) == {appid(0), appid(1), appid(2)}
    assert apps_with(text, "wx_domain_baseline_match", 0) == []
    odd.world.patch(appid(2), {"domains": {"requestdomain": ["https://evil.example.net"]}})
    text = scraped(odd, capsys)
    assert set(apps_with(text, "wx_domain_baseline_match", 0)) == {appid(2)}
    assert series(text, "wx_domain_missing_domain", "domain") == {"https://a.cn": 1}
    assert series(text, "wx_domain_unexpected_domain", "domain") == {"https://evil.example.net": 1}


def test_a_failing_app_is_left_out_with_an_error(odd: SmallFleet, capsys: Capture) -> None:
    odd.world.patch(appid(1), {"errcode": 61007})
    assert cli.run(["--baseline", f"--config.file={odd.path}"]) == 1
    captured = capsys.readouterr()
    assert list(yaml.safe_load(captured.out)["baselines"]) == [appid(0), appid(2)]
    (error,) = captured.err.splitlines()
    assert error.startswith(f"wx-domain-exporter: {appid(1)} (app: 1 # 会员) is left out: ")
    assert "61007" in error


def test_nothing_is_printed_if_all_fail(odd: SmallFleet, capsys: Capture) -> None:
    for number in range(3):
        odd.world.patch(appid(number), {"errcode": 61007})
    assert cli.run(["--baseline", f"--config.file={odd.path}"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 3


def test_discovered_apps_match_too(tmp_path: Path, capsys: Capture) -> None:
    world = platform_fleet(5)
    [platform] = world.platforms.values()
    with serve(world, tmp_path) as fleet:
        fleet.configure(**discovering(platform))
        pasted(fleet, printed(fleet, capsys))
        text = scraped(fleet, capsys)
    assert set(apps_with(text, "wx_domain_baseline_match", 1)) == set(world.apps)
    assert apps_with(text, "wx_domain_baseline_match", 0) == []
