"""No failure discloses a secret of a platform, a token service or 微信云托管, with logs at level debug."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from helpers.exporter_process import exporter, run_exporter
from helpers.fleets import SmallFleet, appid, authorizer, own_platform, serve, token_service_source
from helpers.http_requests import request
from helpers.json_text import as_json
from helpers.samples import series
from helpers.waiting import wait_until

from wx_domain_exporter.simulator.world import SimulatedApp, SimulatedPlatform, World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APPSECRET = "c0ffee11c0ffee11c0ffee11c0ffee11"
WRONG_APPSECRET = "c0ffee11c0ffee11c0ffee11c0ffee12"
TICKET, WRONG_TICKET = "ticket@@@CANARY-right", "ticket@@@CANARY-wrong"
KEY, WRONG_KEY = "CANARY-key-of-the-token-service", "CANARY-wrong-key"
CLOUDBASE, INVALID_CLOUDBASE = "CANARY-cloudbase", "CANARY-dead-cloudbase"
INVALID_REFRESH_TOKEN = "refreshtoken@@@CANARY-dead"
CANARIES = [
    APPSECRET,
    WRONG_APPSECRET,
    TICKET,
    WRONG_TICKET,
    KEY,
    WRONG_KEY,
    CLOUDBASE,
    INVALID_CLOUDBASE,
    INVALID_REFRESH_TOKEN,
]
MAIN, OTHER = "wxc0000000000000c0", "wxc0000000000000c1"
WITHOUT_SECRET, WITHOUT_TICKET = "wx00000000000000c8", "wx00000000000000c9"
EACH = 3
"""The number of apps for each kind of failure."""
FOUND, REFUSED, UNKNOWN, REVOKED = (range(EACH * kind, EACH * (kind + 1)) for kind in range(4))
"""Accounts of the platform: up; failing in getwxadevinfo, in api_get_authorizer_info, in their tokens."""
(
    TOKEN_SERVICE,
    WRONG_TOKEN_SERVICE,
    POINTER,
    CLOUD,
    INVALID_CLOUD,
    INVALID_REFRESH,
    NO_SECRET,
    NO_TICKET,
    GIVEN,
) = (appid(100 + number) for number in range(9))


def make_world() -> World:
    world = World(quoted_urls=1.0)
    world.token_service_key = KEY
    for platform in (MAIN, OTHER, WITHOUT_SECRET, WITHOUT_TICKET):
        world.add_platform(
            SimulatedPlatform(
                component_appid=platform, component_appsecret=APPSECRET, component_verify_ticket=TICKET
            )
        )
    for number in range(4 * EACH):
        world.add(SimulatedApp(appid=appid(number), errcode=61007 if number in REFUSED else 0))
        granted = world.authorize(MAIN, appid(number), refresh_token=f"refreshtoken@@@CANARY-{number:03}")
        granted.info_errcode = 61003 if number in UNKNOWN else 0
        granted.errcode = 61023 if number in REVOKED else 0
    for one in (
        TOKEN_SERVICE,
        WRONG_TOKEN_SERVICE,
        POINTER,
        INVALID_CLOUD,
        INVALID_REFRESH,
        NO_SECRET,
        NO_TICKET,
        GIVEN,
    ):
        world.add(SimulatedApp(appid=one))
        world.authorize(OTHER, one, refresh_token=f"refreshtoken@@@CANARY-of-{one}")
    world.add(SimulatedApp(appid=CLOUD, cloudbase_tokens=[CLOUDBASE]))
    return world


def sections(fleet: SmallFleet, folder: Path) -> dict[str, Any]:
    """A platform with discovery, platforms with wrong secrets, and an app for each other token source."""
    (folder / "ticket").write_text(TICKET)
    (folder / "cloudbase").write_text(CLOUDBASE)
    (folder / "dead").write_text(INVALID_CLOUDBASE)
    platforms = fleet.world.platforms
    main, no_secret, no_ticket = platforms[MAIN], platforms[WITHOUT_SECRET], platforms[WITHOUT_TICKET]
    from_token_service = token_service_source(fleet.url, headers={"Authorization": f"Bearer {KEY}"})
    tokens = {
        TOKEN_SERVICE: from_token_service,
        WRONG_TOKEN_SERVICE: token_service_source(
            fleet.url, headers={"Authorization": f"Bearer {WRONG_KEY}"}
        ),
        POINTER: from_token_service | {"token_pointer": "/data/nothing"},
        CLOUD: {"type": "cloudbase", "path": str(folder / "cloudbase")},
        INVALID_CLOUD: {"type": "cloudbase", "path": str(folder / "dead")},
        INVALID_REFRESH: {
            "type": "authorizer",
            "platform": "given",
            "authorizer_refresh_token": INVALID_REFRESH_TOKEN,
        },
    } | {
        one: authorizer(fleet.world.authorizations[OTHER][one]) | {"platform": platform}
        for one, platform in ((NO_SECRET, "no-secret"), (NO_TICKET, "no-ticket"), (GIVEN, "given"))
    }
    return {
        "platforms": {
            "main": own_platform(main, discover=True, discover_interval="1s")
            | {"component_verify_ticket": {"file": "ticket"}},
            "no-secret": own_platform(no_secret) | {"component_appsecret": WRONG_APPSECRET},
            "no-ticket": own_platform(no_ticket) | {"component_verify_ticket": WRONG_TICKET},
            "given": {"component_appid": OTHER, "component_access_token": from_token_service},
        },
        "apps": [{"appid": one, "token": token} for one, token in tokens.items()],
    }


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[SmallFleet]:
    with serve(make_world(), tmp_path) as running:
        running.configure(**sections(running, tmp_path))
        yield running


def leaks(fleet: SmallFleet, text: str) -> list[str]:
    world = fleet.world
    refresh_tokens = [
        granted.refresh_token
        for authorizations in world.authorizations.values()
        for granted in authorizations.values()
    ]
    # The beginning of a token counts as a leak, so that truncated tokens are found too.
    tokens = [value[:20] for value in world.tokens._tokens if not value.startswith("CANARY")]
    assert len(tokens) > EACH
    return [secret for secret in (*CANARIES, *refresh_tokens, *tokens) if secret in text]


def check_states(text: str) -> None:
    """Check that the expected apps are up, and that the others have the expected errcodes."""
    states = series(text, "wx_domain_up", "appid")
    up = {appid(number) for number in FOUND} | {TOKEN_SERVICE, CLOUD, GIVEN}
    assert {one for one, state in states.items() if state} == up
    assert len(states) == 3 * EACH + 9  # without the accounts that could not be looked up
    codes = set(series(text, "wx_domain_api_error", "errcode"))
    assert codes >= {"61007", "61023", "40125", "61006", "40001"}


def test_nothing_in_logs_metrics_or_pages(fleet: SmallFleet) -> None:
    world = fleet.world
    with exporter("--log.level=debug", f"--config.file={fleet.path}", "--web.enable-lifecycle") as program:
        wait_until(lambda: "platform discovered" in program.log, "the platform is discovered")
        texts = [program.scrape(), program.scrape(Accept="application/openmetrics-text; version=1.0.0")]
        world.patch_platform(MAIN, {"rotate_refresh_tokens": True, "expire_authorizer_tokens": True})
        texts.append(program.scrape())
        world.patch_platform(MAIN, {"invalidate_authorizer_tokens": True, "list_errcode": 61004})
        world.patch_platform(MAIN, {"invalidate_component_tokens": True})
        world.patch_token_service({"status": 500})
        world.expire_tokens(TOKEN_SERVICE)
        wait_until(lambda: "61004" in program.log, "the list fails")
        texts += [program.scrape(), program.scrape(path="/")]
        text = fleet.path.read_text()
        fleet.path.write_text(
            text.replace('"own_component_token": true', f'"own_component_token": "{TICKET}"')
        )
        refused = request(f"{program.url}/-/reload", method="POST")
        texts.append(refused.text)
    log = program.log
    check_states(texts[0])
    assert refused.status == 500
    assert leaks(fleet, "".join(texts) + log) == []
    # There was something to mask: WeChat's errmsgs contained tokens.
    assert re.search(r"getwxadevinfo .*request url .*\?access_token=<secret>", log)
    assert re.search(r"api_authorizer_token .*request url .*component_access_token=<secret>", log)
    assert re.search(r"discovery failed.*request url .*component_access_token=<secret>", log)
    assert "WeChat changed the authorizer_refresh_token" in log


def test_nothing_in_the_output_of_once(fleet: SmallFleet) -> None:
    ended = run_exporter("--once", "--log.level=debug", "--log.format=json", f"--config.file={fleet.path}")
    assert ended.returncode == 1
    check_states(ended.stdout)
    assert "request url" in ended.stderr
    assert leaks(fleet, ended.stdout + ended.stderr) == []


def test_nothing_in_the_errors_of_a_bad_configuration(tmp_path: Path) -> None:
    """A secret in each place for something else, and in each form that is not allowed."""
    wrong_by_itself = {
        "platforms": {
            "appid": {"component_appid": APPSECRET, "component_appsecret": {APPSECRET: None}},
            "own": {"component_appid": MAIN, "own_component_token": TICKET},
            "half": {"component_appid": MAIN, "component_verify_ticket": TICKET},
        },
        "tokens": {
            "url": {"type": "http", "url": f"ftp://{KEY}:{KEY}@tokens/{{appid}}"},
            "object": {"type": "http", "url": "https://c/{appid}", "headers": {"X": {KEY: None}}},
            "list": {"type": "authorizer", "platform": KEY, "authorizer_refresh_token": [TICKET]},
        },
    }
    leads_nowhere = {
        "platforms": {"name": {"component_appid": MAIN, "component_access_token": KEY}},
        "tokens": {"whose": {"type": "authorizer", "platform": TICKET}},
    }
    for bad in (wrong_by_itself, leads_nowhere):
        (tmp_path / "config.yml").write_text(as_json(bad))
        ended = run_exporter("--config.check", cwd=tmp_path)
        assert ended.returncode == 1
        assert "Traceback" not in ended.stderr
        for section, places in bad.items():
            assert all(f"{section}.{name}" in ended.stderr for name in places)
        assert [canary for canary in CANARIES if canary in ended.stdout + ended.stderr] == []
