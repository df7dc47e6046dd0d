"""The language of what the commands print: that of `--lang`, else that of the locale."""

import os
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Literal

from wx_domain_exporter.errcodes.types import BilingualText

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")


def language_of_locale(environment: Mapping[str, str] = os.environ) -> Language:
    """Return the language of the locale that the environment variables set: English unless it is Chinese."""
    locales = (environment.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return "zh" if next(filter(None, locales), "").lower().startswith("zh") else "en"


def language_of(arguments: Sequence[str]) -> Language:
    """Return the language that a command line asks for, valid or not; else that of the locale."""
    pairs = pairwise((*arguments, ""))
    values = [after if word == "--lang" else word.removeprefix("--lang=") for word, after in pairs]
    return next((language for language in LANGUAGES if language in values), language_of_locale())


def in_language(text: BilingualText, language: Language) -> str:
    """Return a text in one of its languages."""
    return text.zh if language == "zh" else text.en
