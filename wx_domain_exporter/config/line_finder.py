"""Finds the line of a value in a YAML document, for error messages."""

import yaml

from wx_domain_exporter.config.yaml_tree import KeyPath, compose


class LineFinder:
    """Finds lines in a document that `read_yaml` accepts. The document is parsed once more for it."""

    def __init__(self, content: bytes) -> None:
        """Parse the document."""
        self._root = compose(content)
        self._entries: dict[int, dict[str, tuple[int, yaml.Node]]] = {}

    def line(self, path: KeyPath) -> int:
        """Return the line of a path's last key, counted from 1; of a duplicate key the last one.

        If that key does not exist, it is the line of the last key of the path that does.
        """
        node, line = self._root, 0 if self._root is None else self._root.start_mark.line
        for part in path:
            found = self._child(node, part)
            if found is None:
                break
            line, node = found
        return int(line) + 1

    def _child(self, node: yaml.Node | None, part: str | int) -> tuple[int, yaml.Node] | None:
        if isinstance(node, yaml.MappingNode):
            return self._entries_of(node).get(str(part))
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            child = node.value[part]
            return child.start_mark.line, child
        return None

    def _entries_of(self, node: yaml.MappingNode) -> dict[str, tuple[int, yaml.Node]]:
        """Return the line of each key and its value, including merged ones."""
        entries = self._entries.get(id(node))
        if entries is None:
            yaml.constructor.SafeConstructor().flatten_mapping(node)
            entries = {str(key.value): (key.start_mark.line, value) for key, value in node.value}
            self._entries[id(node)] = entries
        return entries
