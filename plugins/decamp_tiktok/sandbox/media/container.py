"""The boxes of an MP4 file (ISO/IEC 14496-12 and -15), for one video track."""

from __future__ import annotations

import struct

from attrs import frozen

__all__ = ["Track", "movie"]

_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_UNDETERMINED = 0x55C4  # the language "und", five bits a letter


@frozen
class Track:
    """A film in H.264."""

    width: int
    """Pixels."""

    height: int
    parameters: tuple[bytes, bytes]
    """The NAL units of the sequence and of the picture parameters."""

    samples: list[bytes]
    """One per frame: NAL units, each after its length in four bytes. The first can be
    decoded alone."""

    samples_per_second: int


def movie(track: Track) -> bytes:
    """Make the file. The index comes before the data, as it does for the web."""
    kind = _box("ftyp", b"isom", _numbers(512), b"isomiso2avc1mp41")
    # The index holds the position of the data, and its size does not depend on it.
    start = len(kind) + len(_index(track, 0)) + 8
    return kind + _index(track, start) + _box("mdat", *track.samples)


def _index(track: Track, start: int) -> bytes:
    duration = len(track.samples)
    header = _full_box(
        "mvhd",
        _numbers(0, 0, track.samples_per_second, duration),
        _numbers(0x10000),
        struct.pack(">H", 0x100),
        bytes(10),
        _MATRIX,
        bytes(24),
        _numbers(2),
    )
    return _box("moov", header, _track(track, start))


def _track(track: Track, start: int) -> bytes:
    duration = len(track.samples)
    header = _full_box(
        "tkhd",
        _numbers(0, 0, 1, 0, duration),
        bytes(16),
        _MATRIX,
        _numbers(track.width << 16, track.height << 16),
        flags=3,
    )
    media_header = _full_box(
        "mdhd",
        _numbers(0, 0, track.samples_per_second, duration),
        struct.pack(">HH", _UNDETERMINED, 0),
    )
    handler = _full_box("hdlr", bytes(4), b"vide", bytes(12), b"video\0")
    own_file = _full_box("dref", _numbers(1), _full_box("url ", flags=1))
    information = _box(
        "minf",
        _full_box("vmhd", bytes(8), flags=1),
        _box("dinf", own_file),
        _sample_table(track, start),
    )
    return _box("trak", header, _box("mdia", media_header, handler, information))


def _sample_table(track: Track, start: int) -> bytes:
    count = len(track.samples)
    return _box(
        "stbl",
        _full_box("stsd", _numbers(1), _sample_entry(track)),
        _full_box("stts", _numbers(1, count, 1)),
        _full_box("stss", _numbers(1, 1)),
        _full_box("stsc", _numbers(1, 1, count, 1)),
        _full_box("stsz", _numbers(0, count, *map(len, track.samples))),
        _full_box("stco", _numbers(1, start)),
    )


def _sample_entry(track: Track) -> bytes:
    sequence, picture = track.parameters
    configuration = _box(
        "avcC",
        b"\x01" + sequence[1:4] + b"\xff",  # version, profile and level, lengths of four bytes
        b"\xe1" + struct.pack(">H", len(sequence)) + sequence,
        b"\x01" + struct.pack(">H", len(picture)) + picture,
    )
    return _box(
        "avc1",
        bytes(6) + struct.pack(">H", 1),
        bytes(16),
        struct.pack(">HH", track.width, track.height),
        _numbers(72 << 16, 72 << 16, 0),
        struct.pack(">H", 1),
        bytes(32),
        struct.pack(">Hh", 24, -1),
        configuration,
    )


def _box(kind: str, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return _numbers(len(body) + 8) + kind.encode() + body


def _full_box(kind: str, *parts: bytes, flags: int = 0) -> bytes:
    return _box(kind, _numbers(flags), *parts)


def _numbers(*values: int) -> bytes:
    return struct.pack(f">{len(values)}I", *values)
