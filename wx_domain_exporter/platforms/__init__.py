"""Third-party platforms: the configured ones, and the discovery of their mini programs."""
