"""The types of the errcode table."""

import enum
from dataclasses import dataclass


class Action(enum.StrEnum):
    """What the exporter does when an API answers with an errcode."""

    BUSY = "busy"
    """One retry after a short, jittered wait."""

    INVALID_TOKEN = "invalid token"  # noqa: S105 - the name of a class of errcodes
    """The cached token is dropped and fetched again once; one retry if it differs."""

    DAILY_QUOTA = "daily quota"
    """One trial call after 60 seconds, then one every 30 minutes."""

    MINUTE_QUOTA = "minute quota"
    """One trial call every 60 seconds."""

    PERSON = "for a person"
    """No retry: somebody has to change something."""


class ErrcodeGroup(enum.StrEnum):
    """The kind of problem behind an errcode; the values of the label `class` of the alert rules."""

    ADDRESS = "address"
    """The calling address is not on the whitelist, or waits for a confirmation."""

    AUTHORIZATION = "authorization"
    """The mini program has to authorize the third-party platform again."""

    PERMISSION = "permission"
    """The account may not call the API."""


@dataclass(frozen=True, slots=True)
class BilingualText:
    """One statement in the two languages of the status page, the doctor and the docs.

    Attributes:
        en: English. Chinese names of consoles and menus are in corner brackets.
        zh: Simplified Chinese.
    """

    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Errcode:
    """What an errcode means when certain APIs return it.

    Attributes:
        code: WeChat's `errcode`.
        apis: the APIs, by the values of the metric label `api`; empty: any API.
        action: what the exporter does about it.
        meaning: what happened.
        remedy: what a person should do, and where.
        source: the page of WeChat's documentation that describes it.
        group: the kind of problem; None: the failure of one app, its token or its quota.
    """

    code: int
    apis: frozenset[str]
    action: Action
    meaning: BilingualText
    remedy: BilingualText
    source: str
    group: ErrcodeGroup | None = None
