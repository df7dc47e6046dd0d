"""The command line's flags, and a module for each command: what `cli.run` runs."""
