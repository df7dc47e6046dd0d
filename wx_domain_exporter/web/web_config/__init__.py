"""The file of `--web.config.file`: what it may hold, and how it is read again and again."""
