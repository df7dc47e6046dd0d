"""Thresholds that alerts, dashboards, status pages and docs share.

The pages and the dashboards import them; tests/repository/test_thresholds.py compares the rules and the docs.
"""

LIST_NEARLY_FULL = 0.9
"""Share of the maximum number of domains of a category."""

QUOTA_NEARLY_USED = 0.8
"""Share of an API's daily calls that is used up."""

SCRAPE_SLOW = 0.8
"""Share of the scrape timeout that a scrape takes."""

FIGURES_OLD = 600
"""Seconds since the last scrape, or since the answer that a scrape shows."""

CHANGE_RECENT = 24 * 3600
"""Seconds for which the status page lists a mini program with changes before others."""

MANY_DOWN = 5
"""Minimum number of mini programs that went down together for one common alert."""

MANY_DOWN_SHARE = 0.1
"""Minimum share of the fleet for such an alert."""

MANY_DOWN_IN_ANY_FLEET = 50
"""Number of mini programs that is enough for such an alert, whatever their share of the fleet is."""
