"""What the exporter costs: `make bench`."""
