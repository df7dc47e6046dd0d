"""Files that the connections are made from are read again when they change, and by a reload."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from helpers.fleets import SmallFleet, appid, token_service_source
from helpers.ports import free_port
from helpers.proxy import Proxy
from helpers.services import running_service, scrape, token_requests, up
from helpers.tls import server_context
from structlog.testing import capture_logs
from trustme import CA

from wx_domain_exporter.simulator.server import SimulatorServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from wx_domain_exporter.service import Service

A, B = appid(0), appid(1)
NEW, OLD = CA(), CA()


@pytest.fixture
def ca_file(tmp_path: Path) -> Path:
    """Holds an authority that did not sign the server's certificate."""
    file = tmp_path / "ca.pem"
    file.write_bytes(OLD.cert_pem.bytes())
    return file


@pytest.fixture
def https_url(fleet: SmallFleet) -> Iterator[str]:
    """The API of the fleet with TLS, also its token service."""
    context = server_context(NEW.issue_cert("localhost", "127.0.0.1"))
    with SimulatorServer(fleet.world, ssl_context=context) as server:
        yield server.url


@contextlib.contextmanager
def of_wechat(fleet: SmallFleet, ca_file: Path, https_url: str) -> Iterator[Path]:
    fleet.configure(wechat={"base_url": https_url, "ca_file": str(ca_file)})
    yield ca_file


@contextlib.contextmanager
def of_a_token_service(fleet: SmallFleet, ca_file: Path, https_url: str) -> Iterator[Path]:
    source = token_service_source(https_url, ca_file=str(ca_file))
    fleet.configure(apps=[{"appid": A, "token": source}, {"appid": B, "token": source}])
    yield ca_file


@contextlib.contextmanager
def of_the_proxy(fleet: SmallFleet, ca_file: Path, https_url: str) -> Iterator[Path]:  # noqa: ARG001
    file = ca_file.with_name("proxy")
    file.write_text(f"http://127.0.0.1:{free_port()}")
    fleet.configure(wechat={"proxy_url": {"file": str(file)}})
    yield file


KINDS = pytest.mark.parametrize("kind", [of_wechat, of_a_token_service, of_the_proxy])


def changed_files(service: Service) -> list[Any]:
    """Check the files; return the log."""
    with capture_logs() as logs:
        service.reload_app_files()
    return logs


@pytest.fixture
def good() -> Iterator[dict[str, bytes]]:
    """The content that works, by the name of the file."""
    with Proxy() as proxy:
        yield {"ca.pem": NEW.cert_pem.bytes() + OLD.cert_pem.bytes(), "proxy": proxy.url.encode()}


@KINDS
@pytest.mark.parametrize("by_reload", [True, False])
def test_new_content_is_used(
    fleet: SmallFleet,
    ca_file: Path,
    https_url: str,
    good: dict[str, bytes],
    kind: Callable[..., Any],
    *,
    by_reload: bool,
) -> None:
    with kind(fleet, ca_file, https_url) as file, running_service(fleet.path) as service:
        assert up(scrape(service)) == {A: 0, B: 0}
        file.write_bytes(good[file.name])
        if by_reload:
            assert service.reload()
        else:
            (log,) = changed_files(service)
            assert log["event"] == "certificate authorities or the proxy changed: new connections are used"
        assert up(scrape(service)) == {A: 1, B: 1}
        client = service.fleet.client
        assert changed_files(service) == []
        assert service.reload()
        assert service.fleet.client is client


@KINDS
def test_broken_content_changes_nothing(
    fleet: SmallFleet, ca_file: Path, https_url: str, good: dict[str, bytes], kind: Callable[..., Any]
) -> None:
    with kind(fleet, ca_file, https_url) as file:
        file.write_bytes(good[file.name])
        with running_service(fleet.path) as service:
            assert up(scrape(service)) == {A: 1, B: 1}
            file.write_bytes(b"")
            (log,) = changed_files(service)
            assert log["event"] == "file broken; the connections keep its last valid content"
            assert str(file) in log["error"]
            assert changed_files(service) == []
            assert up(scrape(service)) == {A: 1, B: 1}
            file.write_bytes(good[file.name])
            assert len(changed_files(service)) == 1
            assert up(scrape(service)) == {A: 1, B: 1}


def test_tokens_are_kept(fleet: SmallFleet, ca_file: Path, https_url: str) -> None:
    ca_file.write_bytes(NEW.cert_pem.bytes())
    with of_wechat(fleet, ca_file, https_url), running_service(fleet.path) as service:
        scrape(service)
        ca_file.write_bytes(NEW.cert_pem.bytes() + OLD.cert_pem.bytes())
        changed_files(service)
        assert up(scrape(service)) == {A: 1, B: 1}
    assert token_requests(fleet) == 2
