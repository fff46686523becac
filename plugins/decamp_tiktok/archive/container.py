"""Finds the one JSON file in what a person hands over, and streams its bytes.

A zip file (under any name, the JSON at any depth), a folder with the JSON or the zip in it, or
the bare JSON file. Nothing is ever extracted or written.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from attrs import field, frozen

from decamp import SourceUnreadable
from decamp_tiktok.archive import recognise
from decamp_tiktok.archive.inflate import EntryReader, FileReader, Reader
from decamp_tiktok.archive.limits import Limits, NotAnExport, over_limit
from decamp_tiktok.archive.zipindex import ZipEntry, read_index

__all__ = ["Container", "Limits", "Reader", "looks_like_export", "open_container"]

_DEFAULT = Limits()
_MAX_FOLDER_DEPTH = 5
_MAX_ZIPS = 50
_ZIP_SIGNS = (b"PK\3\4", b"PK\5\6", b"PK\7\x08")


@frozen
class Container:
    """The JSON file of an export, wherever it lies."""

    name: str
    """The file's name, or the entry's in the zip; perhaps hostile, never a path to write to."""

    path: Path
    """The zip or JSON file on disk."""

    size: int
    """Bytes of JSON; for a zip, as its directory claims and `Reader.read` enforces."""

    modified: datetime | None
    """When it was written, as its zip or folder says: an estimate of the export's date."""

    _entry: ZipEntry | None = field(repr=False)
    _stamp: tuple[int, int] = field(repr=False)
    _limits: Limits = field(repr=False)

    def open(self) -> Reader:
        """Stream the JSON from its first byte; as often as needed.

        Raises:
            SourceUnreadable: The file is gone, has changed, or its header is damaged.
        """
        with ExitStack() as stack:
            file = stack.enter_context(_open(self.path))
            if _stamp(os.fstat(file.fileno())) != self._stamp:
                raise SourceUnreadable(
                    f"{self.path} has changed since decamp began to read it.", hint="Try again."
                )
            reader = (
                FileReader(file, self.size, self.path)
                if self._entry is None
                else EntryReader(file, self._entry, self._limits, self.path)
            )
            stack.pop_all()  # the reader closes the file from now on
            return reader

    def fingerprint(self) -> str:
        """Tell which copy this is: the same for the same bytes, wherever the file lies.

        Of a zip it takes the entry's name, size and checksum, so that it is quick; a bare
        file has to be read.
        """
        if self._entry is not None:
            entry = self._entry
            text = f"{entry.crc:08x} {entry.size} {entry.name}"
            return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        digest = hashlib.sha256()
        with self.open() as reader:
            while part := reader.read(1 << 20):
                digest.update(part)
        return digest.hexdigest()


def open_container(path: Path, limits: Limits = _DEFAULT) -> Container:
    """Find the JSON file of an export.

    Raises:
        SourceUnreadable: There is none, or more than one, or it is damaged, hostile or over a
            limit. `NotAnExport` if nothing says that TikTok made it.
    """
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise NotAnExport(
            f"There is no file or folder {path}.", hint="Check the spelling of the path."
        ) from None
    except OSError as error:
        raise _refused(path, error) from error
    if stat.S_ISDIR(mode):
        return _from_folder(path, limits)
    if not stat.S_ISREG(mode):
        raise NotAnExport(
            f"{path} is neither a file nor a folder.", hint="Give the zip file that TikTok made."
        )
    return _from_file(path, limits)


def looks_like_export(path: Path) -> bool:
    """Tell whether TikTok made this, even if it cannot be read; quick, and never raises."""
    try:
        open_container(path)
    except NotAnExport:
        # `Path.is_file` would raise where a folder above may not be read.
        return recognise.is_export_name(path.name) and os.path.isfile(path)  # noqa: PTH113
    except SourceUnreadable:
        return True
    return True


def _from_file(path: Path, limits: Limits) -> Container:
    with _open(path) as file:
        status = os.fstat(file.fileno())
        head = _read_head(file, path)
        if head.startswith(_ZIP_SIGNS):
            return _from_zip(file, path, status, limits)
    name = path.name.lower()
    if not recognise.is_json_object(head):
        raise recognise.looks_like(head, str(path))
    if name == recognise.LEMON8_NAME:
        raise recognise.lemon8_only(str(path))
    if name not in recognise.EXPORT_NAMES and not recognise.is_export_text(head):
        raise recognise.looks_like(head, str(path))
    if status.st_size > limits.max_bytes:
        raise over_limit(f"{path} has {status.st_size:,} bytes", "max_bytes", limits.max_bytes)
    return Container(
        name=path.name,
        path=path,
        size=status.st_size,
        modified=_moment(status.st_mtime),
        entry=None,
        stamp=_stamp(status),
        limits=limits,
    )


def _from_zip(file: BinaryIO, path: Path, status: os.stat_result, limits: Limits) -> Container:
    try:
        entries = read_index(file, str(path), limits)
    except OSError as error:
        raise _refused(path, error) from error
    except SourceUnreadable as error:
        if _zip_mentions_export(file, status.st_size):
            raise
        raise NotAnExport(error.message, hint=error.hint) from error
    files = {
        entry.name: entry
        for entry in entries
        if entry.is_file
        # What macOS adds: attributes of the file of the same name, in a format of its own.
        and not entry.name.startswith("__MACOSX/")
        and not recognise.base_name(entry.name).startswith("._")
    }

    def head(name: str) -> bytes:
        try:
            # Closing the reader would close the zip, which is still needed.
            return EntryReader(file, files[name], limits, path).read(recognise.HEAD_BYTES)
        except SourceUnreadable:
            return b""

    names = list(files)
    name = recognise.find_by_name(names, str(path))
    name = name or recognise.find_by_content(names, head, str(path))
    if name is None:
        raise recognise.explain_absence(names, str(path), "zip file")
    entry = files[name]
    EntryReader(file, entry, limits, path)  # checks limits and header now, not when reading
    return Container(
        name=entry.name,
        path=path,
        size=entry.size,
        modified=entry.modified,
        entry=entry,
        stamp=_stamp(status),
        limits=limits,
    )


def _from_folder(folder: Path, limits: Limits) -> Container:
    files = {
        path.relative_to(folder).as_posix(): path for path in _walk(folder, limits.max_entries)
    }

    def head(name: str) -> bytes:
        try:
            with _open(files[name]) as file:
                return _read_head(file, files[name])
        except SourceUnreadable:
            return b""

    names = list(files)
    name = recognise.find_by_name(names, str(folder))
    if name is not None:
        return _from_file(files[name], limits)
    zips = [path for path in files.values() if path.suffix.lower() == ".zip"]
    container = _from_zips(zips[:_MAX_ZIPS], folder, limits)
    if container is not None:
        return container
    name = recognise.find_by_content(names, head, str(folder))
    if name is None:
        raise recognise.explain_absence(names, str(folder), "folder")
    return _from_file(files[name], limits)


def _from_zips(zips: list[Path], folder: Path, limits: Limits) -> Container | None:
    found: list[Container] = []
    damaged: SourceUnreadable | None = None
    for path in zips:
        try:
            found.append(_from_file(path, limits))
        except NotAnExport:
            continue
        except SourceUnreadable as error:
            damaged = damaged or error
    if len(found) > 1:
        raise recognise.ambiguous([container.path.name for container in found], str(folder))
    if not found and damaged:
        raise damaged
    return found[0] if found else None


def _walk(folder: Path, max_files: int) -> Iterator[Path]:
    """Yield the files in a folder and some levels below it, in order; follow no links."""
    pending = [(folder, 0)]
    seen = 0
    while pending:
        here, depth = pending.pop()
        try:
            with os.scandir(here) as found:
                entries = sorted(
                    (entry.name, entry.is_dir(follow_symlinks=False), entry.is_file())
                    for entry in found
                )
        except OSError as error:
            if here == folder:
                raise _refused(folder, error) from error
            continue  # what is looked for may well be elsewhere
        for name, is_folder, is_file in entries:
            seen += 1
            if seen > max_files:
                raise over_limit(f"{folder} has {seen:,} files or more", "max_entries", max_files)
            if is_folder:
                if depth < _MAX_FOLDER_DEPTH:
                    pending.append((here / name, depth + 1))
            elif is_file and not name.startswith("._"):
                yield here / name


def _zip_mentions_export(file: BinaryIO, size: int) -> bool:
    """Look for TikTok's file names where a zip has names: at its beginning and at its end."""
    try:
        file.seek(0)
        start = file.read(recognise.HEAD_BYTES)
        file.seek(max(0, size - recognise.HEAD_BYTES))
        return recognise.mentions_export(start) or recognise.mentions_export(file.read())
    except OSError:
        return False


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise _refused(path, error) from error


def _read_head(file: BinaryIO, path: Path) -> bytes:
    try:
        return file.read(recognise.HEAD_BYTES)
    except OSError as error:
        raise _refused(path, error) from error


def _refused(path: Path, error: OSError) -> NotAnExport:
    return NotAnExport(
        f"{path} cannot be read: {error.strerror or 'the system refuses'}.",
        hint="Check that you may read it.",
    )


def _stamp(status: os.stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns


def _moment(seconds: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None
