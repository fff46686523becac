"""The way to the consent page and back: the address to open, and the redirect that answers.

RFC 6749 section 4.1, with PKCE (RFC 7636) and the advice of RFC 9700.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Collection
from datetime import datetime
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
from attrs import field, frozen

from decamp.auth import OAuth2
from decamp.errors import AuthError
from decamp.oauth.answers import denied, scopes_in

__all__ = ["Attempt", "Consent", "authorization_url", "challenge_of", "read_callback"]

_VERIFIER_BYTES = 64
"""Gives 86 characters; RFC 7636 section 4.1 wants 43 to 128."""
_STATE_BYTES = 32
_FIELDS = 20


@frozen
class Attempt:
    """One sign-in on its way. It is good for one redirect."""

    state: str = field(repr=False)
    """Comes back with the redirect, and so binds it to this attempt."""

    verifier: str = field(repr=False)
    """Proves to the service that who began the attempt also ends it; empty without PKCE."""

    redirect_uri: str
    asked: frozenset[str]
    began: datetime
    """Aware, UTC."""

    key: str = ""
    """Where the tokens are to be kept; for services."""

    @classmethod
    def begin(
        cls,
        redirect_uri: str,
        asked: Collection[str],
        now: datetime,
        *,
        pkce: bool = True,
        key: str = "",
    ) -> Attempt:
        """Begin one, with a state and a verifier of its own."""
        return cls(
            state=secrets.token_urlsafe(_STATE_BYTES),
            verifier=secrets.token_urlsafe(_VERIFIER_BYTES) if pkce else "",
            redirect_uri=redirect_uri,
            asked=frozenset(asked),
            began=now,
            key=key,
        )

    def to_json(self) -> bytes:
        """Write all of it, to be kept in a safe place."""
        return msgspec.json.encode(self, order="deterministic")

    @classmethod
    def from_json(cls, text: bytes | str) -> Attempt:
        """Read what `to_json` wrote.

        Raises:
            ValueError: It is something else.
        """
        return msgspec.json.decode(text, type=cls)


@frozen
class Consent:
    """What a redirect brought: a person agreed."""

    code: str = field(repr=False)
    scopes: frozenset[str] | None
    """What the redirect says was granted; None if it says nothing."""


def challenge_of(verifier: str, oauth: OAuth2) -> str:
    """Make the challenge ``S256`` of a verifier, written as this service wants it."""
    digest = hashlib.sha256(verifier.encode("ascii"))
    if oauth.challenge == "hex":
        return digest.hexdigest()
    return base64.urlsafe_b64encode(digest.digest()).decode("ascii").rstrip("=")


def authorization_url(oauth: OAuth2, client_key: str, attempt: Attempt) -> str:
    """Make the address that a person's browser has to open (RFC 6749 section 4.1.1)."""
    parameters = {
        oauth.client_parameter: client_key,
        "scope": oauth.scope_separator.join(sorted(attempt.asked)),
        "redirect_uri": attempt.redirect_uri,
        "state": attempt.state,
        "response_type": "code",
    }
    if attempt.verifier:
        parameters |= {
            "code_challenge": challenge_of(attempt.verifier, oauth),
            "code_challenge_method": "S256",
        }
    joint = "&" if urlsplit(oauth.authorize_url).query else "?"
    return f"{oauth.authorize_url}{joint}{urlencode(parameters)}"


def read_callback(oauth: OAuth2, attempt: Attempt, address: str, title: str) -> Consent:
    """Read the address that the service sent the browser back to.

    Args:
        oauth: How the service signs people in.
        attempt: What was begun.
        address: The whole address, or its query alone.
        title: The service's name, for people.

    Raises:
        AuthError: It does not belong to this attempt, or the service refuses.
        AccessDenied: The person did not agree.
    """
    given = _parameters(address)
    if not hmac.compare_digest(
        given.get("state", "").encode("utf-8", "replace"), attempt.state.encode()
    ):
        raise AuthError(
            f"The answer does not belong to this sign-in at {title}: its state is another one.",
            hint="Nothing was granted. Close the other windows of the sign-in and begin again.",
        )
    if "error" in given:
        raise denied(given["error"], given.get("error_description", ""), title)
    if not given.get("code"):
        raise AuthError(
            f"{title} sent the browser back without a code.", hint="Begin the sign-in again."
        )
    said = given.get(oauth.granted_parameter)
    return Consent(given["code"], None if said is None else scopes_in(said))


def _parameters(address: str) -> dict[str, str]:
    """Read the query of an address; a parameter that comes twice is refused (RFC 6749 3.1)."""
    try:
        query = urlsplit(address.strip()).query or address.strip().lstrip("?")
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=_FIELDS)
    except ValueError:
        pairs = []
    found = dict(pairs)
    if len(found) != len(pairs):
        raise AuthError(
            "The answer names something twice, so it is not believed.",
            hint="Begin the sign-in again.",
        )
    return found
