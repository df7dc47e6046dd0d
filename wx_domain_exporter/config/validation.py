"""Parses and validates files against the schema; each error has its place in the file."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from wx_domain_exporter.config.errors import MAX_ERRORS, ConfigError, Errors, cannot_be_read, shown
from wx_domain_exporter.config.schema import App, AppFile, Config
from wx_domain_exporter.config.typing_mistakes import mistake_in
from wx_domain_exporter.config.yaml_tree import KeyPath
from wx_domain_exporter.errcodes.types import BilingualText
from wx_domain_exporter.regular_file import read_file

_MAX_CONFIG_BYTES = 64 << 20
_CHUNK = 1000
_SECTIONS_OF_PARTS = frozenset({"apps", "tokens", "platforms", "baselines"})
"""Sections of which only the invalid entries are left out of further checks, not the whole section."""
_EMPTY = BilingualText(
    "is empty; allowed: a list of mini programs, or [] for none", "内容为空；应为小程序列表，没有时写 []"
)
_LIST_UNDER_A_KEY = BilingualText(
    "is not a key of an app file; allowed: the list itself, without a key",
    "小程序文件中不能有这个键；请直接写列表",
)
_NOT_A_LIST = BilingualText(
    "is not a list of apps; allowed: a list of mini programs, each with its appid",
    "不是小程序列表；应为小程序的列表，每项有 appid",
)


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
    except (OSError, ValueError) as error:
        raise ConfigError([cannot_be_read(path, error)]) from None
    if len(content) > _MAX_CONFIG_BYTES:
        raise ConfigError([too_large(path, _MAX_CONFIG_BYTES)])
    return content


def too_large(path: Path, limit: int) -> BilingualText:
    """Return the message for a file with more bytes than the limit."""
    return BilingualText(f"{shown(path)}: has more than {limit} bytes", f"{shown(path)}: 超过 {limit} 字节")


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
        return {}, [((), _EMPTY)]
    if isinstance(root, dict) and isinstance(root.get("apps"), list):
        return {}, [(("apps",), _LIST_UNDER_A_KEY)]
    if not isinstance(root, list):
        return {}, [((), mistake_in(root) or _NOT_A_LIST)]
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
    return [_located(one, root) for one in error.errors(include_url=False)]


def _located(error: Any, root: object) -> tuple[KeyPath, BilingualText]:  # noqa: ANN401 - pydantic's ErrorDetails
    """Return the place and the message of an error. If there is a mistake of typing, the message names it.

    Pydantic adds to a path the tags of unions, and `[key]`; these are removed. The last key may be missing.
    """
    path: list[str | int] = []
    node: Any = root
    location, key = error["loc"], ""
    for place, part in enumerate(location, start=1):
        in_list = isinstance(node, list) and isinstance(part, int)
        if in_list or (isinstance(node, dict) and part in node):
            node, key = node[part], part
        elif part == "[key]" or place < len(location) or not isinstance(node, dict):
            continue
        path.append(part)
    message = _message(error)
    if error["type"] in {"missing", "explained"}:
        return tuple(path), message
    return tuple(path), mistake_in(key) or mistake_in(node) or message


_MESSAGES = {
    "missing": BilingualText("is missing; this key is required", "缺少这个必需的键"),
    "bool_type": BilingualText("has the wrong type; allowed: true or false", "类型有误；应为 true 或 false"),
    "string_type": BilingualText(
        "has the wrong type; allowed: a string (put it in quotes)", "类型有误；应为字符串（请加引号）"
    ),
    "int_type": BilingualText("has the wrong type; allowed: a whole number", "类型有误；应为整数"),
    "mapping_type": BilingualText("has the wrong type; allowed: a mapping", "类型有误；应为键值映射"),
    "dict_type": BilingualText("has the wrong type; allowed: a mapping", "类型有误；应为键值映射"),
    "tuple_type": BilingualText("has the wrong type; allowed: a list", "类型有误；应为列表"),
}


def _message(error: Any) -> BilingualText:  # noqa: ANN401 - pydantic's ErrorDetails
    kind: str = error["type"]
    if kind in {"wrong", "explained"}:
        return BilingualText(error["ctx"]["message"], error["ctx"]["zh"])
    if kind == "literal_error":
        expected: str = error["ctx"]["expected"]
        zh = expected.replace(" or ", " 或 ")
        return BilingualText(f"has an unknown value; allowed: {expected}", f"取值有误；应为 {zh}")
    return _MESSAGES.get(kind) or BilingualText(str(error["msg"]), str(error["msg"]))
