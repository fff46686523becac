"""The bytes of a file, or of one entry of a zip, as a stream that is checked as it is read."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import BinaryIO, Protocol, Self, cast

from decamp import SourceUnreadable
from decamp_tiktok.archive.limits import DAMAGED, Limits, over_limit, shown
from decamp_tiktok.archive.zipindex import STORED, ZipEntry, find_data

try:  # inflates about twice as fast, where it has a wheel
    from isal import isal_zlib as codec

    _BAD_DATA: tuple[type[Exception], ...] = (zlib.error, cast("type[Exception]", codec.error))
except ImportError:
    import zlib as codec  # type: ignore[no-redef]

    _BAD_DATA = (zlib.error,)

__all__ = ["EntryReader", "FileReader", "Reader"]

_INPUT = 1 << 18
_RATIO_FREE = 1 << 24  # bytes; too few to hurt, whatever they came from


class Reader(Protocol):
    """Bytes from the first one on. Close it, or use it in a ``with`` statement."""

    def read(self, size: int) -> bytes:
        """Give up to so many bytes, at least one unless the end is reached.

        Raises:
            SourceUnreadable: They cannot be read, or are not what was promised.
        """
        ...

    @property
    def fraction(self) -> float:
        """How much has been read, 0 to 1, measured on disk."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...

    def __enter__(self) -> Self: ...
    def __exit__(self, *exc: object) -> None: ...


class FileReader:
    """Reads a file as it is."""

    def __init__(self, file: BinaryIO, size: int, path: Path) -> None:
        self._file = file
        self._size = size
        self._path = path
        self._done = 0

    def read(self, size: int) -> bytes:
        """Give up to so many bytes, at least one unless the end is reached."""
        part = _read(self._file, max(size, 1), self._path)
        self._done += len(part)
        return part

    @property
    def fraction(self) -> float:
        """How much has been read, 0 to 1."""
        return min(1.0, self._done / self._size) if self._size else 1.0

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class EntryReader(FileReader):
    """Inflates one entry of a zip, and checks size, ratio and CRC-32 while it does.

    Nothing is buffered beyond one piece of input and one of output, and no more output is
    made than the directory promised.
    """

    def __init__(self, file: BinaryIO, entry: ZipEntry, limits: Limits, path: Path) -> None:
        if entry.size > limits.max_bytes:
            raise over_limit(
                f"{shown(entry.name)} in {path.name} has {entry.size:,} bytes",
                "max_bytes",
                limits.max_bytes,
            )
        super().__init__(file, entry.compressed, path)
        self._entry = entry
        self._max_ratio = limits.max_ratio
        try:
            self._start = find_data(file, entry, path.name)
            file.seek(self._start)
        except OSError as error:
            raise _unreadable(path, error) from error
        self._given = 0
        self._crc = 0
        self._inflater = codec.decompressobj(-zlib.MAX_WBITS)
        self._check_ratio(entry.size, entry.compressed)

    def read(self, size: int) -> bytes:
        """Give up to so many bytes, at least one unless the end is reached."""
        # One more than is left, so that data beyond the promised end is seen.
        wanted = min(max(size, 1), self._entry.size - self._given + 1)
        part = self._stored(wanted) if self._entry.method == STORED else self._inflated(wanted)
        self._given += len(part)
        self._crc = codec.crc32(part, self._crc)
        if self._given > self._entry.size:
            raise self._bad(f"it has more than the {self._entry.size:,} bytes that it claims")
        self._check_ratio(self._given, self._done - len(self._inflater.unconsumed_tail))
        if not part:
            self._check_end()
        return part

    def _stored(self, size: int) -> bytes:
        left = self._entry.compressed - self._done
        return super().read(min(size, left)) if left else b""

    def _inflated(self, size: int) -> bytes:
        inflater = self._inflater
        while not inflater.eof:
            piece = inflater.unconsumed_tail or self._stored(_INPUT)
            try:
                part: bytes = inflater.decompress(piece, size)
            except _BAD_DATA:
                raise self._bad("its compressed data is garbled") from None
            if part:
                return part
            if not piece:
                raise self._bad("its compressed data ends too early")
        return b""

    def _check_ratio(self, given: int, done: int) -> None:
        if given > _RATIO_FREE and given > max(done, 1) * self._max_ratio:
            raise over_limit(
                f"{shown(self._entry.name)} in {self._path.name} grows from {done:,} to "
                f"{given:,} bytes, as zip bombs do",
                "max_ratio",
                self._max_ratio,
            )

    def _check_end(self) -> None:
        entry = self._entry
        if self._given < entry.size:
            raise self._bad(f"it has {self._given:,} of the {entry.size:,} bytes that it claims")
        if self._done < entry.compressed or self._inflater.unused_data:
            raise self._bad("something follows its compressed data")
        if self._crc != entry.crc:
            raise self._bad("its checksum (CRC-32) is wrong")

    def _bad(self, why: str) -> SourceUnreadable:
        return SourceUnreadable(
            f"{shown(self._entry.name)} in {self._path.name} is damaged at byte "
            f"{self._start + self._done:,} or before: {why}.",
            hint=DAMAGED,
        )


def _read(file: BinaryIO, size: int, path: Path) -> bytes:
    try:
        return file.read(size)
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> SourceUnreadable:
    return SourceUnreadable(
        f"{path} cannot be read: {error.strerror}.", hint="Check the disk it is on."
    )
