"""Webhooks of TikTok for Developers: verified by their signature, then read.

Facts: developers.tiktok.com/doc/webhooks-verification, /doc/webhooks-events and
/doc/webhooks-overview. The signature covers the raw bytes of the body, so they are checked
before anything is parsed.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from decamp.webhooks import CopyReady, GrantRemoved, Headers, Notice, Refusal, Removal

__all__ = ["HEADER", "MAX_BYTES", "WINDOW", "TikTokWebhooks"]

HEADER = "tiktok-signature"
"""TikTok's page writes it in two ways, so case is ignored, as RFC 9110 section 5.1 says."""

WINDOW = timedelta(minutes=5)
"""How far the time of a signature may be from ours, both ways; TikTok leaves that to us."""

MAX_BYTES = 64 << 10
"""The largest body that is looked at. TikTok's are a few hundred bytes."""

_TIME = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"[0-9a-fA-F]{64}")

_REASONS: Mapping[int, Removal] = {
    1: "disconnected",
    2: "account-deleted",
    3: "age-changed",
    4: "banned",
    5: "revoked-by-app",
}
"""``reason`` of ``authorization.removed``; 0 and numbers that are not listed are unknown."""


class TikTokWebhooks:
    """Verifies and reads what TikTok sends to the callback address of an app.

    Args:
        client_key: The key of the app. TikTok repeats it in each body.
        secrets: The secret of the app; while it is changed, the old and the new one.
        window: How old, or how far ahead, a signature may be.
    """

    def __init__(
        self, client_key: str, secrets: Sequence[str], *, window: timedelta = WINDOW
    ) -> None:
        if isinstance(secrets, str) or not secrets or not all(secrets):
            # Anyone can sign with an empty key; and the letters of one secret are no secrets.
            raise ValueError("secrets is to be a list of the app's secrets, none of them empty")
        self._client_key = client_key
        self._keys = tuple(secret.encode() for secret in secrets)
        self._window = window

    def read(self, headers: Headers, body: bytes, now: datetime) -> Notice | Refusal:
        """Verify a request, and only then read it."""
        if len(body) > MAX_BYTES:
            return Refusal(413, f"the body has {len(body)} bytes")
        refused = self._refused(headers, body, now)
        return refused if refused is not None else self._notice(body)

    def _refused(self, headers: Headers, body: bytes, now: datetime) -> Refusal | None:
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        found = [value for name, value in pairs if name.lower() == HEADER]
        if len(found) != 1:
            return Refusal(401, "there is no signature" if not found else "it is signed twice")
        signed = _signed(found[0])
        if signed is None:
            return Refusal(401, "the signature is malformed")
        time, signature = signed
        message = b"%b.%b" % (time.encode(), body)
        # Each key is tried, whether one fitted already or not: no time is told.
        fits = [
            hmac.compare_digest(hmac.digest(key, message, hashlib.sha256), signature)
            for key in self._keys
        ]
        if not any(fits):
            return Refusal(401, "the signature is not TikTok's")
        age = now.timestamp() - int(time)
        if abs(age) > self._window.total_seconds():
            return Refusal(401, f"the signature is {_far(age)}")
        return None

    def _notice(self, body: bytes) -> Notice | Refusal:
        message = _object(body)
        if message is None:
            # TikTok signed it, so it is kept; refusing it would only bring it again for 72 hours.
            return Notice(id=_digest(body), name="", at=None, event=None, body=body)
        if message.get("client_key") != self._client_key:
            return Refusal(403, "it is for another app")
        name = message.get("event")
        name = name if isinstance(name, str) else ""
        # What TikTok repeats is the event; nothing says that its bytes are the same.
        parts = [message.get(key) for key in ("event", "create_time", "user_openid", "content")]
        plain = all(part is None or isinstance(part, str | int) for part in parts)
        return Notice(
            id=_digest(repr(parts).encode() if plain else body),
            name=name,
            at=_time(message.get("create_time")),
            event=_event(name, message),
            body=body,
        )


def _signed(header: str) -> tuple[str, bytes] | None:
    """Take a header ``t=1633174587,s=18494715...`` apart; None if it is none."""
    pairs = [part.strip().partition("=") for part in header.split(",")]
    times = [value for name, _, value in pairs if name == "t"]
    signatures = [value for name, _, value in pairs if name == "s"]
    if len(times) != 1 or len(signatures) != 1:
        return None
    if not _TIME.fullmatch(times[0]) or not _SIGNATURE.fullmatch(signatures[0]):
        return None
    return times[0], bytes.fromhex(signatures[0])


def _event(name: str, message: Mapping[str, Any]) -> CopyReady | GrantRemoved | None:
    """Understand an event; None for one of other products, or of another shape."""
    content = message.get("content")  # JSON within JSON
    details = _object(content) if isinstance(content, str) else None
    if details is None:
        return None
    account = message.get("user_openid")
    account = account if isinstance(account, str) else ""
    if name == "portability.download.ready":
        request = details.get("request_id")
        return CopyReady(str(request), account) if _is_number(request) else None
    if name == "authorization.removed":
        reason = details.get("reason")
        if account:
            number = reason if isinstance(reason, int) and not isinstance(reason, bool) else 0
            return GrantRemoved(account, _REASONS.get(number, "unknown"))
    return None


def _object(text: str | bytes) -> dict[str, Any] | None:
    try:
        value = msgspec.json.decode(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _is_number(value: object) -> bool:
    """Tell whether it is an id: an int64, or its digits, for ids do not fit everywhere."""
    if isinstance(value, str):
        return value.isascii() and value.isdigit() and len(value) <= 20
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _time(seconds: object) -> datetime | None:
    if not isinstance(seconds, int) or isinstance(seconds, bool):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _far(age: float) -> str:
    # Seconds, not the time itself: enough to see a clock that is wrong.
    return f"{age:.0f} seconds old" if age > 0 else f"{-age:.0f} seconds ahead of our clock"
