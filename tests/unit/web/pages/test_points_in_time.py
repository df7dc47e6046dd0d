from __future__ import annotations

import pytest

from wx_domain_exporter.errcodes.types import BilingualText
from wx_domain_exporter.web.pages.points_in_time import optional_point_in_time, point_in_time, quota_day_left

NOW = 1_750_000_000.0


@pytest.mark.parametrize(
    ("seconds", "en", "zh"),
    [
        (-30, "0 s ago", "0 秒前"),
        (0.9, "0 s ago", "0 秒前"),
        (59.9, "59 s ago", "59 秒前"),
        (60, "1 min ago", "1 分钟前"),
        (3599, "59 min ago", "59 分钟前"),
        (3600, "1 h ago", "1 小时前"),
        (47 * 3600, "47 h ago", "47 小时前"),
        (48 * 3600, "2 days ago", "2 天前"),
    ],
)
def test_how_long_ago(seconds: float, en: str, zh: str) -> None:
    assert point_in_time(NOW - seconds, NOW).ago == BilingualText(en, zh)


def test_the_time_itself_is_in_utc_and_in_chinese_in_beijing_time() -> None:
    time = point_in_time(NOW, NOW)
    assert time.machine == "2025-06-15T15:06:40Z"
    assert time.absolute == BilingualText("2025-06-15 15:06:40 UTC", "北京时间 2025-06-15 23:06:40")


@pytest.mark.parametrize(("seconds", "en"), [(0, "53 min"), (3199, "1 s"), (3200, "24 h"), (-60, "54 min")])
def test_quotas_begin_anew_at_midnight_in_beijing(seconds: float, en: str) -> None:
    assert quota_day_left(NOW + seconds).en == en


def test_none_stays_none() -> None:
    assert optional_point_in_time(None, NOW) is None
    assert optional_point_in_time(NOW, NOW) == point_in_time(NOW, NOW)
