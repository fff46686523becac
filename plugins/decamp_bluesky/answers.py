"""What a server's answers mean: each status as one of decamp's errors.

A PDS says more with the name of an error than with its status: an invalid token is 400, and so is
a record that is not there (https://atproto.com/specs/xrpc#error-responses).
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from decamp import (
    AccessDenied,
    AuthError,
    DestinationFull,
    DestinationRefused,
    ItemRejected,
    RateLimited,
    TransferError,
    Unavailable,
)

__all__ = ["BROKEN_TOKENS", "Refused", "ServerFault", "date_of", "document", "error_of"]

BROKEN_TOKENS = frozenset(("ExpiredToken", "InvalidToken", "AuthMissing"))
_CLOSED = {
    "AccountDeactivated": "is deactivated",
    "AccountTakedown": "was taken down by its server",
    "AccountSuspended": "is suspended",
    "RepoDeactivated": "is deactivated",
    "RepoTakendown": "was taken down by its server",
}
_SHOWN = 200
_WAIT = 60.0


class Refused(ItemRejected):
    """The server understood and says no; `name` is its word for why."""

    def __init__(self, message: str, name: str, status: int) -> None:
        super().__init__(message)
        self.name = name
        self.status = status


class ServerFault(Unavailable):
    """The server failed (500), which some do where they should say no."""


def document(answer: httpx.Response) -> dict[str, Any]:
    """Read an answer as JSON.

    Raises:
        DestinationRefused: It is none: this is no AT Protocol server.
    """
    if not answer.content:
        return {}
    try:
        value = answer.json()
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise no_server(answer.url.host)
    return value


def no_server(host: str) -> DestinationRefused:
    """Say that a server is none of these."""
    return DestinationRefused(
        f"{host} does not answer like a server of Bluesky's protocol.",
        hint="Check the address of your server (-o to.server=https://...), or leave it out.",
    )


def error_of(answer: httpx.Response, doing: str, now: datetime) -> TransferError:
    """Make an error of an answer that is no success.

    Args:
        doing: What was asked for, for the message.
        now: The time, where the server does not tell its own.
    """
    host = answer.url.host
    name, said = _words(answer)
    if answer.status_code == 429 or name == "RateLimitExceeded":
        pause = _pause(answer, now)
        return RateLimited(f"{host} asks to wait before {doing}.", retry_after=pause)
    if name in _CLOSED:
        return AccessDenied(
            f"The account {_CLOSED[name]}, so {host} takes nothing for it.",
            hint="Settle that in the Bluesky app, then run the same command again.",
        )
    if answer.status_code == 401 or name in BROKEN_TOKENS:
        return AuthError(f"{host} does not accept the sign-in ({name or 401}).")
    if answer.status_code == 403:
        return AccessDenied(f"{host} does not allow {doing} with this sign-in ({name or 403}).")
    if answer.status_code == 413 or name in ("PayloadTooLarge", "BlobTooLarge"):
        return Refused(f"{host} takes no file as large as this one.", "PayloadTooLarge", 413)
    if answer.status_code == 507:
        return DestinationFull(f"{host} has no room left.")
    if answer.status_code == 500:
        return ServerFault(f"{host} failed at {doing} (HTTP 500).")
    if answer.status_code > 500 or answer.status_code in (408, 425):
        return Unavailable(
            f"{host} cannot answer now (HTTP {answer.status_code}).",
            retry_after=_header_seconds(answer, now),
        )
    if answer.status_code == 404 and not name:
        return no_server(host)
    if 300 <= answer.status_code < 400:
        return DestinationRefused(f"{host} sends decamp elsewhere, where it does not follow.")
    why = f": {said}" if said else f" ({name or answer.status_code})"
    return Refused(f"{host} refuses {doing}{why}", name, answer.status_code)


def _words(answer: httpx.Response) -> tuple[str, str]:
    """Give the name of an error, and what the server says about it, fit to be shown."""
    try:
        body = answer.json()
    except ValueError:
        return "", ""
    if not isinstance(body, dict):
        return "", ""
    name, said = body.get("error"), body.get("message")
    shown = " ".join(str(said or "").split())
    shown = "".join(letter for letter in shown if letter.isprintable())[:_SHOWN]
    return (name if isinstance(name, str) and name.isalnum() else ""), shown


def date_of(answer: httpx.Response) -> datetime | None:
    """Tell when a server says that it answered; None if it does not say."""
    return _date(answer.headers.get("date", ""))


def _pause(answer: httpx.Response, now: datetime) -> float:
    """Tell how long to wait: until ``RateLimit-Reset`` by the server's own clock."""
    seconds = _header_seconds(answer, now)
    if seconds is not None:
        return seconds
    try:
        reset = float(answer.headers["ratelimit-reset"])
    except (KeyError, ValueError):
        return _WAIT
    here = date_of(answer) or now
    return max(1.0, reset - here.timestamp() + 1)


def _header_seconds(answer: httpx.Response, now: datetime) -> float | None:
    value = answer.headers.get("retry-after", "")
    if value.isdecimal():
        return min(float(value), 86_400.0)
    moment = _date(value)
    here = date_of(answer) or now
    return max(0.0, (moment - here).total_seconds()) if moment else None


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text) if text else None
    except ValueError:
        return None
    # RFC 5322 section 3.3: "-0000" is UTC, of which no zone is told.
    return found.replace(tzinfo=UTC) if found and found.tzinfo is None else found
