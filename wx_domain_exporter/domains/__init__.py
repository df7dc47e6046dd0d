"""Lists of domains: normal form, baselines and changes. Pure functions and values, without I/O."""
