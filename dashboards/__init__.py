"""The source of the Grafana dashboards; `make dashboards` writes the JSON beside it."""
