"""The file of `--web.config.file`: its models and checks, and how it is read again when it changes."""
