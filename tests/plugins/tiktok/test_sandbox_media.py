"""The made-up media are real: judged by the structure that their standards ask for."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest

from decamp_tiktok.sandbox.media import jpeg, mp4


def boxes(data: bytes) -> Iterator[tuple[str, bytes]]:
    while data:
        size, kind = struct.unpack(">I4s", data[:8])
        assert 8 <= size <= len(data)
        yield kind.decode(), data[8:size]
        data = data[size:]


def box(data: bytes, path: str) -> bytes:
    for kind in path.split("/"):
        data = dict(boxes(data))[kind]
    return data


def segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield marker and body of each JPEG segment; the scan comes with its code."""
    assert data[:2] == b"\xff\xd8"
    assert data[-2:] == b"\xff\xd9"
    position = 2
    while data[position + 1] != 0xDA:
        marker, size = struct.unpack(">xBH", data[position : position + 4])
        yield marker, data[position + 4 : position + 2 + size]
        position += 2 + size
    yield 0xDA, data[position + 2 : -2]


class Reader:
    """Reads bits, as ITU-T H.264 section 9.1 and ITU-T T.81 section F.2 say."""

    def __init__(self, data: bytes) -> None:
        self.bits = "".join(f"{byte:08b}" for byte in data)
        self.position = 0

    def take(self, width: int) -> int:
        self.position += width
        return int(self.bits[self.position - width : self.position] or "0", 2)

    def golomb(self) -> int:
        zeros = self.bits.index("1", self.position) - self.position
        self.position += zeros
        return self.take(zeros + 1) - 1


def unguarded(unit: bytes) -> bytes:
    return unit.replace(b"\0\0\3", b"\0\0")


def test_film_has_the_boxes_of_a_playable_file() -> None:
    data = mp4(4, frames=12)
    assert [kind for kind, _ in boxes(data)] == ["ftyp", "moov", "mdat"]
    media = box(data, "moov/trak/mdia")
    table = box(media, "minf/stbl")
    assert set(dict(boxes(table))) == {"stsd", "stts", "stss", "stsc", "stsz", "stco"}
    scale, duration = struct.unpack(">II", box(media, "mdhd")[12:20])
    assert (scale, duration) == (12, 12)


def test_film_index_points_at_whole_units() -> None:
    data = mp4(4, frames=12)
    table = box(data, "moov/trak/mdia/minf/stbl")
    sizes = struct.unpack(">12I", box(table, "stsz")[12:])
    (position,) = struct.unpack(">I", box(table, "stco")[8:])
    kinds = []
    for size in sizes:
        (length,) = struct.unpack(">I", data[position : position + 4])
        assert length == size - 4
        kinds.append(data[position + 4] & 31)
        position += size
    assert kinds == [5] + [1] * 11
    assert position == len(data)


def test_film_frames_read_back() -> None:
    columns, rows = 4, 3
    data = mp4(9, columns=columns, rows=rows, frames=2)
    table = box(data, "moov/trak/mdia/minf/stbl")
    first, second = struct.unpack(">2I", box(table, "stsz")[12:])
    film = box(data, "mdat")
    key, change = film[4:first], film[first + 4 : first + second]

    reader = Reader(unguarded(key[1:]))
    assert [reader.golomb() for _ in range(3)] == [0, 7, 0]
    reader.take(8)
    assert reader.golomb() == 0
    reader.take(2)
    assert [reader.golomb(), reader.golomb()] == [0, 1]
    for _ in range(columns * rows):
        assert reader.golomb() == 25
        reader.position += -reader.position % 8
        samples = [reader.take(8) for _ in range(384)]
        assert {len(set(part)) for part in (samples[:256], samples[256:320], samples[320:])} == {1}
        assert 16 <= min(samples) <= max(samples) <= 235
    assert reader.take(1) == 1  # stop bit

    reader = Reader(unguarded(change[1:]))
    assert [reader.golomb() for _ in range(3)] == [0, 5, 0]
    assert reader.take(8) == 1
    assert reader.take(3) == 0
    assert [reader.golomb(), reader.golomb()] == [0, 1]
    position = 0
    while position < columns * rows:
        position += reader.golomb()
        if position < columns * rows:
            assert reader.golomb() == 30
            reader.position += -reader.position % 8 + 8 * 384
            position += 1
    assert reader.take(1) == 1


@pytest.mark.parametrize(("width", "height"), [(320, 400), (133, 77), (1, 1)])
def test_picture_decodes_to_its_last_block(width: int, height: int) -> None:
    parts = list(segments(jpeg(3, width, height)))
    assert [marker for marker, _ in parts] == [0xE0, 0xDB, 0xC0, 0xC4, 0xC4, 0xDA]
    frame = parts[2][1]
    assert struct.unpack(">HH", frame[1:5]) == (height, width)
    code = parts[-1][1]
    (header,) = struct.unpack(">H", code[:2])
    reader = Reader(code[header:].replace(b"\xff\0", b"\xff"))
    levels = [0, 0, 0]
    seen = set()
    for _ in range(-(-width // 8) * -(-height // 8)):
        for component in range(3):
            size = reader.take(4)
            value = reader.take(size)
            levels[component] += value if not size or value >> (size - 1) else value - 2**size + 1
            assert reader.take(1) == 0  # end of block
        assert all(-128 <= level <= 127 for level in levels)
        seen.add(tuple(levels))
    assert set(reader.bits[reader.position :]) <= {"1"}
    assert len(reader.bits) - reader.position < 8
    assert len(seen) > 1 or width == 1


def test_seeds_look_different_and_repeat() -> None:
    assert mp4(1) == mp4(1)
    assert len({mp4(seed) for seed in range(20)}) == 20
    assert jpeg(1) == jpeg(1)
    assert len({jpeg(seed) for seed in range(20)}) == 20
