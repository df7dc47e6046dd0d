"""The parts of `make bench` that do not measure: statistics, table and configurations."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest
from helpers.configurations import parse
from helpers.repository import REPOSITORY
from requests.utils import DEFAULT_CA_BUNDLE_PATH

sys.path.append(str(REPOSITORY))  # at the end: the package that is tested is the installed one

from benchmarks.figures import Figure, after_the_first, growth, ideal, spread, table
from benchmarks.measuring import Costs, Fleet, cpu_seconds, microseconds_per_app
from benchmarks.wechat_api import WechatApi

API = WechatApi("https://127.0.0.1:1234", Path(DEFAULT_CA_BUNDLE_PATH))


class TestFigures:
    @pytest.mark.parametrize(
        ("measured", "goal", "verdict"), [(1.1, 1.1, "reached"), (1.11, 1.1, "MISSED"), (9, None, "")]
    )
    def test_a_goal_is_reached_up_to_itself(self, measured: float, goal: float | None, verdict: str) -> None:
        assert Figure("a", measured, goal, "×", "").verdict == verdict

    def test_the_first_scrape_does_not_count(self) -> None:
        assert after_the_first([100, 1, 5, 3, 2, 4]) == 3
        assert spread([100, 1, 5, 3, 2, 4], 0) == "1…5"

    def test_a_median_of_few_scrapes_is_refused(self) -> None:
        with pytest.raises(ValueError, match="five scrapes"):
            after_the_first([100, 1, 5, 3, 2])

    def test_the_ideal_is_the_calls_latency_alone(self) -> None:
        assert ideal(1000, 0.05, 128) == pytest.approx(8 * 0.05)
        assert ideal(1024, 0.05, 128) == ideal(1000, 0.05, 128)

    def test_growth_compares_the_end_with_the_begin_but_for_the_very_first(self) -> None:
        assert growth([1, 9, 10, 10, 10, 10, 10, 10, 11, 12]) == 1.2

    def test_a_table_has_a_row_for_each_figure(self) -> None:
        figures = [Figure("wall", 1.234, 1.1, "×", "of 5"), Figure("memory", 99.6, None, "MB", "")]
        assert table(figures).splitlines() == [
            "| work   | goal     | measured | verdict | how  |",
            "| ------ | -------- | -------- | ------- | ---- |",
            "| wall   | ≤ 1.10 × | 1.23 ×   | MISSED  | of 5 |",
            "| memory |          | 100 MB   |         |      |",
        ]


class TestMeasuring:
    @pytest.mark.parametrize("static_tokens", [True, False])
    @pytest.mark.parametrize("exported", [True, False])
    def test_a_fleet_is_what_its_configuration_says(self, *, static_tokens: bool, exported: bool) -> None:
        fleet = Fleet(30, "changing", 40, exported=exported, static_tokens=static_tokens)
        settings = parse(fleet.configuration(API).encode(), Path("config.yml"))
        assert len(settings.apps) == 30
        assert settings.collect.domains is exported
        assert settings.wechat.base_url == "https://127.0.0.1:1234/changing/40"
        assert {app.token.type for app in settings.apps} == {
            "access_token" if static_tokens else "stable_token"
        }

    def test_costs_are_shared_by_the_apps(self) -> None:
        assert microseconds_per_app(Costs(cpu=[0.1, 0.2]), Fleet(1000)) == pytest.approx([100, 200])

    def test_the_processor_time_of_a_process_is_its_own(self) -> None:
        before = time.process_time()
        assert before <= cpu_seconds(os.getpid()) <= time.process_time()
