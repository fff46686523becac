"""Small files that media begin like, of any length and all different."""

from __future__ import annotations

import random

__all__ = ["jpeg", "mp4", "webp"]


def mp4(size: int = 4_000, seed: int = 1) -> bytes:
    """Begin like an MP4 file."""
    return _filled(b"\0\0\0\x18ftypisom\0\0\0\0isomavc1", size, seed)


def jpeg(size: int = 2_000, seed: int = 1) -> bytes:
    """Begin like a JPEG file."""
    return _filled(b"\xff\xd8\xff\xe0\0\x10JFIF\0", size, seed)


def webp(size: int = 2_000, seed: int = 1) -> bytes:
    """Begin like a WebP file."""
    return _filled(b"RIFF\x10\0\0\0WEBPVP8 ", size, seed)


def _filled(head: bytes, size: int, seed: int) -> bytes:
    return head + random.Random(seed).randbytes(size - len(head))
