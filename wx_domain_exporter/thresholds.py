"""From which number on something needs attention: the same for alerts, dashboards, status pages and docs.

The pages and the dashboards take the numbers from here. The rules are a plain file and the docs are prose:
tests/repository/test_thresholds.py compares them with this module.
"""

LIST_NEARLY_FULL = 0.9
"""Share of WeChat's maximum number of domains that a category has."""

QUOTA_NEARLY_USED = 0.8
"""Share of the day's calls of an API that is used up."""

SCRAPE_SLOW = 0.8
"""Share of the scrape timeout that a scrape takes."""

FIGURES_OLD = 600
"""Seconds since the last scrape, or since the answer that a scrape shows."""

CHANGE_RECENT = 24 * 3600
"""Seconds for which the status page puts a mini program whose lists changed before the others."""

MANY_DOWN = 5
"""Mini programs that went down together and share one alert, if they are enough of the fleet as well."""

MANY_DOWN_SHARE = 0.1
"""Share of the fleet that `MANY_DOWN` mini programs have to be."""

MANY_DOWN_IN_ANY_FLEET = 50
"""Mini programs that went down together and share one alert, whatever part of the fleet they are."""
