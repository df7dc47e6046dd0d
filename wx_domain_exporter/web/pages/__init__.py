"""The status pages, `/` and `/apps/APPID`: what is known, for a person. They never call WeChat."""
