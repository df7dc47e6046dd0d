"""Finds mistakes in a command line, and says what was probably meant."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wx_domain_exporter.bilingual_error import BilingualError

_HELP = ("--help", "-h")
_YES_OR_NO = ("yes", "no", "true", "false", "on", "off", "1", "0")
_NO = ("no", "false", "off", "0")
_CONFIGURATIONS = (".yml", ".yaml", ".json")
_DASHES = "-–—"  # text editors make a dash of two hyphens


class UsageError(BilingualError):
    """The command line is not valid; the message says where and what is expected."""


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag.

    Attributes:
        name: its name without the two hyphens.
        default: its default as the docs show it; empty for a switch.
        help: what it does.
        options: arguments for argparse; a flag without any is a switch.
    """

    name: str
    default: str
    help: str
    options: Mapping[str, Any] = field(default_factory=dict)


def checked_arguments(arguments: Sequence[str], flags: Iterable[Flag]) -> list[str]:
    """Return the flags of a command line, each as one text with its value; `--help` alone if it is asked for.

    Raises:
        UsageError: a flag is unknown, or given twice, or its value is missing, not allowed or too much.
    """
    if any(word in _HELP for word in arguments):
        return ["--help"]
    known = {f"--{flag.name}": flag for flag in flags}
    words = list(reversed(arguments))
    given: set[str] = set()
    checked: list[str] = []
    while words:
        word = words.pop()
        name, equals, value = word.partition("=")
        flag = known.get(name)
        if flag is None:
            before = checked[-1] if checked else ""
            if before in known and not known[before].options and word.lower() in _YES_OR_NO:
                raise _needs_no_value(before, word)
            raise _unknown(word, [*known, *_HELP[:1]])
        if name in given and flag.options.get("action") != "append":
            raise UsageError(f"{name} is given twice; allowed: once", f"{name} 重复；只能出现一次")
        given.add(name)
        if flag.options:
            if not equals and words and not words[-1].startswith("--"):
                value = words.pop()
            _check_value(name, value, flag.options)
            checked.append(f"{name}={value}")
        elif equals:
            raise _needs_no_value(name, value)
        else:
            checked.append(name)
    return checked


def _unknown(word: str, names: Sequence[str]) -> UsageError:
    if word.lower().endswith(_CONFIGURATIONS) and not word.startswith(tuple(_DASHES)):
        meant = f"--config.file={word}"
        return UsageError(
            f"{word} is not a flag; did you mean {meant}?", f"{word} 不是参数；是否想用 {meant}？"
        )
    name = word.partition("=")[0] or "''"
    similar = _most_similar(name, names)
    if similar:
        return UsageError(
            f"unknown flag {name}; did you mean {similar}?", f"未知的参数 {name}；是否想用 {similar}？"
        )
    return UsageError(f"unknown flag {name}; see --help", f"未知的参数 {name}；请参见 --help")


def _most_similar(name: str, names: Sequence[str]) -> str:
    """Return the flag that was probably meant, or an empty text."""
    simple = {_simplified(one): one for one in names}
    wanted = _simplified(name)
    if wanted == "v":
        return "--version"
    return next((simple[one] for one in difflib.get_close_matches(wanted, simple, n=1)), "")


def _simplified(name: str) -> str:
    return name.lstrip(_DASHES).lower().replace("-", ".").replace("_", ".")


def _needs_no_value(name: str, value: str) -> UsageError:
    if value.lower() in _NO:
        return UsageError(
            f"{name} takes no value; leave the flag out", f"{name} 不带值；不需要时请去掉该参数"
        )
    return UsageError(f"{name} takes no value; write {name} alone", f"{name} 不带值；请只写 {name}")


def _check_value(name: str, value: str, options: Mapping[str, Any]) -> None:
    choices: Sequence[str] = options.get("choices", ())
    if not value:
        example = f"{name}={choices[0] if choices else options['metavar']}"
        raise UsageError(f"{name} needs a value: {example}", f"{name} 缺少值，应为 {example}")
    if choices and value not in choices:
        raise UsageError(
            f"{name}: {value} is not allowed; allowed: {', '.join(choices)}",
            f"{name}：不支持 {value}；可选：{'、'.join(choices)}",
        )
