"""What the URLs of the archive tell without being fetched."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from posixpath import splitext
from urllib.parse import SplitResult, urlsplit

from decamp import Blob, Link
from decamp_tiktok.archive.values import EMPTY, SENTINELS

__all__ = ["addresses", "blob", "expires", "urls"]

_TYPES = {
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".heic": "image/heic",
    ".avif": "image/avif",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
}
_SUFFIXES = {
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
    "video/webm": ".webm",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/heic": ".heic",
    "image/avif": ".avif",
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a",
}


_expiry = re.compile(
    r"(?:^|&)(?:x-tos-expires|x-expires|expires)=([0-9]{1,11})(?:&|$)", re.IGNORECASE
)
_mime_type = re.compile(r"(?:^|&)mime_type=([a-z]+)[_/]([a-z0-9]+)(?:&|$)", re.IGNORECASE)


def urls(value: object) -> list[str]:
    """Split a ``Link`` into its URLs; photo posts have one a line."""
    if not isinstance(value, str):
        return []
    return [word for word in value.split() if _split(word) is not None]


def addresses(value: object) -> list[str | None]:
    """Split a ``Link`` into its URLs, with None for each line that has none.

    What TikTok writes for "nothing" gives an empty list.
    """
    if value in EMPTY:
        return []
    if not isinstance(value, str):
        return [None]
    found: list[str | None] = []
    for line in value.splitlines():
        if line.strip() not in SENTINELS:
            found += urls(line) or [None]
    return found


def blob(url: str, stem: str, default: str) -> Blob:
    """Describe the file behind a URL that `urls` gave.

    Args:
        stem: File name without extension.
        default: Media type if the URL tells none.
    """
    parts = urlsplit(url)
    kind = _media_type(parts) or default
    link = Link(url, expires_at=_expires_at(parts), key=parts.path)
    return Blob(stem + _SUFFIXES.get(kind, ""), kind, link=link)


def expires(url: str) -> int | None:
    """Tell when a URL that `urls` gave stops working, in Unix seconds."""
    found = _expiry.search(urlsplit(url).query)
    return int(found[1]) if found else None


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts if parts.scheme in ("http", "https") and parts.netloc else None


def _media_type(parts: SplitResult) -> str | None:
    found = _mime_type.search(parts.query)
    kind = f"{found[1]}/{found[2]}".lower() if found else ""
    return kind if kind in _SUFFIXES else _TYPES.get(splitext(parts.path)[1].lower())


def _expires_at(parts: SplitResult) -> datetime | None:
    found = _expiry.search(parts.query)
    return datetime.fromtimestamp(int(found[1]), UTC) if found else None
