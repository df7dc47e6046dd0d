"""YAML as a tree of plain values, with the keys that are given twice."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

KeyPath = tuple[str | int, ...]
"""Where a value stands: keys of mappings and places in lists, from the top."""

_MERGE = "tag:yaml.org,2002:merge"
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
    """PyYAML's safe loader, in C, that notes keys given twice and gives each date as its text."""

    def __init__(self, stream: bytes) -> None:
        super().__init__(stream)
        self.repeated: set[int] = set()

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE:
                if key.value in seen:
                    self.repeated.add(id(key))
                seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


# `2024-01-01` as a name or a label is text here.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def read_yaml(content: bytes) -> Tree:
    """Parse one YAML document.

    Raises:
        YamlError: it is none, or holds more than plain values.
    """
    try:
        loader = _Loader(content)
        try:
            node = loader.get_single_node()
            root = None if node is None else loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise YamlError(f"{place}is not YAML: {_problem(error)}") from None
    except (yaml.YAMLError, UnicodeError):
        raise YamlError("is not YAML: it holds bytes that are no UTF-8 text") from None
    except RecursionError:
        raise YamlError("is nested too deeply") from None
    except (ValueError, TypeError):
        raise YamlError("is not YAML: a number or a key in it can't be read") from None
    return Tree(root, tuple(_paths(node, loader.repeated)) if node and loader.repeated else ())


def _problem(error: yaml.MarkedYAMLError) -> str:
    # The name of an alias or a tag would be quoted here; a secret in the wrong place could be one.
    return (error.problem or error.context or "it can't be read").partition("'")[0].strip()


def _paths(node: yaml.Node, wanted: set[int], path: KeyPath = ()) -> Iterator[KeyPath]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*path, str(key.value))
            if id(key) in wanted:
                yield here
            yield from _paths(value, wanted, here)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _paths(value, wanted, (*path, index))
