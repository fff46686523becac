"""What a file is by its first bytes, and how wide and high its picture is.

Records tell the ratio, so that apps leave room before the picture is there. What cannot be told
is left out; nothing here raises for bytes that are odd.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import BinaryIO

__all__ = ["HEAD", "is_page", "looks", "size_of"]

HEAD = 1 << 18
"""So many first bytes are enough for an image."""

_SIGNATURES = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
)
_NO_VIDEO = (b"heic", b"heix", b"mif1", b"avif", b"M4A ", b"qt  ")
_MOST_ATOMS = 10_000
_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def looks(head: bytes) -> str:
    """Tell the media type of bytes: JPEG, PNG, GIF, WebP or MP4; empty if it is none of these."""
    for signature, media_type in _SIGNATURES:
        if head.startswith(signature):
            return media_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp" and head[8:12] not in _NO_VIDEO:
        return "video/mp4"
    return ""


def is_page(head: bytes) -> bool:
    """Tell whether this is a web page or a message (HTML, XML, JSON) in place of a file."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"<", b"{", b"[")


def size_of(media_type: str, head: bytes, body: BinaryIO) -> tuple[int, int] | None:
    """Tell width and height in pixels.

    Args:
        media_type: As `looks` gives it.
        head: The first `HEAD` bytes.
        body: The whole file from its first byte on; read for a video only.
    """
    try:
        size = _mp4(body) if media_type == "video/mp4" else _IMAGES[media_type](head)
    except (KeyError, IndexError, struct.error, ValueError, OverflowError):
        return None
    return (size[0], size[1]) if size and 0 < size[0] < 1 << 16 and 0 < size[1] < 1 << 16 else None


def _png(data: bytes) -> tuple[int, int]:
    return struct.unpack(">II", data[16:24])


def _gif(data: bytes) -> tuple[int, int]:
    return struct.unpack("<HH", data[6:10])


def _jpeg(data: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 < len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker in _SOF:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 2 + int.from_bytes(data[at + 2 : at + 4]) if marker != 0xFF else 1
    return None


def _webp(data: bytes) -> tuple[int, int] | None:
    form = data[12:16]
    if form == b"VP8 ":
        width, height = struct.unpack("<HH", data[26:30])
        return width & 0x3FFF, height & 0x3FFF
    if form == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if form == b"VP8X":
        wide, high = data[24:27], data[27:30]
        return int.from_bytes(wide, "little") + 1, int.from_bytes(high, "little") + 1
    return None


_IMAGES: dict[str, Callable[[bytes], tuple[int, int] | None]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/gif": _gif,
    "image/webp": _webp,
}


def _mp4(body: BinaryIO) -> tuple[int, int] | None:
    """Find the first track with a picture; ISO/IEC 14496-12 sections 8.2 and 8.3."""
    for kind, moov in _atoms(body):
        if kind == b"moov":
            for size in map(_track, _children(moov, b"trak")):
                if size:
                    return size
    return None


def _track(trak: bytes) -> tuple[int, int] | None:
    for header in _children(trak, b"tkhd"):
        start = 52 if header[0] == 1 else 40
        turned = struct.unpack(">i", header[start : start + 4])[0] == 0
        width, height = (one >> 16 for one in struct.unpack(">II", header[start + 36 : start + 44]))
        if width and height:
            return (height, width) if turned else (width, height)
    return None


def _atoms(body: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """Go through the atoms of a file; only ``moov`` is given with its content."""
    for _ in range(_MOST_ATOMS):
        header = body.read(8)
        if len(header) < 8:
            return
        size, kind = struct.unpack(">I4s", header)
        size -= 8
        if size == 1 - 8:
            size = int.from_bytes(body.read(8)) - 16
        if size < 0 or (kind == b"moov" and size > 64 << 20):
            return
        if kind == b"moov":
            yield kind, body.read(size)
        else:
            _skip(body, size)


def _skip(body: BinaryIO, size: int) -> None:
    if body.seekable():
        body.seek(size, 1)
        return
    while size > 0 and (piece := body.read(min(size, 1 << 20))):
        size -= len(piece)


def _children(data: bytes, wanted: bytes) -> Iterator[bytes]:
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        if size < 8:
            return
        if kind == wanted:
            yield data[at + 8 : at + size]
        at += size
