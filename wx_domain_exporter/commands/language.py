"""The language of what the commands print: that of `--lang`, else that of the locale."""

import os
from collections.abc import Mapping
from typing import Literal

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")


def language_of_locale(environment: Mapping[str, str] = os.environ) -> Language:
    """Return the language of the locale that the environment variables set: English unless it is Chinese."""
    locales = (environment.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return "zh" if next(filter(None, locales), "").lower().startswith("zh") else "en"
