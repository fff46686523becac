"""The page that the browser shows at the end of a sign-in."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Template

__all__ = ["headers", "page"]

_POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "style-src 'sha256-{}'"
)


def page(title: str, text: str) -> bytes:
    """Make a page without a script, which loads nothing."""
    template, css = _parts()
    return template.render(title=title, text=text, css=css).encode()


def headers() -> dict[str, str]:
    """Give the headers of such a page: nothing is run, cached or passed on."""
    _, css = _parts()
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    return {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": _POLICY.format(digest),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


@cache
def _parts() -> tuple[Template, str]:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    places = PackageLoader("decamp.oauth", "templates")
    env = Environment(loader=places, autoescape=True, undefined=StrictUndefined)
    css, _, _ = places.get_source(env, "page.css")
    return env.get_template("page.html"), css
