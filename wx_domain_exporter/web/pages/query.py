"""What the list is asked for: its part of the URL, read and written. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import urlencode

from wx_domain_exporter.domains.domain_list import DOCUMENTED_CATEGORIES
from wx_domain_exporter.web.pages.app_state import AppStatus
from wx_domain_exporter.wechat.errors import Reason

NEARLY_FULL_STATE = "nearly_full"
STATES = frozenset({*AppStatus, *Reason, NEARLY_FULL_STATE})
"""What `state` may be: how a mini program stands, why it fails, or that one of its lists is nearly full."""
SORTS = ("state", "name", "age", "changed", "fullest", *DOCUMENTED_CATEGORIES)
"""What `sort` may be; the first one is meant if nothing is said."""
LANGUAGES = frozenset({"en", "zh"})
_LONGEST_SEARCH = 200
_MOST_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Query:
    """What a page is asked for. What makes no sense counts as not said.

    Attributes:
        search: words that a mini program must have, all of them.
        state: one of `STATES`, or empty for all.
        sort: one of `SORTS`.
        page: from 1 on.
        lang: the language that was chosen by hand; empty if none was.
    """

    search: str = ""
    state: str = ""
    sort: str = SORTS[0]
    page: int = 1
    lang: str = ""

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> Self:
        """Read the parameters of a URL."""

        def one_of(name: str, allowed: frozenset[str], otherwise: str = "") -> str:
            value = parameters.get(name, "")
            return value if value in allowed else otherwise

        page = parameters.get("page", "")
        is_number = page.isascii() and page.isdecimal() and len(page) <= _MOST_DIGITS
        return cls(
            search=parameters.get("q", "").strip()[:_LONGEST_SEARCH],
            state=one_of("state", STATES),
            sort=one_of("sort", frozenset(SORTS), SORTS[0]),
            page=max(1, int(page)) if is_number else 1,
            lang=one_of("lang", LANGUAGES),
        )

    @property
    def words(self) -> list[str]:
        """Return the words of the search, as they are compared."""
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
        """Return nothing but the language, for links to other pages."""
        return Query(lang=self.lang)

    def __str__(self) -> str:
        """Return the part of a URL from `?` on; empty if nothing is said."""
        page = "" if self.page == 1 else str(self.page)
        sort = "" if self.sort == SORTS[0] else self.sort
        said = {"q": self.search, "state": self.state, "sort": sort, "page": page, "lang": self.lang}
        query = urlencode({name: value for name, value in said.items() if value}, errors="replace")
        return f"?{query}" if query else ""
