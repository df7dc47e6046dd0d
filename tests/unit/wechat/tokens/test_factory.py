from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from helpers.simulated_client import APPID, COMPONENT, SECRET
from pydantic import TypeAdapter

from wx_domain_exporter.config.schema_tokens import TOKEN_TYPES, NamedSource
from wx_domain_exporter.wechat.tokens.access_token import AccessTokenSource
from wx_domain_exporter.wechat.tokens.authorizer import AuthorizerSource
from wx_domain_exporter.wechat.tokens.cloudbase import CloudBaseSource
from wx_domain_exporter.wechat.tokens.cloudrun import CloudRunSource
from wx_domain_exporter.wechat.tokens.factory import make_source
from wx_domain_exporter.wechat.tokens.stable_token import StableTokenSource
from wx_domain_exporter.wechat.tokens.token_service import TokenServiceSource

if TYPE_CHECKING:
    from helpers.platform_setup import PlatformStage

    from wx_domain_exporter.wechat.tokens.source import TokenSource

SOURCES: list[tuple[type[TokenSource], dict[str, Any]]] = [
    (StableTokenSource, {"type": "stable_token", "appsecret": SECRET}),
    (AccessTokenSource, {"type": "access_token", "access_token": "one"}),
    (TokenServiceSource, {"type": "http", "url": "https://tokens.example.com/{appid}"}),
    (AuthorizerSource, {"type": "authorizer", "platform": "main"}),
    (CloudRunSource, {"type": "cloudrun"}),
    (CloudBaseSource, {"type": "cloudbase"}),
]


@pytest.mark.parametrize(("source", "settings"), SOURCES, ids=lambda value: getattr(value, "__name__", ""))
def test_each_type_of_the_configuration_has_its_source(
    third_party: PlatformStage, source: type[TokenSource], settings: dict[str, Any]
) -> None:
    token = TypeAdapter(NamedSource).validate_python(settings)
    made = make_source(APPID, token, {"main": third_party.platform()})
    assert type(made) is source
    assert made.type_name == settings["type"]
    assert made.component_appid == (COMPONENT if source is AuthorizerSource else None)


def test_all_types_are_covered() -> None:
    assert tuple(settings["type"] for _, settings in SOURCES) == TOKEN_TYPES
