"""Recognises media by their first bytes: servers and file names say all sorts of things."""

from __future__ import annotations

from pathlib import PurePosixPath

__all__ = ["HEAD", "is_text", "recognise", "renamed", "sniff"]

HEAD = 512
"""So many first bytes are enough for `sniff`."""

_FAMILIES = frozenset(("video", "image", "audio"))

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"\xff\xf2", "audio/mpeg"),
    (b"\xff\xf1", "audio/aac"),
    (b"\xff\xf9", "audio/aac"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"FLV\x01", "video/x-flv"),
)

_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}

# Brands of ISO base media files (ISO/IEC 14496-12, registered at mp4ra.org).
_BRANDS = {
    b"qt  ": "video/quicktime",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"hevc": "image/heic",
    b"heim": "image/heic",
    b"heis": "image/heic",
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
}

_TS_PACKET = 188
_TS_SYNC = 0x47

# Containers of moving pictures that may as well hold sound alone.
_AS_AUDIO = {"video/mp4": "audio/mp4", "video/webm": "audio/webm"}

_EXTENSIONS: dict[str, tuple[str, ...]] = {
    "video/mp4": (".mp4", ".m4v"),
    "video/quicktime": (".mov", ".qt"),
    "video/webm": (".webm",),
    "video/x-matroska": (".mkv",),
    "video/x-msvideo": (".avi",),
    "video/x-flv": (".flv",),
    "video/mp2t": (".ts", ".mts"),
    "video/3gpp": (".3gp",),
    "image/jpeg": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "image/png": (".png",),
    "image/webp": (".webp",),
    "image/gif": (".gif",),
    "image/heic": (".heic", ".heif"),
    "image/avif": (".avif",),
    "audio/mpeg": (".mp3",),
    "audio/mp4": (".m4a", ".mp4", ".m4b"),
    "audio/aac": (".aac",),
    "audio/ogg": (".ogg", ".oga", ".opus"),
    "audio/webm": (".webm", ".weba"),
    "audio/flac": (".flac",),
    "audio/wav": (".wav",),
}


def sniff(head: bytes) -> str | None:
    """Tell the media type of a file by its first bytes; None if it is no medium we know."""
    for signature, media_type in _SIGNATURES:
        if head.startswith(signature):
            return media_type
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[:4] == b"\x1aE\xdf\xa3":  # EBML (RFC 8794); the document type stands early on
        return "video/webm" if b"webm" in head[:64] else "video/x-matroska"
    if head[4:8] == b"ftyp":
        return _brand(head)
    if head[4:8] in (b"moov", b"mdat", b"wide"):  # QuickTime before it had brands
        return "video/quicktime"
    if head[:1] and head[0] == _TS_SYNC and head[_TS_PACKET : _TS_PACKET + 1] == b"\x47":
        return "video/mp2t"
    return None


def _brand(head: bytes) -> str:
    box = head[8 : int.from_bytes(head[:4], "big")]
    major, compatible = box[:4], [box[at : at + 4] for at in range(8, len(box), 4)]
    if major in (b"mif1", b"msf1"):
        return "image/avif" if b"avif" in compatible else "image/heic"
    if major[:3] == b"3gp":
        return "video/3gpp"
    return _BRANDS.get(major, "video/mp4")


def is_text(head: bytes, content_type: str = "") -> bool:
    """Tell whether this is a page or a message (HTML, JSON, XML) in place of a file."""
    essence = content_type.partition(";")[0].strip().lower()
    if essence.endswith(("html", "json", "xml")) and not essence.startswith("image/"):
        return True
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"<", b"{", b"[")


def recognise(declared: str, head: bytes) -> str | None:
    """Settle what a file is, given what it was declared to be.

    Returns:
        The media type; None if the bytes are of another family than declared
        (``video``, ``image``, ``audio``), or of none.
    """
    found = sniff(head)
    family = declared.partition("/")[0]
    if family not in _FAMILIES:
        return found or (None if is_text(head) else declared)
    if family == "audio" and found in _AS_AUDIO:
        return _AS_AUDIO[found]
    return found if found is not None and found.startswith(f"{family}/") else None


def renamed(name: str, media_type: str) -> str:
    """Give a file name the extension of its media type, unless it has a fitting one."""
    fitting = _EXTENSIONS.get(media_type)
    path = PurePosixPath(name)
    if fitting is None or path.suffix.lower() in fitting:
        return name
    return path.stem + fitting[0]
