"""Checks of every request before an endpoint answers it: users, headers, rate limit, sizes."""
