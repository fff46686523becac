"""Webhooks as TikTok sends them, signed without any code of decamp's."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from decamp.webhooks import Headers, Notice, Refusal
from decamp_tiktok.api.webhooks import TikTokWebhooks

KEY = "developer_client_key"
SECRET = "a client secret"
SIGNED_AT = 1615338615
NOW = datetime.fromtimestamp(SIGNED_AT, UTC)
READY = (
    b'{"client_key":"developer_client_key","event":"portability.download.ready",'
    b'"create_time":1615338610,"content":"{\\"request_id\\":123123123123123}"}'
)
READY_SIGNATURE = "4bbb68af0b5698f97b6b70f9226c02c6b41145ef229065e1882f04471fb99636"
"""By ``printf '%s' "1615338615.$BODY" | openssl dgst -sha256 -hmac 'a client secret'``."""


def sign(body: bytes, secret: str = SECRET, at: int = SIGNED_AT) -> str:
    made = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},s={made.hexdigest()}"


def message(event: str, content: Any, **more: Any) -> bytes:
    text = content if isinstance(content, str) else json.dumps(content)
    told = {"client_key": KEY, "event": event, "create_time": 1615338610, "content": text, **more}
    return json.dumps(told).encode()


def read(
    body: bytes,
    headers: Headers | None = None,
    *,
    now: datetime = NOW,
    secrets: Iterable[str] = (SECRET,),
) -> Notice | Refusal:
    given_ = {"TikTok-Signature": sign(body)} if headers is None else headers
    return TikTokWebhooks(KEY, tuple(secrets)).read(given_, body, now)


def notice(body: bytes) -> Notice:
    found = read(body)
    assert isinstance(found, Notice)
    return found


def refused(found: Notice | Refusal, status: int = 401) -> str:
    assert isinstance(found, Refusal), found
    assert found.status == status
    return found.reason
