"""File names that are safe everywhere, and never shared by two originals.

A name made of lower-case ASCII letters, digits and ``_ - .`` stays as it is. Any other
is cleaned for the eye and gets a digest of its original behind a ``~``, which plain names
never contain. So two originals differ even where the file system ignores case or stores
another normal form (UAX #15), and no table of a Python version's Unicode data decides.
"""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata

__all__ = ["MAX_NAME_BYTES", "marked_file_name", "safe_file_name", "safe_name"]

MAX_NAME_BYTES = 120
"""Half of what common file systems allow, since some store names in a longer form."""

_PLAIN = re.compile(r"[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_-])?")
_EXTENSION = re.compile(r"(.+)(\.[A-Za-z0-9]{1,10})", re.DOTALL)
# Device names of Windows, which it finds before any extension and any trailing space.
_DEVICE = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])\s*(?:\.|$)",
    re.IGNORECASE,
)
_FORBIDDEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f"  # control characters
    r'<>:"/\\|?*%'  # Windows, separators, and what manifests write in another way
    r"\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"  # unseen, or reorders
    r"\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"  # no characters at all
)
_DIGEST_CHARACTERS = 16  # of base 32: 80 bits


def safe_name(text: str, *, max_bytes: int = MAX_NAME_BYTES) -> str:
    """Turn any text into the name of a file or folder.

    Deterministic, in normal form C, at most `max_bytes` long in UTF-8. Distinct texts give
    names that stay distinct when case and normal form are ignored.

    Raises:
        ValueError: `max_bytes` has no room for a digest and a few characters.
    """
    return text if _is_plain(text, max_bytes) else _marked(text, text, "", max_bytes)


def safe_file_name(text: str, *, max_bytes: int = MAX_NAME_BYTES) -> str:
    """Do as `safe_name` does, but keep an extension at the end: ``Straße~….jpg``."""
    return text if _is_plain(text, max_bytes) else marked_file_name(text, max_bytes=max_bytes)


def marked_file_name(text: str, *, max_bytes: int = MAX_NAME_BYTES) -> str:
    """Do as `safe_file_name` does, with a digest in any case."""
    parts = _EXTENSION.fullmatch(text)
    stem, extension = parts.groups() if parts else (text, "")
    return _marked(text, stem, extension.lower(), max_bytes)


def _is_plain(text: str, max_bytes: int) -> bool:
    fits = len(text) <= max_bytes
    return fits and _PLAIN.fullmatch(text) is not None and _DEVICE.match(text) is None


def _marked(original: str, readable: str, extension: str, max_bytes: int) -> str:
    # Lone surrogates occur in JSON (RFC 8259 section 8.2) and have to give a digest too.
    digest = hashlib.sha256(original.encode("utf-8", "surrogatepass")).digest()
    mark = "~" + base64.b32encode(digest).decode("ascii").lower()[:_DIGEST_CHARACTERS] + extension
    room = max_bytes - len(mark)
    if room < 8:
        raise ValueError(f"{max_bytes} bytes are too few for a safe name")
    return _readable(readable, room) + mark


def _readable(text: str, room: int) -> str:
    """Clean a text and cut it to `room` bytes, between characters."""
    text = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", text))
    text = " ".join(text.split()).lstrip(".- ")
    if _DEVICE.match(text):
        text = "_" + text
    text = text.encode("utf-8")[:room].decode("utf-8", "ignore").rstrip(". ")
    return text or "_"
