"""The sandbox's pages. They load nothing from elsewhere, and have no script."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any, get_args

import attrs
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from decamp_tiktok.sandbox.service.behaviour import switches
from decamp_tiktok.sandbox.service.consent import ALWAYS, Consent
from decamp_tiktok.sandbox.service.faults import ENDPOINTS, FaultName
from decamp_tiktok.sandbox.service.refusals import Misconfigured
from decamp_tiktok.sandbox.service.requests import WINDOW
from decamp_tiktok.sandbox.service.scopes import KNOWN, TITLES, is_single, ordered
from decamp_tiktok.sandbox.service.simulator import Simulator
from decamp_tiktok.sandbox.service.users import User

__all__ = ["Pages", "page"]

_SHOWN = 30


class Pages:
    """Renders them."""

    def consent(self, consent: Consent, users: Collection[User], signed_in: str) -> str:
        """Ask the person."""
        names = [user.username for user in users]
        scopes = [
            {
                "name": scope,
                "title": TITLES[scope.removesuffix(".single").removesuffix(".ongoing")][0],
                "text": TITLES[scope.removesuffix(".single").removesuffix(".ongoing")][1],
                "term": _term(scope),
                "fixed": scope in ALWAYS,
            }
            for scope in consent.question.scopes
        ]
        return _render(
            "consent.html",
            app=consent.question.app,
            ticket=consent.ticket,
            scopes=scopes,
            users=users,
            chosen=signed_in if signed_in in names else names[0],
        )

    def mistake(self, mistake: Misconfigured, log_id: str) -> str:
        """Show a mistake in an app's set-up."""
        return _render("mistake.html", mistake=mistake, log_id=log_id)

    def overview(self, simulator: Simulator) -> str:
        """Show what goes on. No code, token or secret is on it."""
        now = simulator.clock.now()
        grants = [
            {
                "app": grant.app.name,
                "user": grant.user.username,
                "left": [] if grant.ended else ordered(grant.scopes(now)),
                "used": ordered(grant.used),
                "ended": grant.ended,
                "until": max(
                    (token.until for token in simulator.tokens.valid(grant)), default=None
                ),
                "renewable": grant.ends,
            }
            for grant in reversed(simulator.tokens.grants)
        ]
        return _render(
            "overview.html",
            now=now,
            simulator=simulator,
            grants=grants,
            requests=list(reversed(simulator.desk.requests.values())),
            window=WINDOW,
            switches=switches(),
            behaviour=attrs.asdict(simulator.behaviour),
            deliveries=simulator.webhooks.deliveries[-_SHOWN:][::-1],
            calls=list(simulator.calls)[-_SHOWN:][::-1],
            known=frozenset(KNOWN),
            endpoints=ENDPOINTS,
            fault_names=get_args(FaultName),
        )

    def over(self) -> str:
        """Say that this page was answered before."""
        return _render("over.html")


def page(text: str, *, status: int = 200, leads_to: str = "") -> Response:
    """Answer with a page that may load nothing.

    Args:
        leads_to: Where its form may lead in the end: a browser holds the policy also against
            the redirect that answers the form.
    """
    origin = "/".join(leads_to.split("/")[:3])
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action 'self' {origin}"
    )
    headers = {
        "Content-Security-Policy": policy.strip(),
        "Cache-Control": "no-store",
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
    }
    return HTMLResponse(text, status, headers)


def _term(scope: str) -> str:
    if scope in ALWAYS:
        return "always part of it"
    if scope.endswith(".ongoing"):
        return "again and again, until you disconnect"
    return "one time" if is_single(scope) else ""


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("decamp_tiktok.sandbox.service"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["moment"] = lambda at: f"{at:%Y-%m-%d %H:%M:%S} UTC"
    return environment


def _render(name: str, **values: Any) -> str:
    environment = _environment()
    loader = environment.loader
    assert loader is not None
    style, _, _ = loader.get_source(environment, "page.css")
    return environment.get_template(name).render(
        style=Markup(style),  # noqa: S704 (our own file, not data)
        **values,
    )
