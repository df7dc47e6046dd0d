from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from helpers.simulated_client import APPID, SECRET, Client, decoded

if TYPE_CHECKING:
    from wx_domain_exporter.simulator.world import SimulatedApp

EXPORTER, BACKEND = "203.0.113.7", "198.51.100.4"


def stable_token(client: Client, address: str) -> dict[str, Any]:
    """What `stable_token` answers to an address."""
    body = {"grant_type": "client_credential", "appid": APPID, "secret": SECRET}
    headers = {"X-Forwarded-For": address}
    response = client.session.post(
        f"{client.url}/cgi-bin/stable_token", json=body, headers=headers, timeout=10
    )
    return decoded(response)


def test_while_it_is_empty_every_address_may_call(client: Client) -> None:
    assert "access_token" in stable_token(client, EXPORTER)
    assert "access_token" in stable_token(client, BACKEND)


def test_with_entries_all_other_addresses_are_refused(client: Client) -> None:
    assert client.control(ip_whitelist=[EXPORTER]).status_code == 204
    assert "access_token" in stable_token(client, EXPORTER)
    refused = stable_token(client, BACKEND)
    assert refused["errcode"] == 40164
    assert f"invalid ip {BACKEND} " in refused["errmsg"]
    client.control(ip_whitelist=[EXPORTER, BACKEND])
    assert "access_token" in stable_token(client, BACKEND)


def test_without_a_header_the_address_is_that_of_the_world(client: Client) -> None:
    client.control(ip_whitelist=[BACKEND])
    assert client.stable()["errcode"] == 40164
    client.control(ip_whitelist=[EXPORTER])
    assert "access_token" in client.stable()


def test_it_guards_only_the_apis_that_take_an_appsecret(client: Client, app: SimulatedApp) -> None:
    token = client.token()
    app.ip_whitelist = [BACKEND]
    assert client.info(token)["errcode"] == 0
    assert client.plain()["errcode"] == 40164


@pytest.mark.parametrize(("entries", "status"), [(10, 204), (11, 400)])
def test_it_has_ten_entries_at_most(client: Client, entries: int, status: int) -> None:
    addresses = [f"198.51.100.{number}" for number in range(entries)]
    assert client.control(ip_whitelist=addresses).status_code == status
