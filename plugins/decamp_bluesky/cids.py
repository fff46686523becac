"""Content identifiers: what a record or a blob will be called, known before it is sent.

Records are DAG-CBOR (https://ipld.io/specs/codecs/dag-cbor/spec/), named by CID version 1 with
SHA-256 (https://atproto.com/specs/data-model#link-and-cid-formats).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

__all__ = ["blob_cid", "record_cid"]

_RAW, _DAG_CBOR = 0x55, 0x71


def blob_cid(sha256: str) -> str:
    """Name a blob by its SHA-256, lower-case hexadecimal."""
    return _text(_RAW, bytes.fromhex(sha256))


def record_cid(record: Mapping[str, Any]) -> str:
    """Name a record, given as the JSON that is sent."""
    return _text(_DAG_CBOR, hashlib.sha256(_encoded(record)).digest())


def _text(codec: int, digest: bytes) -> str:
    name = bytes((1, codec, 0x12, 0x20)) + digest
    return "b" + base64.b32encode(name).decode().lower().rstrip("=")


def _encoded(value: Any) -> bytes:
    """Encode JSON values; a link is ``{"$link": CID}``. Floats do not occur."""
    if value is None or isinstance(value, bool):
        return {False: b"\xf4", True: b"\xf5", None: b"\xf6"}[value]
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, str):
        data = value.encode()
        return _head(3, len(data)) + data
    if isinstance(value, list | tuple):
        return _head(4, len(value)) + b"".join(map(_encoded, value))
    if isinstance(value, Mapping):
        if value.keys() == {"$link"}:
            text = value["$link"][1:].upper()
            data = b"\0" + base64.b32decode(text + "=" * (-len(text) % 8))
            return b"\xd8\x2a" + _head(2, len(data)) + data
        pairs = sorted((key.encode(), one) for key, one in value.items())
        pairs.sort(key=lambda pair: len(pair[0]))
        encoded = (_encoded(key.decode()) + _encoded(one) for key, one in pairs)
        return _head(5, len(pairs)) + b"".join(encoded)
    raise TypeError(f"a record cannot hold {type(value).__name__}")


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes((major << 5 | number,))
    size = next(power for power in range(4) if number < 1 << (8 << power))
    return bytes((major << 5 | 24 + size,)) + number.to_bytes(1 << size)
