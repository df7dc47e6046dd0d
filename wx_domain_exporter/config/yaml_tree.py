"""YAML as a tree of plain values, with the keys that are given twice."""

import pickle
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from wx_domain_exporter.config.json_text import json_as_yaml

KeyPath = tuple[str | int, ...]
"""Where a value stands: keys of mappings and places in lists, from the top."""

_MERGE = "tag:yaml.org,2002:merge"
_STRING = "tag:yaml.org,2002:str"
_MAX_DEPTH = 100
_MAX_MERGED = 100_000
_EXPECTED = re.compile(r"(?:did|could) not find (?:the )?expected ")
"""How the parser's messages begin in which quotes hold signs of YAML, and nothing of the file."""
_SECOND = "but found another document"
_TIMESTAMP = "tag:yaml.org,2002:timestamp"


class YamlError(Exception):
    """A text is no YAML; the message says where and why, and quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A document's plain values."""

    root: Any
    duplicates: tuple[KeyPath, ...]
    """The keys that stand twice in one mapping; the last one's value counts in `root`."""


class _Loader(yaml.CSafeLoader):
    """PyYAML's safe loader, in C, that gives each date as its text."""


# `2024-01-01` as a name or a label is text here.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def one_line(text: str) -> str:
    """Return a text from a file as it fits on one line of a message: what can't be printed is escaped."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def read_yaml(content: bytes) -> Tree:
    """Parse one document of YAML or JSON.

    Raises:
        YamlError: it is none, or holds more than plain values.
    """
    pickled, duplicates = _read(json_as_yaml(content))
    # PyYAML's nodes are gone by now. Values that hold their texts would keep the memory all around.
    return Tree(pickle.loads(pickled), duplicates)  # noqa: S301 - pickled above, from plain values


def _read(content: bytes) -> tuple[bytes, tuple[KeyPath, ...]]:
    """Return a document's plain values, pickled, and the keys that stand twice."""
    try:
        _check_depth(content)
        loader = _Loader(content)
        try:
            node = loader.get_single_node()
            duplicates = tuple(path for _, path in sorted(_duplicates(node), key=lambda found: found[0]))
            root = None if node is None else loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise YamlError(f"{place}{_problem(error)}") from None
    except (yaml.YAMLError, UnicodeError) as error:
        control = "control" in getattr(error, "reason", "")
        what = "a control character" if control else "bytes that are no UTF-8 text"
        raise YamlError(f"is not YAML: it holds {what}") from None
    # What PyYAML's constructors let through for values such as `!!bool x` or `!!int ""`.
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError):
        raise YamlError("is not YAML: a number or a key in it can't be read") from None
    return pickle.dumps(root), duplicates


def _check_depth(content: bytes) -> None:
    """Refuse what libyaml would follow into a stack overflow, which ends the process."""
    depth = 0
    for event in yaml.parse(content, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _MAX_DEPTH:
            raise YamlError("is nested too deeply")


def _problem(error: yaml.MarkedYAMLError) -> str:
    # The name of an alias or a tag would be quoted here; a secret in the wrong place could be one.
    told = error.problem or error.context or "it can't be read"
    if told == _SECOND:
        return "is not YAML: a second document begins; allowed: one"
    return "is not YAML: " + (told if _EXPECTED.match(told) else told.partition("'")[0].strip())


def _check_weight(node: yaml.Node, weights: dict[int, int]) -> int:
    """Return how many pairs a mapping has with all it merges, which a few lines can make astronomical."""
    known = weights.get(id(node))
    if known is not None:
        return known
    weight = 0
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        merged = value.value if isinstance(value, yaml.SequenceNode) else [value]
        weight += sum(_check_weight(one, weights) for one in merged) if key.tag == _MERGE else 1
    if weight > _MAX_MERGED:
        raise YamlError("merges too much")
    weights[id(node)] = weight
    return weight


def _duplicates(root: yaml.Node | None) -> Iterator[tuple[int, KeyPath]]:
    """Yield place and path of the keys given twice; make all keys text on the way, `1` and `on` too."""
    done: set[int] = set()
    weights: dict[int, int] = {}
    waiting: list[tuple[yaml.Node | None, KeyPath]] = [(root, ())]
    while waiting:
        node, path = waiting.pop()
        if id(node) in done:
            continue  # an alias: its anchor was here
        done.add(id(node))
        inner: list[tuple[yaml.Node | None, KeyPath]] = []
        if isinstance(node, yaml.MappingNode):
            _check_weight(node, weights)
            seen: set[str] = set()
            for key, value in node.value:
                here = (*path, str(key.value))
                if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE:
                    key.tag = _STRING
                    if key.value in seen:
                        yield key.start_mark.index, here
                    seen.add(key.value)
                inner.append((value, here))
        elif isinstance(node, yaml.SequenceNode):
            inner = [(value, (*path, index)) for index, value in enumerate(node.value)]
        waiting += reversed(inner)
