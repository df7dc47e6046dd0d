"""Texts for configuration files."""

from __future__ import annotations

import json
from typing import Any


def as_json(value: Any) -> str:
    """A value as JSON, which is also YAML, for configuration files."""
    return json.dumps(value, ensure_ascii=False)
