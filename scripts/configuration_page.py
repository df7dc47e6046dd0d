"""Generates the page of all configuration keys, from the schema that validates them."""

from collections.abc import Iterable, Iterator, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from markdown import code, table
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from wx_domain_exporter.config.durations import in_units
from wx_domain_exporter.config.schema import App, Collect, Config, Defaults, Scrape, Wechat
from wx_domain_exporter.config.schema_baselines import CategoryBaseline
from wx_domain_exporter.config.schema_fields import RESERVED_LABELS, Within, Words
from wx_domain_exporter.config.schema_tokens import PlatformConfig, TokenConfig
from wx_domain_exporter.domains.domain_list import DEFAULT_LIMITS

_NAMES = {bool: "true, false", int: "whole number", str: "text"}
_SOURCES: tuple[type[BaseModel], ...] = get_args(TokenConfig)


def words_of(hint: Any) -> str:  # noqa: ANN401
    """The description of a key's values; `hint` is its type with its annotations."""
    if get_origin(hint) is Annotated:
        inner, *annotations = get_args(hint)
        ranges = [annotation.allowed for annotation in annotations if isinstance(annotation, Within)]
        names = [annotation.text for annotation in annotations if isinstance(annotation, Words)] or (
            [] if ranges else [words_of(inner)]
        )
        return ", ".join([*names, *ranges])
    arguments = get_args(hint)
    match get_origin(hint):
        case origin if origin is Literal:
            return ", ".join(map(str, arguments))
        case origin if origin is tuple:
            return f"list of {words_of(arguments[0])}"
        case origin if origin is Mapping:
            return f"mapping of {words_of(arguments[0])} to {words_of(arguments[1])}"
        case origin if origin in {Union, UnionType}:
            return words_of(next(argument for argument in arguments if argument is not NoneType))
    return _NAMES[hint]


def default_of(field: FieldInfo, words: str) -> str:
    """A key's default as it is written in the file; empty without one."""
    if field.is_required():
        return "required"
    value = field.default
    if words.startswith("duration") and isinstance(value, float):
        return code(in_units(value))
    if value is None or value in ("", (), PydanticUndefined):
        return ""
    return code(str(value).lower() if isinstance(value, bool) else str(value))


def _limits() -> str:
    return ", ".join(f"{limit} for {category}" for category, limit in DEFAULT_LIMITS.items())


def keys_of(model: type[BaseModel]) -> str:
    """The keys of a section, as a table."""
    return table(("key", "value", "default", "meaning"), _rows(model))


def _rows(model: type[BaseModel]) -> Iterator[Iterable[str]]:
    hints = get_type_hints(model, include_extras=True)
    for name, field in model.model_fields.items():
        if name == "type":
            continue
        words = words_of(hints[name])
        yield code(name), words, default_of(field, words), field.description or ""


def _sources() -> str:
    parts = []
    for model in _SOURCES:
        (kind,) = get_args(model.model_fields["type"].annotation)
        parts.append(f"### `type: {kind}`\n\n{model.__doc__}\n\n{keys_of(model)}")
    return "\n".join(parts)


def configuration_page() -> str:
    """The page of all keys, with their values and defaults."""
    sections = table(
        ("section", "meaning"),
        (
            (f"[{code(name)}](#{name})", field.description or "")
            for name, field in Config.model_fields.items()
        ),
    )
    return f"""# The configuration file

A YAML file, set with `--config.file`; [config.yml](../config.yml) is an annotated example. `--config.check` reports all
errors at once, each as `FILE:LINE: PATH.TO.KEY (APPID): what is wrong, and what is allowed`, with the appid where it is about
a mini program; in English or Chinese, as `--lang` or the locale says. Unknown keys, duplicate keys, wrong types,
duplicate appids and names that are not defined are errors, and so is what a slip of the keyboard leaves: full-width
punctuation such as `：`, `，` and `“”`, tabs, and `${{NAME}}`, which nothing replaces here. SIGHUP, or `POST /-/reload` with `--web.enable-lifecycle`,
reads the file again, and so does a change of it with `--config.auto-reload-interval=30s`; an invalid file has no effect
except on `wx_domain_exporter_config_last_reload_successful` and the log.

- A **duration** is a number with a unit, such as `500ms`, `10s`, `5m`, `1h30m`.
- A **secret** is a string, or `{{file: PATH}}`, or `{{env: NAME}}`. A file is read again whenever its secret is needed, so
  a rotated secret needs no restart. A mini program whose own secret can't be read, for instance because a variable is not
  set, fails with reason `token`, and all others work; `--config.check` reports it as an error. The exporter does not start
  if a secret under `tokens`, `defaults`, `platforms` or `wechat` can't be read, or those of all mini programs.
- A relative **file** path starts at the folder of the file that contains it.

Editors with a YAML language server check the file and complete its keys with the JSON Schema that `--config.schema`
prints: [config.schema.json](schema/config.schema.json), and [app-file.schema.json](schema/app-file.schema.json) for app
files. A first line such as `# yaml-language-server: $schema=config.schema.json` names it. A schema can't find everything
that `--config.check` reports: names that are not defined, and files and secrets that can't be read; keys, appids, platforms
and tokens that occur twice; URLs that are not valid or not safe; the ranges of durations, and characters that can't be
displayed; mistakes of typing; domains of baselines that WeChat never has; a configuration without any app.

{sections}
## wechat

{keys_of(Wechat)}
## scrape

{keys_of(Scrape)}
With a `min_interval` just below `scrape_interval`, a pair of Prometheus servers does not make twice as many calls: 50 s for
60 s means 1,440 calls of getwxadevinfo per app and day.

## collect

{keys_of(Collect)}
## limits

A {words_of(get_type_hints(Config, include_extras=True)["limits"])}.
`wx_domain_domains_limit` exports it. The default is WeChat's maximum: {_limits()}.

## tokens

Named token sources. [tokens.md](tokens.md) explains which one to use, with examples.

{_sources()}
## baselines

Named baselines, each a mapping of categories. [baselines.md](baselines.md) explains how they are compared, and which one
applies to an app.

{keys_of(CategoryBaseline)}
## defaults

{keys_of(Defaults)}
## platforms

Named third-party platforms: [tokens.md](tokens.md#discovery).

{keys_of(PlatformConfig)}
## app_files

Each file contains a list like that under `apps`, and is read again when it changes: [app-files.md](app-files.md).

## apps

{keys_of(App)}
Label names match `^[a-z_][a-z0-9_]*$`. They must not start with `__` or be one of {", ".join(map(code, sorted(RESERVED_LABELS)))}.
"""
