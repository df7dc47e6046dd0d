"""Fetches the apps of all scrapes: in parallel, once for scrapes that overlap, and within their deadlines."""
