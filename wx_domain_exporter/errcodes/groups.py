"""Which errcodes want the same of a person: the doctor and the alerts tell them apart. Pure data."""

import enum
from collections.abc import Mapping
from typing import Final


class Group(enum.StrEnum):
    """What somebody has to see to; as the label `class` of the rules."""

    ADDRESS = "address"
    """The address that calls is on no list, or waits for a confirmation."""

    AUTHORIZATION = "authorization"
    """The mini program has to authorize the third-party platform again."""

    PERMISSION = "permission"
    """The account may not call the API."""


ERRCODES_OF: Final[Mapping[Group, frozenset[int]]] = {
    Group.ADDRESS: frozenset({40164, 45035, 61004, *range(89501, 89508)}),
    Group.AUTHORIZATION: frozenset({42007, 61003, 61023}),
    Group.PERMISSION: frozenset(
        {
            *(-604101, 48001, 48004, 50001, 50002, 50004, 50007),
            *(61007, 61028, 85105, 85107, 85112, 86000),
        }
    ),
}
"""An errcode in none of them is an app's own failure, or one of its token or its quota.

`api_component_token` is called with a secret and a ticket, for the platform and for no mini program. Its
errcodes mean that there is no token, so neither the rules nor the doctor count one of them as `PERMISSION`.
"""
