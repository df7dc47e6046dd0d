"""The HTTP client: a requests adapter with one deadline and one limit on received bytes for each call."""
