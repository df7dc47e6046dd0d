"""Texts for configuration files."""

from __future__ import annotations

import json
from typing import Any


def as_json(value: Any) -> str:
    """JSON is YAML: the easiest way to a configuration file that holds anything."""
    return json.dumps(value, ensure_ascii=False)
