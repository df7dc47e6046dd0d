"""The web configuration (`--web.config.file`): models, checks, and reading it again after changes."""
