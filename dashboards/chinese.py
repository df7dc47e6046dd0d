"""Makes the Chinese form of a dashboard from the English one."""

import re
from typing import Any

from dashboards.frame import FLEET, MINI_PROGRAM
from dashboards.texts import CHINESE

_TEXT_KEYS = frozenset(
    {"title", "description", "label", "legendFormat", "noValue", "text", "titleFormat", "textFormat"}
    | {"displayName"}
)
"""The keys whose values Grafana shows, at any depth."""
_OWN_UID = re.compile(rf"\b({FLEET}|{MINI_PROGRAM})\b")
_REASON_OF_NONE = re.compile(r'(?<="reason", ")(none|unknown)(?=")')
"""The words that an expression shows in place of a reason."""
_WORD = re.compile(r"[A-Za-z]{2,}")


def in_chinese(dashboard: dict[str, Any]) -> dict[str, Any]:
    """A dashboard, as its JSON, with Chinese texts and with a uid and links of its own.

    Raises:
        KeyError: A text has no translation.
    """
    return {key: _translated(key, value) for key, value in _with_names(dashboard).items()}


def _translated(key: str, value: object) -> object:
    match value:
        case dict():
            return in_chinese(value)
        case list():
            return [_translated("", item) for item in value]
        case str() if key in _TEXT_KEYS:
            return _text(value)
        case str() if key in {"uid", "url"}:
            return _OWN_UID.sub(r"\1-zh", value)
        case str() if key == "expr":
            return _REASON_OF_NONE.sub(lambda word: CHINESE[word[1]], value)
    return value


def _with_names(item: dict[str, Any]) -> dict[str, Any]:
    """An object in which those names are translated that have the meaning of a text only there."""
    match item:
        case {"expr": str(), "name": str(name)}:  # an annotation
            return item | {"name": _text(name)}
        case {"id": "byName", "options": str(column)}:
            return item | {"options": _text(column)}
        case {"indexByName": dict(columns), "renameByName": dict(headings)}:
            # A column that has no heading shows the name of its label.
            headings = {label: label for label in columns} | headings
            return item | {"renameByName": {label: _text(heading) for label, heading in headings.items()}}
    return item


def _text(text: str) -> str:
    """The translation of a text; one without words, such as `{{reason}}` or `p50`, needs none."""
    has_words = _WORD.search(re.sub(r"\{\{.*?\}\}", "", text))
    return CHINESE[text] if has_words else text
