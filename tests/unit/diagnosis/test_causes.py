from __future__ import annotations

import pytest
from helpers.page_setup import NO_PERMISSION, NOT_LISTED, SLOW

from wx_domain_exporter.diagnosis.causes import Cause, cause_of, is_cause
from wx_domain_exporter.wechat.errors import (
    FetchError,
    NoSecretError,
    NotAuthorizedError,
    NotDiscoveredError,
    QuotaError,
    TokenError,
)

CAUSES = [
    (NO_PERMISSION, "getwxadevinfo 61007"),
    (NOT_LISTED, "stable_token 40164"),
    (QuotaError("getwxadevinfo", 45009, ""), "getwxadevinfo 45009"),
    (SLOW, "timeout"),
    (TokenError("no token", cause=SLOW), "token timeout"),
    (NoSecretError("no file"), "token secret"),
    (TokenError("no token", cause=NoSecretError("no file")), "token secret"),
    (NotAuthorizedError("not authorized"), "token authorization"),
    (NotDiscoveredError("not discovered"), "token discovery"),
    (TokenError("no token"), "token"),
]


@pytest.mark.parametrize(("error", "code"), CAUSES)
def test_every_cause_has_a_code_by_which_the_list_is_filtered(error: FetchError, code: str) -> None:
    cause = cause_of(error)
    assert cause.code == code
    assert is_cause(code)
    assert cause.has(code)
    assert cause.has(error.reason)
    assert not cause.has("")
    assert not cause.has("http")


def test_an_errcode_selects_the_causes_with_it() -> None:
    assert cause_of(NOT_LISTED).has("40164")
    assert not cause_of(NOT_LISTED).has("4016")
    assert not cause_of(TokenError("no token", cause=SLOW)).has("timeout")


def test_the_same_cause_is_the_same_object() -> None:
    assert cause_of(NOT_LISTED) is cause_of(NOT_LISTED)
    assert isinstance(cause_of(NOT_LISTED), Cause)
