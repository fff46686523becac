"""A JPEG file of flat blocks: baseline sequential (ITU-T T.81), three components, 4:4:4.

Each block of 8 by 8 pixels has one colour, so that only the first of its 64 coefficients is
not zero, and the tables of codes are short.
"""

from __future__ import annotations

import struct

from decamp_tiktok.sandbox.media.bits import Bits
from decamp_tiktok.sandbox.media.mosaic import mosaic

__all__ = ["jpeg"]

_STEP = 8
"""Quantisation step. A flat block's first coefficient is 8 times its level."""

_SIZES = range(10)
"""Categories of differences between levels: sizes in bits. Each has a code of 4 bits."""

_END_OF_BLOCK = 0b0, 1
"""The only code for the 63 other coefficients."""


def jpeg(seed: int, width: int = 320, height: int = 400) -> bytes:
    """Make a picture.

    Args:
        width: Pixels, from 1 to 65535.
        height: Pixels, from 1 to 65535.
    """
    frame = struct.pack(">BHHB", 8, height, width, 3)
    frame += b"".join(bytes((component, 0x11, 0)) for component in (1, 2, 3))
    scan = bytes((3, 1, 0x00, 2, 0x00, 3, 0x00, 0, 63, 0))
    return b"".join(
        (
            b"\xff\xd8",
            _segment(0xE0, b"JFIF\0" + struct.pack(">HBHHBB", 0x0101, 0, 1, 1, 0, 0)),
            _segment(0xDB, bytes([0]) + bytes([_STEP]) * 64),
            _segment(0xC0, frame),
            _segment(0xC4, _code_table(0x00, 4, bytes(_SIZES))),
            _segment(0xC4, _code_table(0x10, 1, b"\0")),
            _segment(0xDA, scan),
            _scan(seed, -(-width // 8), -(-height // 8)),
            b"\xff\xd9",
        )
    )


def _segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def _code_table(target: int, width: int, symbols: bytes) -> bytes:
    """Describe a table in which all codes have the same width."""
    counts = bytes(len(symbols) if length == width else 0 for length in range(1, 17))
    return bytes([target]) + counts + symbols


def _scan(seed: int, columns: int, rows: int) -> bytes:
    tile = 5  # blocks
    tiles = mosaic(seed, -(-columns // tile), -(-rows // tile))
    bits = Bits()
    previous = [0, 0, 0]
    for row in range(rows):
        line = tiles[row // tile]
        for column in range(columns):
            for component, sample in enumerate(line[column // tile]):
                level = sample - 128
                _put_difference(bits, level - previous[component])
                previous[component] = level
    bits.fill(1)
    # A byte of ones inside the scan is followed by a zero, or it would begin a marker.
    return bits.to_bytes().replace(b"\xff", b"\xff\0")


def _put_difference(bits: Bits, difference: int) -> None:
    size = abs(difference).bit_length()
    bits.put(size, 4)
    bits.put(difference if difference >= 0 else difference + (1 << size) - 1, size)
    bits.put(*_END_OF_BLOCK)
