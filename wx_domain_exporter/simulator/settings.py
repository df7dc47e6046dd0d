"""What the settings of apps, platforms and the token service share: their types, and how they are changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Seconds = Annotated[float, Field(ge=0)]
Appid = Annotated[str, Field(pattern=r"^wx[0-9a-f]{16}$")]


class SimulatorSettings(BaseModel):
    """Settings that may be changed at any time; each assignment is validated."""

    model_config = ConfigDict(
        extra="forbid", strict=True, validate_assignment=True, hide_input_in_errors=True
    )


def change_settings(
    target: SimulatorSettings,
    settings: Mapping[str, object],
    actions: Mapping[str, Callable[[], None]] | None = None,
    fixed: frozenset[str] = frozenset(),
) -> list[Callable[[], None]]:
    """Change all of the settings given, or none of them if one is not allowed.

    Args:
        target: Whose settings are changed.
        settings: New values of its attributes, and true for each action that is requested.
        actions: The actions that may be requested, by name.
        fixed: Attributes that cannot be changed.

    Returns:
        The requested actions, which the caller runs.

    Raises:
        ValueError: A key or a value is not allowed.
    """
    actions = actions or {}
    requested = [key for key in settings if key in actions]
    values = {key: value for key, value in settings.items() if key not in actions}
    if fixed & values.keys():
        raise ValueError(f"{', '.join(sorted(fixed))} cannot be changed")
    if any(settings[key] is not True for key in requested):
        raise ValueError(f"{', '.join(actions)} must be true if present")
    changed = type(target).model_validate({**target.model_dump(), **values})
    for key in values:
        setattr(target, key, getattr(changed, key))
    return [actions[key] for key in requested]
