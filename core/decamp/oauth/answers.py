"""Reads what a service answers at a sign-in: grants, and errors in either of two shapes."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from attrs import frozen

from decamp.errors import AccessDenied, AuthError, RateLimited, TransferError, Unavailable
from decamp.redaction import redact

__all__ = [
    "AnswerLost",
    "AppRefused",
    "Refusal",
    "as_error",
    "body_of",
    "denied",
    "refusal_in",
    "scopes_in",
    "text_in",
]

_LONGEST = 300
_AGAIN = "Begin the sign-in again."
_LATER = "Wait some minutes, then run the same command again."
_SAID: dict[str, tuple[str, str]] = {
    "invalid_client": (
        "does not know this app: its key or its secret is wrong",
        "Compare both with the app's page in the developer portal; mind blanks at their ends.",
    ),
    "unauthorized_client": (
        "does not let this app sign anybody in",
        "Look at the app's page in the developer portal: its review may not be finished.",
    ),
    "invalid_scope": (
        "refused the whole sign-in: the app may not ask for one of these permissions",
        "Ask for permissions that the app was approved for, or apply for the others first.",
    ),
    "invalid_request": ("could not understand the sign-in", _AGAIN),
    "invalid_grant": (
        "does not accept the sign-in: it was used before, or its time is over",
        _AGAIN,
    ),
    "access_denied": ("did not grant anything", _AGAIN),
}
"""By the codes of RFC 6749 sections 4.1.2.1 and 5.2: what happened, and what to do."""

_BUSY = ("server_error", "temporarily_unavailable", "internal_error")
_TOO_MANY = ("rate_limit_exceeded", "slow_down")


class AnswerLost(Unavailable):
    """The service was asked, and nobody can tell what it did."""


class AppRefused(AuthError):
    """The key or the secret of the app is not accepted (``invalid_client``)."""


@frozen
class Refusal:
    """Why a service did not do what it was asked."""

    code: str
    description: str = ""
    log_id: str = ""
    """By it the service's support finds the call."""


def body_of(data: bytes) -> dict[str, Any] | None:
    """Read a JSON object; None if it is anything else."""
    try:
        body = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def refusal_in(body: dict[str, Any]) -> Refusal | None:
    """Find the error in an answer, whatever its HTTP status; None if it has none.

    TikTok's OAuth errors are flat: ``error``, ``error_description``, ``log_id``
    (developers.tiktok.com/doc/oauth-error-handling). Those of its API are an object under the
    same key, whose ``code`` is ``ok`` for a success (.../tiktok-api-v2-error-handling).
    """
    error = body.get("error")
    if isinstance(error, dict):
        code = text_in(error, "code")
        if code in ("", "ok"):
            return None
        return Refusal(code, text_in(error, "message"), text_in(error, "log_id"))
    if not isinstance(error, str) or error in ("", "ok"):
        return None
    return Refusal(error, text_in(body, "error_description"), text_in(body, "log_id"))


def text_in(body: dict[str, Any], name: str) -> str:
    """Give a text of an answer; empty if there is none of this name."""
    value = body.get(name)
    return value if isinstance(value, str) else ""


def scopes_in(text: str) -> frozenset[str]:
    """Part a list of scopes; by blanks (RFC 6749 section 3.3) or, as TikTok does, commas."""
    return frozenset(scope for scope in re.split(r"[\s,]+", text) if scope)


def denied(code: str, description: str, title: str) -> AuthError:
    """Say what an error in the redirect means (RFC 6749 section 4.1.2.1)."""
    if code == "access_denied":
        return AccessDenied(
            f"You did not agree at {title}, so nothing was granted.",
            hint="If that was a mistake, begin the sign-in again.",
        )
    return _auth_error(Refusal(code, description), title)


def as_error(refusal: Refusal, title: str, *, retry_after: float | None = None) -> TransferError:
    """Say what an error of the token endpoint means (RFC 6749 section 5.2)."""
    if refusal.code in _TOO_MANY:
        return RateLimited(
            f"{title} asks to slow down{_said(refusal)}.", hint=_LATER, retry_after=retry_after
        )
    if refusal.code in _BUSY:
        return Unavailable(
            f"{title} cannot sign in now{_said(refusal)}.", hint=_LATER, retry_after=retry_after
        )
    return _auth_error(refusal, title)


def _auth_error(refusal: Refusal, title: str) -> AuthError:
    what, hint = _SAID.get(refusal.code, ("refused the sign-in", _AGAIN))
    kind = AppRefused if refusal.code == "invalid_client" else AuthError
    return kind(f"{title} {what}{_said(refusal)}.", hint=hint)


def _said(refusal: Refusal) -> str:
    """Quote the service, without what could open something and without end."""
    parts = [refusal.code, refusal.description]
    if refusal.log_id:
        parts.append(f"log_id {refusal.log_id}")
    quoted = "; ".join(_short(part) for part in parts if part)
    return f" ({quoted})" if quoted else ""


def _short(text: str) -> str:
    plain = redact(" ".join(text.split())).rstrip(".")
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]}..."
