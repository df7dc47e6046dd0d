"""The status pages, `/` and `/apps/APPID`. They show what the last scrapes found, and never call WeChat."""
