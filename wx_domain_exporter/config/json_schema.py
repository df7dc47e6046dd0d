"""JSON Schemas of the configuration and of app files, for editors and for checks without the exporter."""

import json
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from wx_domain_exporter.config.durations import in_units
from wx_domain_exporter.config.schema import App, Config
from wx_domain_exporter.config.schema_fields import DURATION_SCHEMA


def config_schema() -> str:
    """Return the JSON Schema of a configuration file, as text."""
    return _text(Config, "The configuration of wx_domain_exporter.")


def app_file_schema() -> str:
    """Return the JSON Schema of an app file, which is a list of apps, as text."""
    return _text(list[App], "An app file of wx_domain_exporter: a list of mini programs.")


def _text(kind: type[BaseModel] | type[list[App]], description: str) -> str:
    schema = _tidied(TypeAdapter(kind).json_schema())
    schema = {"$schema": GenerateJsonSchema.schema_dialect, **schema, "description": description}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _tidied(node: Any) -> Any:  # noqa: ANN401 - any part of a JSON document
    """Return a part of a schema without titles, which repeat names, and with defaults as a file has them."""
    if isinstance(node, list):
        return [_tidied(item) for item in node]
    if not isinstance(node, dict):
        return node
    tidied = {key: _tidied(value) for key, value in node.items() if not _is_title(key, value)}
    default = tidied.get("default")
    if isinstance(default, dict):  # of a section; its keys have their own
        del tidied["default"]
    elif isinstance(default, float) and tidied.get("anyOf") == DURATION_SCHEMA["anyOf"]:
        tidied["default"] = in_units(default)
    if "patternProperties" in tidied:
        tidied.setdefault("additionalProperties", False)
    return tidied


def _is_title(key: str, value: object) -> bool:
    return key == "title" and isinstance(value, str)
