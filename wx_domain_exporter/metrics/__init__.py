"""What is exported, as tables; and the exporter's own counters."""
