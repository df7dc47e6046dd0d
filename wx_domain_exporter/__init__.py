"""Prometheus exporter for the domain configuration of WeChat mini programs (微信小程序)."""

__version__ = "0.1.0"
