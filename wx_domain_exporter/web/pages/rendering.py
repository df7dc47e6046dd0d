"""Renders the templates; the HTTP headers of the pages."""

import base64
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from wx_domain_exporter import __version__
from wx_domain_exporter.config.yaml_tree import one_line
from wx_domain_exporter.errcodes.types import BilingualText
from wx_domain_exporter.http_paths import HttpPath, relative
from wx_domain_exporter.web.pages.charts import BAR_HEIGHT, COLUMN_WIDTH, TIMELINE_WIDTH
from wx_domain_exporter.web.pages.texts import CATEGORY_NAMES, REASONS, TEXTS

STYLE = (files(__package__) / "templates" / "style.css").read_text(encoding="utf-8")
_CODE = re.compile(r"`([^`]+)`")


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


HEADERS: Mapping[str, str] = {
    # A page loads no other file: its style sheet, allowed by its hash, and its icon, a data: URL, are in it.
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_sha256(STYLE)}'; img-src data:; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # With no-referrer, browsers would send "Origin: null" for the button that fetches.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
    "Vary": "Accept-Language",
}


class Renderer:
    """Renders pages from templates; safe to use from several threads."""

    def __init__(self, pace: Callable[[Iterator[str]], Iterator[str]] = iter) -> None:
        """Make a renderer.

        Args:
            pace: yields the parts of a page, with pauses while other work comes first.
        """
        self._pace = pace
        self._environment = Environment(
            loader=PackageLoader(__package__),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=_finalize,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.filters["code"] = _format_code
        self._environment.globals["style"] = Markup(STYLE)  # noqa: S704 - a file of this package
        self._environment.globals["version"] = __version__
        self._environment.globals["paths"] = HttpPath
        self._environment.globals["relative"] = relative
        self._environment.globals["column_width"] = COLUMN_WIDTH
        self._environment.globals["bar_height"] = BAR_HEIGHT
        self._environment.globals["timeline_width"] = TIMELINE_WIDTH

    def page(self, template: str, *, chinese: bool, **values: object) -> str:
        """Render a page.

        Args:
            template: the template's file name.
            chinese: whether the page is in Chinese; otherwise it is in English.
            values: the variables of the template.
        """

        def translate(text: BilingualText) -> str:
            return text.zh if chinese else text.en

        parts = self._environment.get_template(template).generate(
            chinese=chinese,
            translate=translate,
            t={name: translate(text) for name, text in TEXTS.items()},
            reasons={name: translate(text) for name, text in REASONS.items()},
            categories={name: translate(text) for name, text in CATEGORY_NAMES.items()},
            **values,
        )
        return "".join(self._pace(parts))


def _finalize(value: object) -> object:
    """Escape control characters, including those that change the direction of text.

    Raises:
        TypeError: the value is None, which a template must not show.
    """
    if value is None:
        raise TypeError("a template shows a value that is None")
    return one_line(value) if type(value) is str else value


def _format_code(text: str) -> Markup:
    """Escape a text for HTML; format what is between backticks as code."""
    pieces = _CODE.split(one_line(text))
    return Markup().join(
        Markup("<code>{}</code>").format(piece) if place % 2 else piece for place, piece in enumerate(pieces)
    )
