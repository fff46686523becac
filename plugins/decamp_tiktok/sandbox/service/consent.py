"""The first half of a sign-in: from the app's address to the redirect back to it.

Source: TikTok's pages "Login Kit for Web", "Login Kit for Desktop" and "Scopes overview".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from urllib.parse import urlencode

from attrs import frozen

from decamp_tiktok.sandbox.service.apps import App, redirect_fault
from decamp_tiktok.sandbox.service.behaviour import Behaviour
from decamp_tiktok.sandbox.service.clock import Clock
from decamp_tiktok.sandbox.service.grants import Code, Grant
from decamp_tiktok.sandbox.service.mint import Mint
from decamp_tiktok.sandbox.service.refusals import Misconfigured
from decamp_tiktok.sandbox.service.scopes import ordered
from decamp_tiktok.sandbox.service.users import User

__all__ = ["ALWAYS", "CODE_LIFETIME", "Consent", "ConsentDesk", "Question"]

CODE_LIFETIME = timedelta(minutes=10)
"""How long a code can be exchanged; TikTok does not say, RFC 6749 section 4.1.2 says this."""

ALWAYS = frozenset({"user.info.basic"})
"""Scopes that the person cannot untick."""

_ONGOING = timedelta(days=90)


@frozen
class Question:
    """What an app asks a person; nothing is wrong with it."""

    app: App
    redirect_uri: str
    state: str
    scopes: tuple[str, ...]
    challenge: str
    may_skip: bool
    """Whether the page is left out for somebody who is signed in and agreed to all before."""

    error: str = ""
    """If set, the app gets this error, whatever the person says."""


@frozen
class Consent:
    """A question that waits for the person."""

    ticket: str
    question: Question


class ConsentDesk:
    """Judges what apps ask, and what people answer."""

    def __init__(
        self,
        apps: Collection[App],
        behaviour: Behaviour,
        clock: Clock,
        mint: Mint,
        refresh_lifetime: timedelta | None,
    ) -> None:
        self.behaviour = behaviour
        self.codes: dict[str, Code] = {}
        """Codes that can still be exchanged."""

        self._apps = {app.key: app for app in apps}
        self._clock = clock
        self._mint = mint
        self._lifetime = refresh_lifetime
        self._open: dict[str, Consent] = {}
        self._agreed: dict[tuple[str, str], frozenset[str]] = {}

    def ask(self, query: Mapping[str, str]) -> Question:
        """Judge an app's address.

        Raises:
            Misconfigured: Something in it is wrong.
        """
        app = self._apps.get(query.get("client_key", ""))
        if app is None:
            raise Misconfigured("client_key", "No app has this key.", "unauthorized_client")
        if query.get("response_type") != "code":
            raise Misconfigured(
                "response_type", "It has to be “code”.", "unsupported_response_type"
            )
        uri = _redirect_uri(app, query.get("redirect_uri", ""))
        if not query.get("state"):
            raise Misconfigured("state", "It is missing.")
        scopes = tuple(dict.fromkeys(query.get("scope", "").split(",")))
        error = ""
        if not all(scopes):
            raise Misconfigured("scope", "It has to name scopes, separated by commas.")
        if unapproved := [scope for scope in scopes if scope not in app.scopes]:
            if self.behaviour.unapproved_scope == "page":
                raise Misconfigured(
                    "scope", f"The app is not approved for “{unapproved[0]}”.", "invalid_scope"
                )
            error = "invalid_scope"
        return Question(
            app,
            uri,
            query["state"],
            scopes if error else ordered(scopes),
            self._challenge(app, query),
            may_skip=app.kind == "web" and query.get("disable_auto_auth") == "0",
            error=error,
        )

    def _challenge(self, app: App, query: Mapping[str, str]) -> str:
        challenge = query.get("code_challenge", "")
        if app.kind == "web":
            if challenge and self.behaviour.web_pkce == "refused":
                raise Misconfigured("code_challenge", "An app for the web sends none.")
            return challenge if self.behaviour.web_pkce == "checked" else ""
        if not challenge:
            raise Misconfigured("code_challenge", "It is missing; an app for desktop sends one.")
        if query.get("code_challenge_method") != "S256":
            raise Misconfigured("code_challenge_method", "It has to be “S256”.")
        return challenge  # its value is judged when the code is exchanged

    def open(self, question: Question) -> Consent:
        """Make ready for the person's answer."""
        consent = Consent(self._mint.ticket(), question)
        self._open[consent.ticket] = consent
        return consent

    def agreed(self, question: Question, user: User) -> bool:
        """Tell whether the person has agreed to all of this before."""
        before = self._agreed.get((question.app.key, user.username), frozenset())
        return before.issuperset(question.scopes)

    def take(self, ticket: str) -> Question | None:
        """Give the question that is answered now; None if it was answered already."""
        consent = self._open.pop(ticket, None)
        return consent.question if consent else None

    def allow(self, question: Question, user: User, ticked: Collection[str]) -> str:
        """Give the address that the person is sent to after agreeing."""
        if not user.in_region and self.behaviour.outside_region == "no-consent":
            return failed(question, "access_denied", "This is not available in your region.")
        asked = frozenset(question.scopes)
        granted = asked & (ALWAYS | frozenset(ticked))
        if not granted - ALWAYS and asked - ALWAYS:  # everything was unticked
            return self.deny(question)
        now = self._clock.now()
        grant = Grant(
            question.app,
            user,
            self._mint.open_id(question.app.key, user.username),
            granted,
            now,
            now + (self._lifetime or self.behaviour.refresh_lifetime),
            ongoing_until=None
            if self.behaviour.ongoing_lifetime == "refresh-token"
            else now + _ONGOING,
        )
        code = self._mint.code()
        self.codes[code] = Code(
            grant, question.redirect_uri, question.challenge, now + CODE_LIFETIME
        )
        self._agreed[question.app.key, user.username] = granted
        found = {"code": code, "scopes": ",".join(ordered(granted)), "state": question.state}
        return f"{question.redirect_uri}?{urlencode(found)}"

    def deny(self, question: Question) -> str:
        """Give the address that the person is sent to after refusing."""
        return failed(question, "access_denied", "The user denied the request.")

    def forget(self, app: App, user: User) -> None:
        """Ask this person again the next time, and take back codes that were not exchanged."""
        self._agreed.pop((app.key, user.username), None)
        for code, one in list(self.codes.items()):
            if one.grant.app is app and one.grant.user is user:
                del self.codes[code]


def failed(question: Question, error: str, description: str) -> str:
    """Give the redirect of a sign-in that failed (RFC 6749 section 4.1.2.1)."""
    said = {"error": error, "error_description": description, "state": question.state}
    return f"{question.redirect_uri}?{urlencode(said)}"


def _redirect_uri(app: App, uri: str) -> str:
    if not uri:
        raise Misconfigured("redirect_uri", "It is missing.")
    if fault := redirect_fault(uri, app.kind, loopback=app.loopback):
        raise Misconfigured("redirect_uri", f"It {fault}.")
    if not app.takes(uri):
        raise Misconfigured("redirect_uri", "It is not registered with the app.")
    return uri
