"""Parses YAML into a tree of plain values, and finds duplicate keys."""

import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from wx_domain_exporter import memory
from wx_domain_exporter.config.json_text import json_as_yaml
from wx_domain_exporter.config.yaml_errors import UNPARSABLE, YamlError, character_error, syntax_error
from wx_domain_exporter.errcodes.types import BilingualText

KeyPath = tuple[str | int, ...]
"""The path to a value: keys of mappings and indexes of lists."""

_MERGE = "tag:yaml.org,2002:merge"
_STRING = "tag:yaml.org,2002:str"
_MAX_DEPTH = 100
_MAX_MERGED = 100_000
_TIMESTAMP = "tag:yaml.org,2002:timestamp"


@dataclass(frozen=True, slots=True)
class Tree:
    """The values of a YAML document."""

    root: Any
    duplicates: tuple[KeyPath, ...]
    """Keys that appear twice in one mapping; `root` has the last value."""


class _Loader(yaml.CSafeLoader):
    """PyYAML's safe loader, written in C, which leaves dates as text."""


# `2024-01-01` can be a name or a label.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def one_line(text: str) -> str:
    """Return a text for one line of a message: characters that can't be printed are escaped."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


@memory.garbage_collection_paused()
def read_yaml(content: bytes) -> Tree:
    """Parse one document of YAML or JSON.

    Raises:
        YamlError: the content is not one valid YAML document of plain values.
    """
    pickled, duplicates = _read(json_as_yaml(content))
    # PyYAML's nodes are freed by now. Values that share text with them would keep that memory in use.
    return Tree(pickle.loads(pickled), duplicates)  # noqa: S301 - pickled above, from plain values


def compose(content: bytes) -> yaml.Node | None:
    """Return the nodes of a document that `read_yaml` accepts: they know their lines."""
    loader = _Loader(json_as_yaml(content))
    try:
        return loader.get_single_node()
    finally:
        loader.dispose()


def _read(content: bytes) -> tuple[bytes, tuple[KeyPath, ...]]:
    """Return a document's values, pickled, and the duplicate keys."""
    try:
        _check_depth(content)
        loader = _Loader(content)
        try:
            node = loader.get_single_node()
            duplicates = tuple(path for _, path in sorted(_duplicates(node), key=lambda found: found[0]))
            root = _construct(loader, node)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        raise syntax_error(error, content) from None
    except (yaml.YAMLError, UnicodeError) as error:
        raise character_error(error, content) from None
    return pickle.dumps(root), duplicates


def _construct(loader: _Loader, root: yaml.Node | None) -> object:
    """Return the values of a document."""
    try:
        return None if root is None else loader.construct_document(root)
    # What PyYAML's constructors raise for values such as `!!bool x` or `!!int ""`.
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError):
        node = next(reversed(loader.recursive_objects))  # the nodes under construction
        raise YamlError((node.start_mark.line + 1, UNPARSABLE)) from None


def _check_depth(content: bytes) -> None:
    """Refuse deep nesting, on which libyaml would end the process with a stack overflow."""
    depth = 0
    for event in yaml.parse(content, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _MAX_DEPTH:
            line = event.start_mark.line + 1 if event.start_mark else 1
            raise YamlError((line, BilingualText("is nested too deeply", "嵌套过深")))


def _check_weight(node: yaml.Node, weights: dict[int, int]) -> int:
    """Return how many keys a mapping has after YAML merges, which can multiply a few lines endlessly."""
    known = weights.get(id(node))
    if known is not None:
        return known
    weight = 0
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        merged = value.value if isinstance(value, yaml.SequenceNode) else [value]
        weight += sum(_check_weight(one, weights) for one in merged) if key.tag == _MERGE else 1
    if weight > _MAX_MERGED:
        problem = BilingualText("has too many keys after YAML merges", "YAML 合并后的键过多")
        raise YamlError((node.start_mark.line + 1, problem))
    weights[id(node)] = weight
    return weight


def _duplicates(root: yaml.Node | None) -> Iterator[tuple[int, KeyPath]]:
    """Yield the position and path of each duplicate key; also turn keys such as `1` and `on` into text."""
    done: set[int] = set()
    weights: dict[int, int] = {}
    waiting: list[tuple[yaml.Node | None, KeyPath]] = [(root, ())]
    while waiting:
        node, path = waiting.pop()
        if id(node) in done:
            continue  # an alias of a node that was already visited
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
