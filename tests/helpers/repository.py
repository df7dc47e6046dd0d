"""The working folder of the repository, and which of its contents git does not keep."""

from __future__ import annotations

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent
NOT_CLONED = (
    *(".git", ".venv", ".programs", "dist", "my.yml", "compose.override.yaml"),
    *("__pycache__", ".*_cache", ".hypothesis", ".coverage*"),
)
"""Name patterns of what a clone does not have: what .gitignore lists, and the folder .git itself."""
