"""The query of a page's URL: parsed, and written into links. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import urlencode

from wx_domain_exporter.diagnosis.causes import is_cause
from wx_domain_exporter.domains.domain_list import DOCUMENTED_CATEGORIES
from wx_domain_exporter.web.pages.app_state import AppStatus

NEARLY_FULL_STATE = "nearly_full"
STATES = (*AppStatus, NEARLY_FULL_STATE)
"""Values of `state` beside the causes of failures: a status, or that a list is nearly full."""
SORTS = ("state", "name", "age", "changed", "fullest", *DOCUMENTED_CATEGORIES)
"""Values of `sort`; the first one is the default."""
LANGUAGES = frozenset({"en", "zh"})
REFRESH = 30
"""Seconds between two requests of a page, in the link that begins with refreshing it."""
_MIN_REFRESH = 5
_MAX_LENGTH = 200
_MAX_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Query:
    """The query parameters of a page; a parameter that is not valid is ignored, except `state`.

    Attributes:
        search: words that must all occur in a mini program's row or domains.
        state: a status or a cause; empty for all mini programs. May be an unknown one.
        sort: one of `SORTS`.
        page: the number of the page, from 1 on.
        lang: the language that the user chose; empty for the browser's.
        refresh: after how many seconds the browser asks for the page again; 0: never.
    """

    search: str = ""
    state: str = ""
    sort: str = SORTS[0]
    page: int = 1
    lang: str = ""
    refresh: int = 0

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> Self:
        """Parse the query parameters of a URL."""
        sort, lang = parameters.get("sort", ""), parameters.get("lang", "")
        refresh = _number(parameters.get("refresh", ""))
        return cls(
            search=parameters.get("q", "").strip()[:_MAX_LENGTH],
            state=parameters.get("state", "").strip()[:_MAX_LENGTH],
            sort=sort if sort in SORTS else SORTS[0],
            page=max(1, _number(parameters.get("page", ""))),
            lang=lang if lang in LANGUAGES else "",
            refresh=max(_MIN_REFRESH, refresh) if refresh else 0,
        )

    @property
    def has_known_state(self) -> bool:
        """Whether `state` is a status or could be a cause."""
        return self.state in {"", *STATES} or is_cause(self.state)

    @property
    def words(self) -> list[str]:
        """Return the words of the search, in the case in which they are compared."""
        return self.search.casefold().split()

    def with_state(self, state: str) -> "Query":
        """Return the first page of the same query for another state."""
        return replace(self, state=state, page=1)

    def with_sort(self, sort: str) -> "Query":
        """Return the first page of the same query in another order."""
        return replace(self, sort=sort, page=1)

    def with_page(self, page: int) -> "Query":
        """Return another page of the same query."""
        return replace(self, page=page)

    def with_lang(self, lang: str) -> "Query":
        """Return the same query in another language."""
        return replace(self, lang=lang)

    def with_refresh(self, seconds: int) -> "Query":
        """Return the same query with another interval of refreshing."""
        return replace(self, refresh=seconds)

    @property
    def common(self) -> "Query":
        """Return a query with the language and the interval alone, for links to other pages."""
        return Query(lang=self.lang, refresh=self.refresh)

    def __str__(self) -> str:
        """Return the part of a URL that begins with `?`; empty if all parameters have their defaults."""
        parameters = {
            "q": self.search,
            "state": self.state,
            "sort": "" if self.sort == SORTS[0] else self.sort,
            "page": "" if self.page == 1 else self.page,
            "lang": self.lang,
            "refresh": self.refresh or "",
        }
        query = urlencode({name: value for name, value in parameters.items() if value}, errors="replace")
        return f"?{query}" if query else ""


def _number(text: str) -> int:
    """Return a number; 0 if the text is none, or too long."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS else 0
