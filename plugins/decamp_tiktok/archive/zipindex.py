"""The directory of a zip file, checked before anything in it is believed.

`zipfile` reads the central directory and nothing else; section numbers are those of PKWARE's
APPNOTE.TXT. What is checked here on top are the known ways to make two readers see different
files, or to make little data look like much: CVE-2019-9674 and CVE-2024-0450 name some.
"""

from __future__ import annotations

import os
import stat
import struct
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import BinaryIO

from attrs import frozen

from decamp import SourceUnreadable
from decamp_tiktok.archive.limits import DAMAGED, Limits, over_limit, shown

__all__ = ["DEFLATED", "STORED", "ZipEntry", "find_data", "read_index"]

STORED = zipfile.ZIP_STORED
DEFLATED = zipfile.ZIP_DEFLATED

_ENCRYPTED = 1 << 0 | 1 << 6 | 1 << 13  # 4.4.4: traditional, strong, masked headers
_SIZES_FOLLOW = 1 << 3
_UTF8 = 1 << 11
_LOCAL_HEADER = struct.Struct("<4s5H3L2H")  # 4.3.7
_END = struct.Struct("<4s4H2LH")  # 4.3.16
_END64 = struct.Struct("<4sQ2H2L4Q")  # 4.3.14
_END64_LOCATOR = struct.Struct("<4sLQL")  # 4.3.15
_MAX_COMMENT = 0xFFFF
_IN_ZIP64 = 0xFFFFFFFF
_RECORD_ROOM = 512  # bytes of directory that one entry may use on average
_CREATED_ON_UNIX = 3
_METHODS = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "XZ", 98: "PPMd"}
_UNZIP = "Unzip it, and give the folder or the JSON file in it."


@frozen
class ZipEntry:
    """One entry of the directory."""

    name: str
    """As it stands there, perhaps hostile; nothing may be written under it."""

    method: int
    flags: int
    crc: int
    compressed: int
    """Bytes in the zip."""

    size: int
    """Bytes when inflated, as claimed."""

    offset: int
    """Where its local header begins."""

    room_end: int
    """Where the next thing in the zip begins, which its data may not reach into."""

    is_file: bool
    """False for folders, links and devices."""

    modified: datetime | None
    """The zip says no time zone, so UTC is a guess that may be hours off."""


def read_index(file: BinaryIO, name: str, limits: Limits) -> tuple[ZipEntry, ...]:
    """Read and check the directory of a zip file.

    Raises:
        SourceUnreadable: It is incomplete, damaged or hostile, or over a limit.
    """
    claimed = _check_end(file, name, limits)
    try:
        with zipfile.ZipFile(file) as archive:
            infos, directory = archive.infolist(), archive.start_dir
    except OSError:
        raise
    except Exception as error:  # zipfile lets eight types out of a damaged directory
        raise _damaged(name, "its list of contents is garbled") from error
    if (len(infos) - claimed) % 0x10000:  # old writers keep the lowest 16 bits only
        raise _damaged(name, f"it lists {len(infos):,} entries and claims {claimed:,}")
    return tuple(_check_entries(infos, directory, name))


def find_data(file: BinaryIO, entry: ZipEntry, zip_name: str) -> int:
    """Check an entry and its local header, and give the position of its data.

    Raises:
        SourceUnreadable: It cannot be inflated here, or directory and header differ.
    """
    label = f"{shown(entry.name)} in {zip_name}"
    if entry.flags & _ENCRYPTED:
        raise SourceUnreadable(f"{label} is encrypted.", hint=f"{_UNZIP} You need its password.")
    if entry.method not in (STORED, DEFLATED):
        method = _METHODS.get(entry.method, f"number {entry.method}")
        raise SourceUnreadable(
            f"{label} is compressed with a method that decamp does not read: {method}.",
            hint=_UNZIP,
        )
    file.seek(entry.offset)
    header = file.read(_LOCAL_HEADER.size)
    if len(header) < _LOCAL_HEADER.size or not header.startswith(b"PK\3\4"):
        raise _damaged(zip_name, f"byte {entry.offset:,} should begin {shown(entry.name)}")
    _, _, flags, method, _, _, crc, compressed, size, name_size, extra_size = _LOCAL_HEADER.unpack(
        header
    )
    raw_name = file.read(name_size)
    local_name = raw_name.decode("utf-8" if flags & _UTF8 else "cp437", "replace")
    same = (
        (flags ^ entry.flags) & _ENCRYPTED == 0
        and method == entry.method
        and local_name == entry.name
        and (
            flags & _SIZES_FOLLOW
            or (
                crc == entry.crc
                and compressed in (entry.compressed, _IN_ZIP64)
                and size in (entry.size, _IN_ZIP64)
            )
        )
    )
    start: int = entry.offset + _LOCAL_HEADER.size + name_size + extra_size
    if not same or start + entry.compressed > entry.room_end:
        raise _damaged(zip_name, f"it describes {shown(entry.name)} in two ways that do not agree")
    if entry.method == STORED and entry.compressed != entry.size:
        raise _damaged(zip_name, f"{shown(entry.name)} is stored as it is, in another size")
    return start


def _check_end(file: BinaryIO, name: str, limits: Limits) -> int:
    """Check the end record, so that the directory can be read in bounded memory.

    The record is looked for where `zipfile` looks for it.

    Returns:
        The number of entries that it claims.
    """
    total = file.seek(0, os.SEEK_END)
    tail_start = max(0, total - _END.size - _MAX_COMMENT)
    file.seek(tail_start)
    tail = file.read()
    found = len(tail) - _END.size
    if not (tail[-_END.size :].startswith(b"PK\5\6") and tail.endswith(b"\0\0")):
        found = tail.rfind(b"PK\5\6")
    if found < 0 or found + _END.size > len(tail):
        raise SourceUnreadable(
            f"{name} is an incomplete zip file: its end is missing.",
            hint="The download may have been interrupted: download it again.",
        )
    _, disk, start_disk, _, entries, size, _, _ = _END.unpack_from(tail, found)
    in_file = tail_start + found
    if in_file >= _END64_LOCATOR.size + _END64.size:
        file.seek(in_file - _END64_LOCATOR.size - _END64.size)
        before = file.read(_END64.size + _END64_LOCATOR.size)
        if before[_END64.size :].startswith(b"PK\6\7") and before.startswith(b"PK\6\6"):
            _, _, _, _, disk, start_disk, _, entries, size, _ = _END64.unpack_from(before)
    if disk or start_disk:
        raise SourceUnreadable(f"{name} is one part of a zip in several parts.", hint=_UNZIP)
    if entries > limits.max_entries or size > limits.max_entries * _RECORD_ROOM:
        raise over_limit(
            f"{name} has {entries:,} entries in {size:,} bytes", "max_entries", limits.max_entries
        )
    if size > in_file:
        raise _damaged(name, "its list of contents is larger than the file")
    file.seek(in_file - size)
    listed = file.read(size).count(b"PK\1\2")
    if listed > limits.max_entries:
        raise over_limit(f"{name} has {listed:,} entries", "max_entries", limits.max_entries)
    return int(entries)


def _check_entries(
    infos: Sequence[zipfile.ZipInfo], directory: int, zip_name: str
) -> list[ZipEntry]:
    seen: set[str] = set()
    for info in infos:
        if info.volume:
            raise SourceUnreadable(
                f"{zip_name} is one part of a zip in several parts.", hint=_UNZIP
            )
        if info.orig_filename in seen:
            raise _damaged(zip_name, f"it has two entries called {shown(info.orig_filename)}")
        seen.add(info.orig_filename)
    entries = []
    in_order = sorted(infos, key=lambda info: info.header_offset)
    ends = [*(info.header_offset for info in in_order), directory][1:]
    for info, room_end in zip(in_order, ends, strict=True):
        end = info.header_offset + _LOCAL_HEADER.size + info.compress_size
        if info.header_offset < 0 or end > room_end:
            raise _damaged(
                zip_name, f"{shown(info.orig_filename)} overlaps with what comes after it"
            )
        entries.append(_entry(info, room_end))
    return entries


def _entry(info: zipfile.ZipInfo, room_end: int) -> ZipEntry:
    mode = info.external_attr >> 16
    kind = stat.S_IFMT(mode) if info.create_system == _CREATED_ON_UNIX else 0
    return ZipEntry(
        name=info.orig_filename,
        method=info.compress_type,
        flags=info.flag_bits,
        crc=info.CRC,
        compressed=info.compress_size,
        size=info.file_size,
        offset=info.header_offset,
        room_end=room_end,
        is_file=not info.is_dir() and kind in (0, stat.S_IFREG),
        modified=_moment(info.date_time),
    )


def _moment(date_time: tuple[int, int, int, int, int, int]) -> datetime | None:
    if date_time[:3] == (1980, 1, 1):  # what writers without a clock put down
        return None
    try:
        return datetime(*date_time, tzinfo=UTC)
    except ValueError:
        return None


def _damaged(zip_name: str, why: str) -> SourceUnreadable:
    return SourceUnreadable(f"{zip_name} is not a sound zip file: {why}.", hint=DAMAGED)
