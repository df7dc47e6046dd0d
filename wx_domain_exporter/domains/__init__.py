"""Lists of domains: normal form, baselines, and what they were. Pure: bytes and HTTP are unknown here."""
