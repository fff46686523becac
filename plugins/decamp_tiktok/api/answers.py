"""Answers of TikTok's API: the envelope, and what each error code means for us.

Sources: developers.tiktok.com/doc/tiktok-api-v2-error-handling,
developers.tiktok.com/doc/data-portability-api-download
"""

from __future__ import annotations

import json
import re
from typing import Any, Literal

from attrs import field, frozen

from decamp import (
    AccessDenied,
    AuthError,
    RateLimited,
    SourceUnreadable,
    TransferError,
    Unavailable,
)

__all__ = ["CONNECT", "Answer", "Call", "give_up", "refusal"]

CONNECT = "decamp connect tiktok"
"""Where the host names no connection."""


Call = Literal["add", "check", "download", "cancel"]

_DOING: dict[Call, str] = {
    "add": "to prepare a copy of the data",
    "check": "to say how far the copy is",
    "download": "to hand out the copy",
    "cancel": "to cancel the request",
}
_REGION = (
    "TikTok gives data through its API only of accounts in the EEA and the United Kingdom. From "
    "anywhere, the app's “Download your data” gives a file that decamp reads too."
)
_SECRET = re.compile(r"https?://\S+|\b(?:act|rft|clt)\.\S+", re.IGNORECASE)
_MOST = 200


@frozen
class Answer:
    """An answer without a copy in it."""

    status: int
    code: str
    """``error.code``; empty if the body is not the API's."""

    message: str
    log_id: str
    data: dict[str, Any] = field(factory=dict, repr=False)
    retry_after: float | None = None

    @property
    def ok(self) -> bool:
        """Tell whether TikTok did what it was asked; the body decides, and the status too."""
        return self.code == "ok" and self.status < 400

    @classmethod
    def read(cls, status: int, body: bytes, retry_after: str = "") -> Answer:
        """Read a body: the API's, the other shape of Login Kit's errors, or anything else."""
        given = retry_after.isascii() and retry_after.isdigit() and len(retry_after) < 7
        seconds = float(retry_after) if given else None
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            return cls(status, "", "", "", retry_after=seconds)
        error, data = document.get("error"), document.get("data")
        if isinstance(error, str):  # developers.tiktok.com/doc/oauth-error-handling
            error = {
                "code": error,
                "message": document.get("error_description"),
                "log_id": document.get("log_id"),
            }
        error = error if isinstance(error, dict) else {}
        return cls(
            status,
            _text(error.get("code")),
            _text(error.get("message")),
            _text(error.get("log_id")),
            data if isinstance(data, dict) else {},
            seconds,
        )

    def shown(self) -> str:
        """Describe it for a person and for TikTok's support, with nothing secret in it."""
        facts = [f"code {self.code}"] if self.code else []
        facts.append(f"HTTP {self.status}")
        facts += [f"log_id {self.log_id}"] if self.log_id else []
        said = f": {self.message.rstrip('.')}" if self.message else ""
        return f"{said} ({', '.join(facts)})"


def give_up(connect: str) -> str:
    """Say how a request is given up, and what comes after it.

    Args:
        connect: The command by which the person grants access again.
    """
    return (
        "To give this request up: decamp cancel. Then a new copy can be asked for; if the "
        f"permission was for a single one, with a new consent: {connect}."
    )


def refusal(answer: Answer, call: Call, connect: str = CONNECT) -> TransferError:
    """Make the error for an answer that is not ok. An unknown code is shown as it came.

    Args:
        connect: The command by which the person grants access again.
    """
    sign_in = f"Sign in again: {connect}."
    told = f"TikTok refuses {_DOING[call]}{answer.shown()}."
    code, status = answer.code, answer.status
    if code == "rate_limit_exceeded" or status == 429:
        return RateLimited(
            f"TikTok asks decamp to slow down{answer.shown()}.",
            hint="Run the same command again in some minutes.",
            retry_after=answer.retry_after,
        )
    if code == "access_token_invalid":
        return AuthError(f"TikTok does not accept the sign-in{answer.shown()}.", hint=sign_in)
    if code in ("scope_not_authorized", "scope_permission_missed"):
        used_up = (
            "The permission was not given, or it was for a single copy and is used up. Grant "
            f"access again: {connect}."
        )
        return AccessDenied(told, hint=f"{used_up} {_REGION}" if call == "add" else used_up)
    if code == "internal_error" or status >= 500 or (status < 400 and code in ("", "ok")):
        return Unavailable(
            f"TikTok could not be made {_DOING[call]}{answer.shown()}.",
            hint="Run the same command again later.",
            retry_after=answer.retry_after,
        )
    if call == "add":
        return AccessDenied(
            told,
            hint="TikTok does not say why. It may be that a permission for a single copy is used up "
            f"({connect} asks for a new one), or that a request is still open: then it helps to "
            f"wait some days. {_REGION}",
        )
    if code == "invalid_params":
        return SourceUnreadable(
            f"{told} It may not know the request any more.", hint=give_up(connect)
        )
    if status in (401, 403):
        return AccessDenied(told, hint=sign_in)
    return SourceUnreadable(told, hint=give_up(connect))


def _text(value: object) -> str:
    """Make what TikTok says fit to be shown: one line, short, no link and no token."""
    if not isinstance(value, str | int) or isinstance(value, bool):
        return ""
    text = "".join(one if one.isprintable() else " " for one in str(value))
    return _SECRET.sub("[left out]", text)[:_MOST].strip()
