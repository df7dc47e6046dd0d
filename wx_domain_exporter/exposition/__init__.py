"""The results of a scrape as Prometheus' metric families, and their text."""
