"""The fetches of all apps: in parallel, shared between scrapes, and within their time."""
