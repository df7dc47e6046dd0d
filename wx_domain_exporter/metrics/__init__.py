"""The tables of all metrics, and the exporter's own metrics."""
