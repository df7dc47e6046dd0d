from __future__ import annotations

from typing import Any

import pytest

from wx_domain_exporter.wechat.errors import DecodeError
from wx_domain_exporter.wechat.quota import ApiRateLimit, Quota, read_quota

FIGURES = {"daily_limit": 1000, "used": 10, "remain": 990}


def answer(**changes: Any) -> dict[str, Any]:
    return {"errcode": 0, "errmsg": "ok", "quota": {**FIGURES, **changes}, "rate_limit": {"call_count": "x"}}


@pytest.mark.parametrize(
    ("figures", "quota"),
    [
        ({}, Quota(1000, 10, 990)),
        ({"daily_limit": 1000.0, "used": "10.0", "remain": "990"}, Quota(1000, 10, 990)),
        ({"daily_limit": "1000", "used": "10", "remain": "990"}, Quota(1000, 10, 990)),
        ({"daily_limit": 0, "used": 0, "remain": "0"}, Quota(0, 0, 0)),
        ({"daily_limit": 10**15}, Quota(10**15, 10, 990)),
    ],
    ids=["numbers", "floats", "strings", "zero", "the most"],
)
def test_numbers_may_be_floats_or_strings(figures: dict[str, Any], quota: Quota) -> None:
    assert read_quota(answer(**figures)) == quota


@pytest.mark.parametrize("key", FIGURES)
@pytest.mark.parametrize(
    "value", [None, -1, "-1", "", "many", "1e3", 1.5, True, [], {}, 10**15 + 1, "9" * 5000]
)
def test_anything_else_is_malformed(key: str, value: Any) -> None:
    with pytest.raises(DecodeError, match=rf"^quota\.{key} is not a number of calls$"):
        read_quota(answer(**{key: value}))


@pytest.mark.parametrize("quota", [None, [], "1000", 1000])
def test_an_answer_without_the_object_is_malformed(quota: Any) -> None:
    with pytest.raises(DecodeError, match=r"^quota is not an object$"):
        read_quota({"errcode": 0, "quota": quota})


def test_an_object_without_a_number_is_malformed() -> None:
    with pytest.raises(DecodeError):
        read_quota({"errcode": 0, "quota": {"daily_limit": 1, "used": 1}})


def test_rate_limits_are_read_if_there_are_any() -> None:
    rates = {
        "rate_limit": {"call_count": 5000, "refresh_second": "60"},
        "component_rate_limit": {"call_count": "0", "refresh_second": 3600},
    }
    quota = read_quota({**answer(), **rates})
    assert quota == Quota(1000, 10, 990, ApiRateLimit(5000, 60), ApiRateLimit(0, 3600))


@pytest.mark.parametrize(
    "rate",
    [
        *(None, [], "5000", 60, {}),
        *({"call_count": 5000}, {"refresh_second": 60}),
        *({"call_count": -1, "refresh_second": 60}, {"call_count": 5000, "refresh_second": 0}),
        *({"call_count": 1.5, "refresh_second": 60}, {"call_count": 5000, "refresh_second": True}),
    ],
    ids=repr,
)
def test_a_malformed_rate_limit_is_ignored(rate: Any) -> None:
    assert read_quota({**answer(), "rate_limit": rate, "component_rate_limit": rate}) == Quota(1000, 10, 990)
