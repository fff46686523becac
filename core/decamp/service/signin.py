"""Sign-in through a service's own web pages: the redirect address is https, and its own.

Two requests of a browser, minutes apart, may be served by two processes, or by one that was
started anew in between. So all that is known of a sign-in on its way lies in a store.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

from attrs import field, frozen

from decamp.auth import Grant, OAuth2, Term
from decamp.errors import AccessDenied, AuthError, ConfigError
from decamp.http import is_loopback
from decamp.oauth import ClientKeys, TokenStore, open_endpoint
from decamp.oauth.authorization import Attempt, authorization_url, read_callback
from decamp.oauth.scopes import scopes_for
from decamp.oauth.session import Session

__all__ = ["Attempt", "AttemptStore", "Begun", "WebSignIn"]

LIFETIME = timedelta(minutes=15)
"""How long a person may take at the consent page."""


class AttemptStore(Protocol):
    """Keeps sign-ins on their way, each under its state, for some minutes.

    `Attempt.to_json` and `Attempt.from_json` write and read one; it holds a secret.
    """

    def put(self, attempt: Attempt) -> None:
        """Keep one under `Attempt.state`, durably on return. Old ones may be thrown away."""
        ...

    def take(self, state: str) -> Attempt | None:
        """Give one and forget it, in one step: of two who ask for it, one gets it."""
        ...


@frozen
class Begun:
    """A sign-in that waits for its person."""

    url: str = field(repr=False)
    """Where to send the browser."""

    state: str = field(repr=False)
    """What to keep in this person's session (a cookie that is HttpOnly, Secure, SameSite=Lax)."""


def _now() -> datetime:
    return datetime.now(UTC)


class WebSignIn:
    """Signs people in at a service with its redirect to an address of yours.

    Args:
        oauth: The sign-in, as a plugin declares it: ``spec.auth(config)``.
        keys: Of your app at the service.
        redirect_uri: As it is registered with the app: https, with neither query nor fragment.
        store: Where the tokens go.
        attempts: Where a sign-in waits for its redirect.
        title: The service's name, for people.
        now: The time, aware and in UTC.

    Raises:
        ConfigError: The redirect address is none that may be used.
    """

    def __init__(
        self,
        oauth: OAuth2,
        keys: ClientKeys,
        redirect_uri: str,
        store: TokenStore,
        attempts: AttemptStore,
        *,
        title: str = "the service",
        now: Callable[[], datetime] = _now,
    ) -> None:
        _require_redirect(redirect_uri)
        self._oauth, self._keys, self._redirect_uri = oauth, keys, redirect_uri
        self._store, self._attempts = store, attempts
        self._title, self._now = title, now

    def begin(self, key: str, permissions: Sequence[str], term: Term) -> Begun:
        """Begin a sign-in.

        Args:
            key: Under which the tokens are to be kept: your own id of the person.
            permissions: Names of the plugin's permissions: ``all``.
            term: For once, or ongoing.

        Raises:
            ConfigError: There is no such permission.
        """
        attempt = Attempt.begin(
            self._redirect_uri,
            scopes_for(self._oauth, permissions, term).values(),
            self._now(),
            pkce=self._oauth.challenge_on_the_web,
            key=key,
        )
        self._attempts.put(attempt)
        return Begun(authorization_url(self._oauth, self._keys.key, attempt), attempt.state)

    def complete(self, callback_url: str, *, state: str) -> Grant:
        """End a sign-in: the browser came to the redirect address.

        When this returns, the tokens are kept. Compare `Grant.scopes` with `Grant.asked`.

        Args:
            callback_url: The whole address, or its query alone.
            state: From this person's session. Without it somebody could be led into signing
                in for somebody else (RFC 9700 section 4.7).

        Raises:
            AccessDenied: The person did not agree, or to nothing of what was asked.
            AuthError: The redirect belongs to no sign-in of this person, came a second time or
                too late; or the service refuses.
            Unavailable: The service cannot be reached; the person has to begin again.
        """
        attempt = self._attempt(callback_url, state)
        consent = read_callback(self._oauth, attempt, callback_url, self._title)
        endpoint = open_endpoint(self._oauth, self._keys, title=self._title, now=self._now)
        with closing(endpoint.client):
            tokens = endpoint.exchange(attempt, consent)
        if not tokens.grant.scopes & tokens.grant.asked:
            raise AccessDenied(f"Nothing of what was asked for was granted at {self._title}.")
        with self._store.lock(attempt.key):
            self._store.save(attempt.key, tokens)
        return tokens.grant

    def revoke(self, key: str) -> bool:
        """End what a person has granted: at the service, and then in the token store.

        Returns:
            Whether the service took it back just now; False if there was nothing to take back.

        Raises:
            AuthError: The app's keys are not accepted. The tokens are still there.
            Unavailable: The service cannot be asked now. The tokens are still there.
        """
        if self._store.load(key) is None:
            return False
        endpoint = open_endpoint(self._oauth, self._keys, title=self._title, now=self._now)
        with closing(endpoint.client):
            taken_back = Session(endpoint, self._store, key, "Sign in again.").revoke()
        with self._store.lock(key):
            self._store.delete(key)
        return taken_back

    def _attempt(self, callback_url: str, state: str) -> Attempt:
        given = _state_in(callback_url)
        foreign = AuthError(
            f"This answer of {self._title} belongs to no sign-in that waits for one.",
            hint="It may have come a second time, or too late. Let the person begin again.",
        )
        if not state or not hmac.compare_digest(given.encode("utf-8", "replace"), state.encode()):
            raise foreign
        attempt = self._attempts.take(given)
        if attempt is None or self._now() - attempt.began > LIFETIME:
            raise foreign
        return attempt


def _state_in(callback_url: str) -> str:
    try:
        query = urlsplit(callback_url).query or callback_url.lstrip("?")
        [state] = parse_qs(query, max_num_fields=20).get("state", [""])
    except ValueError:
        return ""
    return state


def _require_redirect(address: str) -> None:
    parts = urlsplit(address)
    safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    if not (safe and parts.hostname) or parts.query or parts.fragment or len(address) > 511:
        raise ConfigError(
            f"{address} cannot be a redirect address.",
            hint="Use the https address that is registered with the app, with neither query nor "
            "fragment. Only for a sandbox it may be http://127.0.0.1.",
        )
