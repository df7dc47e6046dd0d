"""The templates, and the headers that go with what they make."""

import base64
import hashlib
import re
from collections.abc import Mapping
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from wx_domain_exporter import __version__
from wx_domain_exporter.config.yaml_tree import one_line
from wx_domain_exporter.errcodes.types import BilingualText
from wx_domain_exporter.http_paths import HttpPath, relative
from wx_domain_exporter.web.pages.texts import CATEGORIES, REASONS, TEXTS

STYLE = (files(__package__) / "templates" / "style.css").read_text(encoding="utf-8")
_CODE = re.compile(r"`([^`]+)`")


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


HEADERS: Mapping[str, str] = {
    # The pages are one file each: the style stands in them and is known by its hash, the icon is a data: URL.
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_hash(STYLE)}'; img-src data:; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-cache",
    "Vary": "Accept-Language",
}


class Renderer:
    """Makes pages of templates; fit for several threads."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=PackageLoader(__package__),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=_finalized,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.filters["code"] = _with_code
        self._environment.globals["style"] = Markup(STYLE)  # noqa: S704 - a file of this package
        self._environment.globals["version"] = __version__
        self._environment.globals["paths"] = HttpPath
        self._environment.globals["relative"] = relative

    def page(self, template: str, *, chinese: bool, **values: object) -> str:
        """Render a page.

        Args:
            template: the file's name.
            chinese: whether the page is in Chinese, else in English.
            values: what the template shows.
        """

        def say(text: BilingualText) -> str:
            return text.zh if chinese else text.en

        return self._environment.get_template(template).render(
            chinese=chinese,
            say=say,
            t={name: say(text) for name, text in TEXTS.items()},
            reasons={name: say(text) for name, text in REASONS.items()},
            categories={name: say(text) for name, text in CATEGORIES.items()},
            **values,
        )


def _finalized(value: object) -> object:
    """Make a value fit to be shown: control characters, those of direction too, are spelt out.

    Raises:
        TypeError: there is no value, which a template has to tell in words.
    """
    if value is None:
        raise TypeError("a template shows a value that is None")
    return one_line(value) if type(value) is str else value


def _with_code(text: str) -> Markup:
    """Escape a text, and set what stands between backticks as code."""
    pieces = _CODE.split(one_line(text))
    return Markup().join(
        Markup("<code>{}</code>").format(piece) if place % 2 else piece for place, piece in enumerate(pieces)
    )
