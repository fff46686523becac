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

__all__ = ["GIVE_UP", "Answer", "Call", "refusal"]

Call = Literal["add", "check", "download", "cancel"]

_DOING: dict[Call, str] = {
    "add": "to prepare a copy of the data",
    "check": "to say how far the copy is",
    "download": "to hand out the copy",
    "cancel": "to cancel the request",
}
_SIGN_IN = "Sign in again: decamp connect tiktok."
_USED_UP = (
    "The permission was not given, or it was for a single copy and is used up. Grant access "
    "again: decamp connect tiktok."
)
_REGION = (
    "TikTok gives data through its API only of accounts in the EEA and the United Kingdom. From "
    "anywhere, the app's “Download your data” gives a file that decamp reads too."
)
_NO_REASON = (
    "TikTok does not say why. It may be that a permission for a single copy is used up (decamp "
    f"connect tiktok asks for a new one), or that a request is still open: then it helps to wait "
    f"some days. {_REGION}"
)
GIVE_UP = (
    "To give this request up: decamp cancel. Then a new copy can be asked for; if the permission was "
    "for a single one, with a new consent: decamp connect tiktok."
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


def refusal(answer: Answer, call: Call) -> TransferError:
    """Make the error for an answer that is not ok. An unknown code is shown as it came."""
    told = f"TikTok refuses {_DOING[call]}{answer.shown()}."
    code, status = answer.code, answer.status
    if code == "rate_limit_exceeded" or status == 429:
        return RateLimited(
            f"TikTok asks decamp to slow down{answer.shown()}.",
            hint="Run the same command again in some minutes.",
            retry_after=answer.retry_after,
        )
    if code == "access_token_invalid":
        return AuthError(f"TikTok does not accept the sign-in{answer.shown()}.", hint=_SIGN_IN)
    if code in ("scope_not_authorized", "scope_permission_missed"):
        return AccessDenied(told, hint=f"{_USED_UP} {_REGION}" if call == "add" else _USED_UP)
    if code == "internal_error" or status >= 500 or (status < 400 and code in ("", "ok")):
        return Unavailable(
            f"TikTok could not be made {_DOING[call]}{answer.shown()}.",
            hint="Run the same command again later.",
            retry_after=answer.retry_after,
        )
    if call == "add":
        return AccessDenied(told, hint=_NO_REASON)
    if code == "invalid_params":
        return SourceUnreadable(f"{told} It may not know the request any more.", hint=GIVE_UP)
    if status in (401, 403):
        return AccessDenied(told, hint=_SIGN_IN)
    return SourceUnreadable(told, hint=GIVE_UP)


def _text(value: object) -> str:
    """Make what TikTok says fit to be shown: one line, short, no link and no token."""
    if not isinstance(value, str | int) or isinstance(value, bool):
        return ""
    text = "".join(one if one.isprintable() else " " for one in str(value))
    return _SECRET.sub("[left out]", text)[:_MOST].strip()
