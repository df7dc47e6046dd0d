from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from helpers.configurations import parse
from helpers.json_text import as_json

from wx_domain_exporter.config.errors import ConfigError
from wx_domain_exporter.config.schema_tokens import AccessToken
from wx_domain_exporter.config.settings import AppSettings, Settings
from wx_domain_exporter.domains.baseline import Baseline, Expected

A, B = "wx00000000000000a0", "wx00000000000000b0"
API, WWW = "https://api.example.com", "https://www.example.com"
EXACT = {"requestdomain": {"exact": [API]}}
REQUIRED = {"requestdomain": {"required": [WWW]}}
EXACTLY = {"requestdomain": Expected(frozenset([API]), frozenset())}
REQUIRES = {"requestdomain": Expected(frozenset([WWW]), None)}


def settings(**sections: Any) -> Settings:
    return parse(as_json(sections).encode(), Path("some.yml"))


def app(appid: str = A, **keys: Any) -> dict[str, Any]:
    return {"appid": appid, "token": {"type": "access_token", "access_token": f"canary-{appid}"}, **keys}


def of_app(*, defaults: object = None, baselines: object = None, **keys: Any) -> Baseline:
    """What an app's lists are compared with."""
    (found,) = settings(apps=[app(**keys)], defaults={"baseline": defaults}, baselines=baselines or {}).apps
    return found.baseline


class TestWhatAnAppHas:
    def test_nothing_without_any(self) -> None:
        assert of_app() == {}

    def test_its_own(self) -> None:
        assert of_app(baseline=EXACT) == EXACTLY

    def test_a_named_one(self) -> None:
        assert of_app(baseline="some", baselines={"some": EXACT}) == EXACTLY

    @pytest.mark.parametrize("defaults", [REQUIRED, "some"])
    def test_the_default_one_unless_it_says_otherwise(self, defaults: object) -> None:
        named = {"some": REQUIRED}
        assert of_app(defaults=defaults, baselines=named) == REQUIRES
        assert of_app(defaults=defaults, baselines=named, baseline=None) == REQUIRES
        assert of_app(defaults=defaults, baselines=named, baseline=EXACT) == EXACTLY
        assert of_app(defaults=defaults, baselines=named, baseline={}) == {}

    def test_the_one_that_is_named_after_its_appid_before_all_others(self) -> None:
        given: list[dict[str, Any]] = [{}, {"baseline": REQUIRED}, {"baseline": {}}]
        for keys in given:
            assert of_app(defaults=REQUIRED, baselines={A: EXACT}, **keys) == EXACTLY

    def test_in_an_app_file_as_in_the_configuration(self, tmp_path: Path) -> None:
        (tmp_path / "apps.json").write_text(as_json([app(baseline="some"), app(B)]))
        tree = {"app_files": ["apps.json"], "baselines": {"some": EXACT, B: REQUIRED}}
        found = parse(as_json(tree).encode(), tmp_path / "some.yml").apps
        assert [one.baseline for one in found] == [EXACTLY, REQUIRES]


def platform(**keys: Any) -> dict[str, Any]:
    token = {"type": "access_token", "access_token": "canary-component"}
    return {
        "component_appid": "wx00000000000000c0",
        "component_access_token": token,
        "discover": True,
        **keys,
    }


class TestWhatADiscoveredAppHas:
    @pytest.mark.parametrize(
        ("keys", "expected"), [({}, REQUIRES), ({"baseline": "some"}, EXACTLY), ({"baseline": {}}, {})]
    )
    def test_the_platforms_or_the_default_one(self, keys: Any, expected: Baseline) -> None:
        (found,) = settings(
            platforms={"main": platform(**keys)}, baselines={"some": EXACT}, defaults={"baseline": REQUIRED}
        ).platforms
        assert found.baseline == expected

    def test_the_one_that_is_named_after_its_appid_before_it(self) -> None:
        found = settings(platforms={"main": platform()}, baselines={A: EXACT})
        token = AccessToken.model_validate({"type": "access_token", "access_token": "canary"})
        discovered = [AppSettings(appid, appid, {}, token, REQUIRES) for appid in (A, B)]
        assert [found.complete(one).baseline for one in discovered] == [EXACTLY, REQUIRES]


def test_domains_are_compared_in_normal_form() -> None:
    baseline = {
        "requestdomain": {"required": [" HTTPS://API.example.com/ "], "allowed": ["https://*.EXAMPLE.com/"]}
    }
    assert of_app(baseline=baseline) == {
        "requestdomain": Expected(frozenset([API]), frozenset(["https://*.example.com"]))
    }


@pytest.mark.parametrize(
    ("action", "covered", "left_out"),
    [
        ("getserverdomain", ["requestdomain", "tcpdomain"], "bizdomain"),
        ("getbizdomain", ["bizdomain"], "tcpdomain"),
        (None, ["requestdomain", "bizdomain", "tcpdomain"], None),
    ],
)
def test_a_baseline_covers_what_the_action_covers(
    action: str | None, covered: list[str], left_out: str | None
) -> None:
    wechat, expected = {"action": action}, {"exact": list[str]()}
    good = settings(wechat=wechat, apps=[app(baseline=dict.fromkeys(covered, expected))])
    assert list(good.apps[0].baseline) == covered
    if left_out is not None:
        with pytest.raises(ConfigError) as caught:
            settings(wechat=wechat, apps=[app(baseline={left_out: expected})])
        (error,) = caught.value.errors
        assert error == (
            f"some.yml:1: apps.baseline.{left_out} ({A}): is not covered by wechat.action {action}; "
            "allowed: categories that it covers"
        )


def test_an_app_file_names_the_baselines_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "apps.json").write_text(as_json([app(baseline="other")]))
    tree = {"app_files": ["apps.json"], "baselines": {"some": EXACT}}
    with pytest.raises(ConfigError) as caught:
        parse(as_json(tree).encode(), tmp_path / "some.yml")
    (error,) = caught.value.errors
    assert error.endswith(
        f"apps.json:1: baseline ({A}): is not the name of a baseline; allowed: a name under baselines (some)"
    )
