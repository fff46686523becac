"""The second half of a sign-in: from the code to tokens, their renewal, and their end.

Source: TikTok's pages "User access token management" and "OAuth error handling".
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from hmac import compare_digest
from typing import Any

from decamp_tiktok.sandbox.service.apps import App
from decamp_tiktok.sandbox.service.behaviour import Behaviour
from decamp_tiktok.sandbox.service.clock import Clock
from decamp_tiktok.sandbox.service.grants import AccessToken, Code, Grant, RefreshToken
from decamp_tiktok.sandbox.service.mint import Mint
from decamp_tiktok.sandbox.service.refusals import ApiRefusal, OAuthRefusal
from decamp_tiktok.sandbox.service.scopes import ordered

__all__ = ["TokenDesk"]

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_CLIENT_LIFETIME = timedelta(hours=2)


class TokenDesk:
    """Gives out tokens and knows them again."""

    def __init__(
        self,
        apps: Collection[App],
        behaviour: Behaviour,
        clock: Clock,
        mint: Mint,
        codes: dict[str, Code],
        access_lifetime: timedelta | None,
        revoked: Callable[[Grant], None],
    ) -> None:
        self.behaviour = behaviour
        self.grants: list[Grant] = []
        """All that were exchanged for tokens, in order."""

        self._apps = {app.key: app for app in apps}
        self._clock = clock
        self._mint = mint
        self._codes = codes
        self._lifetime = access_lifetime
        self._revoked = revoked
        self._access: dict[str, AccessToken] = {}
        self._refresh: dict[str, RefreshToken] = {}

    def token(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Answer the token endpoint.

        Raises:
            OAuthRefusal: Something in the form is wrong.
        """
        app = self._app(form)
        match form.get("grant_type"):
            case "authorization_code":
                return self._exchange(app, form)
            case "refresh_token":
                return self._renew(app, form)
            case "client_credentials":
                return {
                    "access_token": self._mint.client_token(),
                    "expires_in": int(_CLIENT_LIFETIME.total_seconds()),
                    "token_type": "Bearer",
                }
            case None | "":
                raise OAuthRefusal("invalid_request", "The grant_type is missing.")
        raise OAuthRefusal("unsupported_grant_type", "The grant_type is not supported.")

    def revoke(self, form: Mapping[str, str]) -> None:
        """Answer the revoke endpoint: the app gives back what the person granted.

        Raises:
            OAuthRefusal: Something in the form is wrong.
        """
        app = self._app(form)
        token = self._access.get(form.get("token", ""))
        if token is None or token.grant.app is not app:
            raise OAuthRefusal("invalid_request", "The token is invalid.")
        if not token.grant.ended:
            self._revoked(token.grant)

    def grant(self, header: str | None) -> Grant:
        """Find the grant that a call of the API goes by.

        Args:
            header: The value of ``Authorization``.

        Raises:
            ApiRefusal: The token is none, or does not hold any more.
        """
        kind, _, value = (header or "").partition(" ")
        token = self._access.get(value) if kind.lower() == "bearer" else None
        if token is None or token.grant.ended or self._clock.now() >= token.until:
            raise ApiRefusal(
                "access_token_invalid",
                "The access token is invalid or not found in the request.",
                status=401,
            )
        return token.grant

    def valid(self, grant: Grant) -> list[AccessToken]:
        """List the access tokens of a grant that still hold."""
        now = self._clock.now()
        return [one for one in self._access.values() if one.grant is grant and now < one.until]

    def _app(self, form: Mapping[str, str]) -> App:
        for name in ("client_key", "client_secret"):
            if not form.get(name):
                raise OAuthRefusal("invalid_request", f"The {name} is missing.")
        app = self._apps.get(form["client_key"])
        if app is None or not compare_digest(
            app.secret.encode(), form["client_secret"].encode("utf-8", "replace")
        ):
            raise OAuthRefusal("invalid_client", "Client key or secret is incorrect.")
        return app

    def _exchange(self, app: App, form: Mapping[str, str]) -> dict[str, Any]:
        code = self._codes.get(form.get("code", ""))
        if code is None or code.grant.app is not app or self._clock.now() >= code.until:
            raise OAuthRefusal("invalid_grant", "Authorization code is expired.")
        if form.get("redirect_uri") != code.redirect_uri:
            raise OAuthRefusal(
                "invalid_request",
                "Redirect_uri is not matched with the uri when requesting code.",
            )
        if code.challenge and not _answers(code.challenge, form.get("code_verifier", "")):
            raise OAuthRefusal("invalid_request", "Code verifier or code challenge is invalid.")
        del self._codes[form["code"]]
        self.grants.append(code.grant)
        return self._pair(code.grant, self._new_refresh(code.grant))

    def _renew(self, app: App, form: Mapping[str, str]) -> dict[str, Any]:
        value = form.get("refresh_token", "")
        token = self._refresh.get(value)
        if (
            token is None
            or token.dead
            or token.grant.app is not app
            or token.grant.ended
            or self._clock.now() >= token.grant.ends
        ):
            raise OAuthRefusal("invalid_grant", "Refresh token is invalid or expired.")
        if self.behaviour.refresh_rotation == "kept":
            return self._pair(token.grant, value)
        token.dead = self.behaviour.refresh_rotation == "once"
        return self._pair(token.grant, self._new_refresh(token.grant))

    def _new_refresh(self, grant: Grant) -> str:
        value = self._mint.refresh_token()
        self._refresh[value] = RefreshToken(grant)
        return value

    def _pair(self, grant: Grant, refresh: str) -> dict[str, Any]:
        now = self._clock.now()
        lifetime = self._lifetime or self.behaviour.access_lifetime
        access = self._mint.access_token()
        self._access[access] = AccessToken(grant, now + lifetime)
        return {
            "access_token": access,
            "expires_in": int(lifetime.total_seconds()),
            "open_id": grant.open_id,
            "refresh_expires_in": int((grant.ends - now).total_seconds()),
            "refresh_token": refresh,
            "scope": ",".join(ordered(grant.scopes(now))),
            "token_type": "Bearer",
        }


def _answers(challenge: str, verifier: str) -> bool:
    """Tell whether the verifier belongs to the challenge: SHA-256 in lower-case hexadecimal.

    RFC 7636 section 4.2 says base64url. TikTok's page for desktop says otherwise.
    """
    if not _VERIFIER.fullmatch(verifier):
        return False
    digest = hashlib.sha256(verifier.encode("ascii")).hexdigest()
    return compare_digest(digest.encode(), challenge.encode("utf-8", "replace"))
