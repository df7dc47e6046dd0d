"""Exposes the results of a scrape as metric families, and as text in Prometheus' exposition formats."""
