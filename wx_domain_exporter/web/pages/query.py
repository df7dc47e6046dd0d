"""The query of the overview's URL: parsed, and written into links. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import urlencode

from wx_domain_exporter.domains.domain_list import DOCUMENTED_CATEGORIES
from wx_domain_exporter.web.pages.app_state import AppStatus
from wx_domain_exporter.wechat.errors import Reason

NEARLY_FULL_STATE = "nearly_full"
STATES = frozenset({*AppStatus, *Reason, NEARLY_FULL_STATE})
"""Values of `state`: the status of a mini program, the reason why it fails, or that a list is nearly full."""
SORTS = ("state", "name", "age", "changed", "fullest", *DOCUMENTED_CATEGORIES)
"""Values of `sort`; the first one is the default."""
LANGUAGES = frozenset({"en", "zh"})
_MAX_SEARCH_LENGTH = 200
_MAX_PAGE_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Query:
    """The query parameters of a page; a parameter that is not valid is ignored.

    Attributes:
        search: words that must all occur in a mini program's row or domains.
        state: one of `STATES`; empty for all mini programs.
        sort: one of `SORTS`.
        page: the number of the page, from 1 on.
        lang: the language that the user chose; empty for the browser's.
    """

    search: str = ""
    state: str = ""
    sort: str = SORTS[0]
    page: int = 1
    lang: str = ""

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> Self:
        """Parse the query parameters of a URL."""

        def choice(name: str, allowed: frozenset[str], default: str = "") -> str:
            value = parameters.get(name, "")
            return value if value in allowed else default

        page = parameters.get("page", "")
        is_number = page.isascii() and page.isdecimal() and len(page) <= _MAX_PAGE_DIGITS
        return cls(
            search=parameters.get("q", "").strip()[:_MAX_SEARCH_LENGTH],
            state=choice("state", STATES),
            sort=choice("sort", frozenset(SORTS), SORTS[0]),
            page=max(1, int(page)) if is_number else 1,
            lang=choice("lang", LANGUAGES),
        )

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

    @property
    def only_lang(self) -> "Query":
        """Return a query with the language alone, for links to other pages."""
        return Query(lang=self.lang)

    def __str__(self) -> str:
        """Return the part of a URL that begins with `?`; empty if all parameters have their defaults."""
        page = "" if self.page == 1 else str(self.page)
        sort = "" if self.sort == SORTS[0] else self.sort
        parameters = {"q": self.search, "state": self.state, "sort": sort, "page": page, "lang": self.lang}
        query = urlencode({name: value for name, value in parameters.items() if value}, errors="replace")
        return f"?{query}" if query else ""
