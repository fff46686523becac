"""The motif of all made-up pictures: a mosaic whose colours come from a seed."""

from __future__ import annotations

from random import Random

__all__ = ["Colour", "mosaic"]

Colour = tuple[int, int, int]
"""Y, Cb, Cr (ITU-R BT.601), each from 16 to 235: what both full-range and limited-range
readers take for a colour."""


def mosaic(seed: int, columns: int, rows: int) -> list[list[Colour]]:
    """Paint rows of tiles: a sky, a sea, and a sun, in the seed's colours."""
    source = Random(f"{seed}/mosaic")
    warm, cool = (
        (source.randrange(70, 190), source.randrange(60, 200), source.randrange(60, 200))
        for _ in range(2)
    )
    horizon = source.randrange(max(1, rows // 3), max(2, rows * 2 // 3))
    sun_row, sun_column = source.randrange(horizon), source.randrange(columns)
    picture = []
    for row in range(rows):
        blend = row * 256 // rows
        line = []
        for _ in range(columns):
            base = warm if row < horizon else cool
            light = base[0] + blend // 8 + source.randrange(-6, 7)
            line.append((_clamp(light), base[1], base[2]))
        picture.append(line)
    picture[sun_row][sun_column] = (225, 90, 160)
    return picture


def _clamp(value: int) -> int:
    return min(max(value, 16), 235)
