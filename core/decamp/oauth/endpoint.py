"""Calls of an app to a service's token and revocation endpoints."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from decamp.auth import Grant, OAuth2
from decamp.errors import AuthError, TransferError, Unavailable
from decamp.oauth.answers import (
    AnswerLost,
    AppRefused,
    Refusal,
    as_error,
    body_of,
    refusal_in,
    scopes_in,
    text_in,
)
from decamp.oauth.authorization import Attempt, Consent
from decamp.oauth.keys import ClientKeys
from decamp.oauth.tokens import Tokens

if TYPE_CHECKING:
    import httpx

__all__ = ["AnswerLost", "TokenEndpoint", "TokenRefused"]

_MOST_BYTES = 1 << 20
_LONGEST = timedelta(days=3650)
_GONE = "[redacted]"
_LOST = (500, 502, 504)
"""Something between us and the service gave up; the service may have done its part."""


class TokenRefused(AuthError):
    """A token or a code is not accepted, or not any more (``invalid_grant``)."""


@frozen
class TokenEndpoint:
    """The endpoints of one app at one service.

    Args:
        client: A client without a sign-in.
        now: The time, aware and in UTC.
        wrong_keys: What a person does if the service does not accept the keys any more.
    """

    oauth: OAuth2
    keys: ClientKeys
    title: str
    client: httpx.Client
    now: Callable[[], datetime]
    wrong_keys: str = ""

    def exchange(self, attempt: Attempt, consent: Consent) -> Tokens:
        """Turn a code into tokens (RFC 6749 section 4.1.3).

        Raises:
            AppRefused: The service does not accept the app's keys.
            AuthError: It does not accept the code.
            Unavailable: It cannot be reached, or its answer was lost. A code is good for one
                use, so that the person has to sign in again.
        """
        fields = {
            "grant_type": "authorization_code",
            "code": consent.code,
            "redirect_uri": attempt.redirect_uri,
        }
        if attempt.verifier:
            fields["code_verifier"] = attempt.verifier
        try:
            answer = self._granted(fields)
        except AnswerLost as lost:
            raise Unavailable(lost.message, hint="Begin the sign-in again.") from lost
        received = self.now()
        fallback = attempt.asked if consent.scopes is None else consent.scopes
        grant = Grant(
            account=self._account(answer),
            asked=attempt.asked,
            scopes=scopes_in(answer["scope"]) if text_in(answer, "scope") else fallback,
            since=received.replace(microsecond=0),
            until=_end(
                received.replace(microsecond=0), answer.get(self.oauth.refresh_expires_field)
            ),
        )
        return self._tokens(answer, received, "", grant)

    def refresh(self, tokens: Tokens) -> Tokens:
        """Get a new pair (RFC 6749 section 6). The old refresh token may be dead afterwards.

        Raises:
            TokenRefused: The refresh token is not accepted.
            AuthError: The app's keys are not.
            AnswerLost: The old refresh token may be dead, and no new one came.
            Unavailable: Nothing has happened.
        """
        answer = self._granted({"grant_type": "refresh_token", "refresh_token": tokens.refresh})
        received = self.now()
        grant = tokens.grant
        if isinstance(answer.get("scope"), str):  # an empty one says that all was used up
            grant = evolve(grant, scopes=scopes_in(answer["scope"]))
        until = _end(received.replace(microsecond=0), answer.get(self.oauth.refresh_expires_field))
        if until is not None:
            grant = evolve(grant, until=until)
        return self._tokens(answer, received, tokens.refresh, grant)

    def revoke(self, tokens: Tokens) -> None:
        """Take back what was granted, at the service (RFC 7009).

        Raises:
            TokenRefused: The token is not accepted: it has ended, or was revoked already.
            AuthError: The app's keys are not accepted.
            AnswerLost: It may have been revoked or not.
            Unavailable: It was not.
        """
        status, body = self._post(self.oauth.revoke_url, {"token": tokens.access}, settles=True)
        if body is None and not 200 <= status < 300:
            raise AnswerLost(f"{self.title} answered with HTTP {status}.")

    def _tokens(
        self, answer: Mapping[str, Any], received: datetime, refresh: str, grant: Grant
    ) -> Tokens:
        return Tokens(
            access=answer["access_token"],
            refresh=text_in(dict(answer), "refresh_token") or refresh,
            expires_at=_end(received, answer.get("expires_in")),
            grant=grant,
        )

    def _account(self, answer: Mapping[str, Any]) -> str:
        value = answer.get(self.oauth.account_field)
        return str(value) if isinstance(value, str | int) else ""

    def _granted(self, fields: Mapping[str, str]) -> dict[str, Any]:
        """Ask for tokens, and make sure that some came."""
        status, body = self._post(self.oauth.token_url, fields)
        if body is None or not text_in(body, "access_token"):
            raise AnswerLost(f"{self.title} answered something that is no token (HTTP {status}).")
        if (text_in(body, "token_type") or "bearer").lower() != "bearer":
            raise AuthError(
                f"{self.title} gave a token of a kind that decamp does not know.",
                hint="A newer decamp may know it.",
            )
        return body

    def _post(
        self, url: str, fields: Mapping[str, str], *, settles: bool = False
    ) -> tuple[int, dict[str, Any] | None]:
        """Send a form, and read a JSON object; None if the answer is none.

        Args:
            settles: Even an error that the service puts into words leaves a doubt, if its own
                part broke down: something may have been done before.

        Raises:
            TransferError: What the service says is wrong; or no answer came.
        """
        import httpx

        form = {
            self.oauth.client_parameter: self.keys.key,
            "client_secret": self.keys.secret,
            **fields,
        }
        try:
            with self.client.stream("POST", url, data=form) as response:
                data = bytearray()
                for piece in response.iter_bytes():
                    data += piece
                    if len(data) > _MOST_BYTES:
                        break
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Unavailable(
                f"{self.title} cannot be reached.",
                hint="Look at the network, then run the same command again.",
                unsent=True,
            ) from error
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise AnswerLost(f"The answer of {self.title} was lost on its way.") from error
        body = body_of(bytes(data))
        refusal = refusal_in(body) if body is not None else None
        status = response.status_code
        if refusal is not None:
            refused = self._refused(refusal, fields, response.headers)
            if settles and status in _LOST and isinstance(refused, Unavailable):
                raise AnswerLost(refused.message)
            raise refused
        if status in (429, 503):
            raise as_error(
                Refusal("slow_down" if status == 429 else "temporarily_unavailable"),
                self.title,
                retry_after=_seconds(response.headers.get("retry-after")),
            )
        if status in _LOST:
            raise AnswerLost(f"{self.title} answered with HTTP {status}, and no reason.")
        if status >= 400:
            raise AuthError(
                f"{self.title} refused the sign-in (HTTP {status}, and no reason).",
                hint="Look whether the address of the service is right, then try again.",
            )
        return status, body

    def _refused(
        self, refusal: Refusal, fields: Mapping[str, str], headers: httpx.Headers
    ) -> TransferError:
        """Turn an error into one of ours; what we sent does not come back in its words."""
        said = refusal.description
        for secret in (self.keys.secret, self.keys.key, *fields.values()):
            said = said.replace(secret, _GONE) if len(secret) > 3 else said
        refusal = evolve(refusal, description=said)
        error = as_error(refusal, self.title, retry_after=_seconds(headers.get("retry-after")))
        if refusal.code in ("invalid_grant", "access_token_invalid", "invalid_token"):
            return TokenRefused(error.message, hint=error.hint)
        if isinstance(error, AppRefused) and self.wrong_keys:
            error.hint = f"{error.hint} {self.wrong_keys}"
        return error


def _end(start: datetime, seconds: Any) -> datetime | None:
    """Give the end of a lifetime; None if it is no sensible number."""
    try:
        lifetime = float(seconds)
    except (TypeError, ValueError):
        return None
    if isinstance(seconds, bool) or math.isnan(lifetime) or lifetime < 0:
        return None
    return start + min(timedelta(seconds=min(lifetime, _LONGEST.total_seconds())), _LONGEST)


def _seconds(text: str | None) -> float | None:
    """Read ``Retry-After`` in seconds (RFC 9110 section 10.2.3); a date is not read."""
    return float(text) if text and text.isascii() and text.isdigit() and len(text) < 7 else None
