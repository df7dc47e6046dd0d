"""Parses and validates files against the schema; each error has its place in the file."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from wx_domain_exporter.config.errors import MAX_ERRORS, ConfigError, Errors, shown
from wx_domain_exporter.config.schema import App, AppFile, Config
from wx_domain_exporter.config.yaml_tree import KeyPath, Tree, YamlError, read_yaml
from wx_domain_exporter.regular_file import NUL_IN_PATH, read_file

_MAX_CONFIG_BYTES = 64 << 20
_CHUNK = 1000
_SECTIONS_OF_PARTS = frozenset({"apps", "tokens", "platforms", "baselines"})
"""Sections of which only the invalid entries are left out of further checks, not the whole section."""


def read_config_file(path: Path, read: Callable[[str, int], bytes] = read_file) -> bytes:
    """Return the bytes of a configuration file or of an app file.

    Args:
        path: the file.
        read: takes a path and a size limit; `WatchedFiles.read` also watches the file for changes.

    Raises:
        ConfigError: the file can't be read, or is too large.
    """
    try:
        content = read(str(path), _MAX_CONFIG_BYTES)
    except OSError as error:
        raise ConfigError([f"{shown(path)}: can't be read: {error.strerror}"]) from None
    except ValueError:
        raise ConfigError([f"{shown(path)}: can't be read: {NUL_IN_PATH}"]) from None
    if len(content) > _MAX_CONFIG_BYTES:
        raise ConfigError([f"{shown(path)}: has more than {_MAX_CONFIG_BYTES} bytes"])
    return content


def read_tree(content: bytes, path: Path) -> Tree:
    """Parse YAML.

    Raises:
        ConfigError: the content is not valid YAML.
    """
    try:
        return read_yaml(content)
    except YamlError as error:
        raise ConfigError([f"{shown(path)}: {error}"]) from None


def validate_config(root: object, folder: str) -> tuple[Config, list[int], Errors]:
    """Return the valid part of a tree, the original indexes of its apps, and the errors.

    The valid part is checked further, so that one run reports errors of every kind.
    """
    context = {"folder": folder}
    apps: dict[int, App] = {}
    of_apps: Errors = []
    if isinstance(root, dict) and isinstance(root.get("apps"), list):
        apps, of_apps = _valid_apps(root["apps"], context)
        of_apps = [(("apps", *where), what) for where, what in of_apps]
        root = {**root, "apps": []}
    try:
        config = Config.model_validate({} if root is None else root, context=context)
        return config.model_copy(update={"apps": tuple(apps.values())}), list(apps), of_apps
    except ValidationError as error:
        found = [*errors_of(error, root), *of_apps]
    if not isinstance(root, dict):
        return Config(), [], found
    wrong = {
        where[0] for where, _ in found if where and (len(where) == 1 or where[0] not in _SECTIONS_OF_PARTS)
    }
    rest = {key: value for key, value in root.items() if key not in wrong}
    parts = {where[:2] for where, _ in found}
    for section in _SECTIONS_OF_PARTS - {"apps"}:
        if isinstance(rest.get(section), dict):
            rest[section] = {name: one for name, one in rest[section].items() if (section, name) not in parts}
    config = Config.model_validate(rest, context=context)
    return config.model_copy(update={"apps": tuple(apps.values())}), list(apps), found


def validate_app_file(root: object, folder: str) -> tuple[dict[int, App], Errors]:
    """Return the valid apps of an app file by index, and the errors of the others."""
    if root is None:  # the file may still be being written
        return {}, [((), "is empty; allowed: a list of mini programs, or [] for none")]
    if isinstance(root, dict) and isinstance(root.get("apps"), list):
        return {}, [(("apps",), "is not a key of an app file; allowed: the list itself, without a key")]
    if not isinstance(root, list):
        return {}, [((), "is not a list of apps; allowed: a list of mini programs, each with its appid")]
    return _valid_apps(root, {"folder": folder})


def _valid_apps(entries: Sequence[object], context: Mapping[str, object]) -> tuple[dict[int, App], Errors]:
    """Return the valid apps of a list by index, and the errors of the others; stop after too many errors."""
    apps: dict[int, App] = {}
    found: Errors = []
    for begin in range(0, len(entries), _CHUNK):
        chunk = dict(enumerate(entries[begin : begin + _CHUNK], start=begin))
        try:
            valid = AppFile.model_validate({"apps": list(chunk.values())}, context=context).apps
        except ValidationError as error:
            of_chunk = [(where[1:], what) for where, what in errors_of(error, {"apps": list(chunk.values())})]
            found += [((begin + int(index), *rest), what) for (index, *rest), what in of_chunk]
            if len(found) > MAX_ERRORS:
                return apps, found
            for index in {where[0] for where, _ in found if where[0] in chunk}:
                del chunk[int(index)]
            valid = AppFile.model_validate({"apps": list(chunk.values())}, context=context).apps
        apps |= zip(chunk, valid, strict=True)
    return apps, found


def errors_of(error: ValidationError, root: object) -> Errors:
    """Return the errors that pydantic found, with our messages."""
    return [(_real_path(one["loc"], root), _sentence(one)) for one in error.errors(include_url=False)]


def _real_path(location: tuple[str | int, ...], root: object) -> KeyPath:
    """Remove what pydantic adds to a path: the tags of unions, and `[key]`. The last key may be missing."""
    path: list[str | int] = []
    node: Any = root
    for place, part in enumerate(location, start=1):
        in_list = isinstance(node, list) and isinstance(part, int)
        if in_list or (isinstance(node, dict) and part in node):
            node = node[part]
        elif part == "[key]" or place < len(location) or not isinstance(node, dict):
            continue
        path.append(part)
    return tuple(path)


_SENTENCES = {
    "missing": "is missing; this key is required",
    "bool_type": "has the wrong type; allowed: true or false",
    "string_type": "has the wrong type; allowed: a string (put it in quotes)",
    "int_type": "has the wrong type; allowed: a whole number",
    "mapping_type": "has the wrong type; allowed: a mapping",
    "dict_type": "has the wrong type; allowed: a mapping",
    "tuple_type": "has the wrong type; allowed: a list",
}


def _sentence(error: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails
    kind: str = error["type"]
    if kind == "literal_error":
        return f"has an unknown value; allowed: {error['ctx']['expected']}"
    return _SENTENCES.get(kind) or str(error["msg"])
