"""Zip files made to mislead, and zip files that were damaged on the way."""

from __future__ import annotations

import io
import random
import struct
import tracemalloc
import zipfile
import zlib
from pathlib import Path
from types import ModuleType

import pytest

from decamp import SourceUnreadable
from decamp_tiktok.archive import inflate
from decamp_tiktok.archive.container import looks_like_export, open_container
from decamp_tiktok.archive.limits import Limits
from zipcraft import (
    CENTRAL,
    END,
    EXPORT_JSON,
    LOCAL,
    export_zip,
    make_zip,
    patch,
    patch_both,
)

CODECS = sorted({inflate.codec, zlib}, key=lambda module: module.__name__)


@pytest.fixture(params=CODECS, ids=lambda module: module.__name__)
def codec(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Inflate with the accelerator, if there is one, and with the standard library."""
    monkeypatch.setattr(inflate, "codec", request.param)
    return request.param


def content(raw: bytes, folder: Path, limits: Limits | None = None, size: int = 1 << 16) -> bytes:
    path = folder / "export.zip"
    path.write_bytes(raw)
    with open_container(path, limits or Limits()).open() as reader:
        return b"".join(iter(lambda: reader.read(size), b""))


def refusal(raw: bytes, folder: Path, limits: Limits | None = None) -> str:
    with pytest.raises(SourceUnreadable) as caught:
        content(raw, folder, limits)
    assert caught.value.hint
    assert "export.zip" in caught.value.message
    return caught.value.message


@pytest.mark.usefixtures("codec")
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("size", [1, 100, 1 << 20])
def test_sound_zips_are_read_in_pieces_of_any_size(tmp_path: Path, method: int, size: int):
    assert content(export_zip(method=method), tmp_path, size=size) == EXPORT_JSON


@pytest.mark.usefixtures("codec")
def test_zip64_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 0)  # makes a ZIP64 end record
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("user_data_tiktok.json", "w", force_zip64=True) as member:
            member.write(EXPORT_JSON)
        archive.writestr("b.txt", "b")
    assert b"PK\6\6" in out.getvalue()

    assert content(out.getvalue(), tmp_path) == EXPORT_JSON


def test_sizes_that_follow_the_data_are_read(tmp_path: Path):
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise OSError

    out = Pipe()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("user_data_tiktok.json", EXPORT_JSON)

    assert content(out.getvalue(), tmp_path) == EXPORT_JSON


def test_a_zip_behind_other_bytes_and_before_a_comment_is_read(tmp_path: Path):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = b"made by a friend"
        archive.writestr("user_data_tiktok.json", EXPORT_JSON)

    assert content(out.getvalue(), tmp_path) == EXPORT_JSON


# --- headers


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (patch_both(export_zip(), 6, 8, "H", 1), "user_data_tiktok.json in .* is encrypted"),
        (patch_both(export_zip(), 6, 8, "H", 1 << 6), "is encrypted"),
        (patch_both(export_zip(), 8, 10, "H", 9), "Deflate64"),
        (patch_both(export_zip(), 8, 10, "H", 14), "LZMA"),
        (patch_both(export_zip(), 8, 10, "H", 77), "number 77"),
        (patch(export_zip(), LOCAL, 6, "H", 1), "two ways"),
        (patch(export_zip(), LOCAL, 8, "H", 0), "two ways"),
        (patch(export_zip(), LOCAL, 14, "L", 1), "two ways"),
        (patch(export_zip(), LOCAL, 18, "L", 1), "two ways"),
        (patch(export_zip(), LOCAL, 22, "L", 1), "two ways"),
        (patch(export_zip(), LOCAL, 28, "H", 60000), "two ways"),
        (patch(export_zip(), LOCAL, 30, "4s", b"evil"), "two ways"),
        (patch(export_zip(), CENTRAL, 42, "L", 7), "should begin|overlaps"),
        (patch(export_zip(), CENTRAL, 34, "H", 1), "in several parts"),
        (patch(export_zip(), END, 4, "HH", 1, 1), "in several parts"),
        (patch(export_zip(), END, 8, "HH", 3, 3), "lists 1 entries and claims 3"),
        (patch(export_zip(), END, 12, "L", 1 << 25), "larger than the file"),
        (patch(export_zip(), CENTRAL, 8, "H14x30xB", 1 << 11, 0xFF), "garbled"),
    ],
)
def test_headers_that_cannot_be_trusted_are_refused(tmp_path: Path, raw: bytes, words: str):
    with pytest.raises(SourceUnreadable, match=words) as caught:
        content(raw, tmp_path)

    assert caught.value.hint


def test_the_same_name_twice_is_refused(tmp_path: Path):
    raw = make_zip({"user_data_tiktok.json": EXPORT_JSON, "user_data_tiktok.jsOn": b"{}"})

    assert "two entries called user_data_tiktok.json" in refusal(
        raw.replace(b"jsOn", b"json"), tmp_path
    )


def test_a_link_is_no_export(tmp_path: Path):
    info = zipfile.ZipInfo("user_data_tiktok.json")
    info.create_system = 3
    info.external_attr = 0o120777 << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(info, "/etc/passwd")

    assert "is an empty zip file" in refusal(out.getvalue(), tmp_path)


def test_names_cannot_garble_the_message(tmp_path: Path):
    message = refusal(make_zip({"\x1b[31m\n" + "x" * 300: b""}), tmp_path)

    assert message.isprintable()
    assert len(message) < 500


# --- bombs


def test_a_thousand_entries_on_one_piece_of_data_are_refused(tmp_path: Path):
    one = make_zip({"user_data_tiktok.json": b"{}" + b" " * 1_000_000})
    directory = one.index(CENTRAL)
    record = one[directory : one.index(END)]
    records = b"".join(
        record[:46] + f"{number:04}_data_tiktok.json".encode() + record[46 + 21 :]
        for number in range(1000)
    )
    end = struct.pack("<4s4H2LH", END, 0, 0, 1000, 1000, len(records), directory, 0)

    assert "overlaps with what comes after it" in refusal(one[:directory] + records + end, tmp_path)


@pytest.mark.usefixtures("codec")
@pytest.mark.parametrize("honest", [True, False], ids=["size claimed", "size hidden"])
def test_a_bomb_is_refused_early_and_in_little_memory(tmp_path: Path, honest: bool):
    raw = export_zip(b'{"a":"' + b" " * (64 << 20) + b'"}')
    if not honest:  # under the ratio as claimed, and over it in truth
        raw = patch_both(raw, 22, 24, "L", 1 << 20)

    tracemalloc.start()
    try:
        message = refusal(raw, tmp_path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert ("max_ratio is 200" if honest else "more than the 1,048,576 bytes") in message
    assert peak < 4 << 20


@pytest.mark.usefixtures("codec")
def test_the_ratio_is_counted_while_reading(tmp_path: Path):
    # The dull part comes first: the whole is under the limit, this is not.
    noise = random.Random(4).randbytes(1 << 19).hex().encode()
    raw = export_zip(b'{"a":"' + b" " * (40 << 20) + noise + b'"}')

    assert "as zip bombs do" in refusal(raw, tmp_path, Limits(max_ratio=300))


def test_small_files_may_be_dull(tmp_path: Path):
    data = b'{"a":"' + b" " * (1 << 20) + b'"}'

    assert content(export_zip(data), tmp_path) == data


@pytest.mark.usefixtures("codec")
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_data_that_is_not_what_was_promised_is_refused(tmp_path: Path, method: int):
    raw = export_zip(method=method)
    start = 30 + len("user_data_tiktok.json")
    compressed = raw.index(CENTRAL) - start
    size = len(EXPORT_JSON)

    flipped = bytearray(raw)
    flipped[start + compressed // 2] ^= 0x10
    damaged = {
        "more than it claims": patch_both(raw, 22, 24, "L", size - 1),
        "less than it claims": patch_both(raw, 22, 24, "L", size + 1),
        "longer than its data": patch_both(raw, 18, 20, "L", compressed - 1),
        "another checksum": patch_both(raw, 14, 16, "L", 12345),
        "a flipped bit": bytes(flipped),
    }

    for name, data in damaged.items():
        message = refusal(data, tmp_path)
        assert "damaged at byte" in message or "in another size" in message, name


def test_limits_name_their_option(tmp_path: Path):
    raw = make_zip({"user_data_tiktok.json": EXPORT_JSON, "b": b"", "c": b""})

    assert "max_entries is 2" in refusal(raw, tmp_path, Limits(max_entries=2))
    assert "max_bytes is 1,000" in refusal(raw, tmp_path, Limits(max_bytes=1000))


def test_entries_that_the_end_record_hides_are_counted(tmp_path: Path):
    raw = make_zip({f"{number:03}": b"" for number in range(300)})
    raw = patch(raw, END, 8, "HH", 1, 1)

    assert "has 300 entries, and max_entries is 200" in refusal(
        raw, tmp_path, Limits(max_entries=200)
    )


# --- damage


@pytest.mark.usefixtures("codec")
def test_a_download_that_was_cut_off_is_called_incomplete(tmp_path: Path):
    raw = export_zip()
    for end in range(100, len(raw), 97):
        message = refusal(raw[:end], tmp_path)
        assert "incomplete zip file" in message
        assert looks_like_export(tmp_path / "export.zip")


def _mutants(raw: bytes, count: int) -> list[bytes]:
    dice = random.Random(20)
    headers = [
        at for sign in (LOCAL, CENTRAL, END) for at in range(raw.index(sign), raw.index(sign) + 22)
    ]
    mutants = []
    for number in range(count):
        data = bytearray(raw)
        at = dice.choice(headers) if number % 2 else dice.randrange(len(raw))
        match number % 6:
            case 0:
                data[at] ^= 1 << dice.randrange(8)
            case 1 | 5:
                data[at] = dice.choice((0, 1, 0x7F, 0xFF))
            case 2:
                del data[at : at + dice.randrange(1, 40)]
            case 3:
                data[at : at + 4] = dice.choice((b"\0" * 4, b"\xff" * 4, b"PK\1\2", b"PK\5\6"))
            case 4:
                data[at:at] = dice.randbytes(dice.randrange(1, 40))
        mutants.append(bytes(data))
    return mutants


@pytest.mark.usefixtures("codec")
def test_mutants_are_refused_or_read_correctly(tmp_path: Path):
    members = {"readme.txt": b"hello", "a/user_data_tiktok.json": EXPORT_JSON}
    refused = 0
    for mutant in _mutants(make_zip(members), 600):
        try:
            assert content(mutant, tmp_path) == EXPORT_JSON
        except SourceUnreadable:
            refused += 1
        looks_like_export(tmp_path / "export.zip")

    assert 300 < refused < 600
