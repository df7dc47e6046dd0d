"""Make `python -m wx_domain_exporter` the same program as `wx-domain-exporter`."""

from wx_domain_exporter.cli import main

main()
