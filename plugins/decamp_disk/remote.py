"""A bundle on any file system that fsspec knows: an object store, or memory.

An object appears whole or not at all, and where the store has a conditional write, never
over another. So files are made ready on this machine and then sent under their names, one
by one; a folder does not appear at once, but its record comes last.
"""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from attrs import evolve, frozen

from decamp import Conflict, DestinationRefused
from decamp.bundle import Held, Staging, Stamp, measured, says_no_more
from decamp.sending import aside
from decamp_disk.backends import Backend, changed
from decamp_disk.remote_failures import explain_remote, remote_explained

__all__ = ["RemoteFolder"]

_BLOCK = 4 << 20
"""Bytes that one request brings."""


class RemoteFolder:
    """A folder of a file system of fsspec. What its methods promise: `protocols.Folder`."""

    def __init__(self, backend: Backend, scratch: Path) -> None:
        self.root = backend.title
        self._backend = backend
        self._fs = backend.fs
        self._local = Staging(os.fspath(scratch))
        self._made: set[str] = set()
        self._listing = _Listing(self._list)
        self.looks_first = False
        """Look whether a name is free before each file: the store knows no conditions."""

    def path(self, relative: str) -> str:
        """Tell the address of a relative path."""
        return f"{self._backend.url}/{relative}"

    # --- temporaries ---------------------------------------------------------------------

    def prepare(self) -> None:
        """Drop what killed runs have sent in part; their other files were on this machine."""
        with self._explained(""):
            self._backend.sweep()

    def staged_file(self) -> AbstractContextManager[str]:
        """Name a private file on this machine."""
        return self._local.file()

    def staged_folder(self) -> AbstractContextManager[str]:
        """Make a private folder on this machine."""
        return self._local.folder()

    def close(self) -> None:
        """Remove the staging folder."""
        self._local.close()

    # --- writing -------------------------------------------------------------------------

    def write(self, path: str, head: bytes, body: Iterable[bytes] = ()) -> Held:
        """Write a new file on this machine."""
        with aside():
            return self._local.write(path, head, body)

    def publish_file(self, staged: str, relative: str) -> None:
        """Send a file, if nothing has its name."""
        self.make(relative.rpartition("/")[0])
        if not self.looks_first:
            try:
                self._send(staged, relative, "create", FileExistsError, NotImplementedError)
                return
            except NotImplementedError:  # what fsspec says of stores that cannot refuse a name
                self.looks_first = True
        if self.exists(relative):
            raise FileExistsError(self.path(relative))
        self._send(staged, relative, "overwrite")

    def publish_folder(self, staged: str, relative: str, names: Sequence[str]) -> None:
        """Send files one by one, in their order."""
        for name in names:
            self.publish_file(f"{staged}/{name}", f"{relative}/{name}")

    def as_published(self, relative: str, staged: Held) -> Held:
        """Ask for the time that the store has given to it."""
        stamp = self.stamp(relative)
        if stamp is None or stamp[0] != staged.size:
            # Someone was here already. A time that never fits makes the next look measure.
            return evolve(staged, mtime=0)
        return evolve(staged, mtime=stamp[1])

    def replace_file(self, staged: str, relative: str) -> None:
        """Send a file, whatever has its name."""
        self.make(relative.rpartition("/")[0])
        self._send(staged, relative, "overwrite")

    def remove(self, relative: str) -> None:
        """Remove an object, if it is there."""
        try:
            with self._explained(relative, FileNotFoundError):
                self._fs.rm_file(self._key(relative))
        except FileNotFoundError:
            return
        finally:
            self._listing.forget()

    def clear(self, relative: str) -> None:
        """Remove all objects whose names begin so."""
        for path in list(self._list(relative).files):
            self.remove(path)
        self.prune(relative)

    def prune(self, relative: str) -> None:
        """Remove empty folders, where there are folders."""
        while relative and not self._backend.flat:
            key = self._key(relative)
            self._fs.invalidate_cache()
            with suppress(FileNotFoundError), self._explained(relative, FileNotFoundError):
                if self._fs.ls(key, detail=False):
                    return
                self._fs.rmdir(key)
            self._made.discard(relative)
            relative = relative.rpartition("/")[0]

    def make(self, relative: str) -> str:
        """Make a folder, where there are folders."""
        if not self._backend.flat and relative not in self._made:
            with self._explained(relative):
                self._fs.makedirs(self._key(relative), exist_ok=True)
            self._made.add(relative)
        return self.path(relative)

    def sync(self) -> None:
        """Do nothing: a store has what it has answered for."""

    def _send(self, staged: str, relative: str, mode: str, *passing: type[Exception]) -> None:
        try:
            with self._explained(relative, *passing):
                self._backend.put(staged, self._key(relative), mode)
        finally:
            self._listing.forget()

    # --- reading -------------------------------------------------------------------------

    def listed(self, *, told: bool = False) -> AbstractContextManager[None]:  # noqa: ARG002
        """Answer from one listing, which brings a thousand files by a request."""
        return self._listing.used()

    def exists(self, relative: str) -> bool:
        """Tell whether there is an object of that name, or one below it."""
        listing = self._listing.current()
        if listing is not None:
            return relative in listing.files or relative in listing.folders
        return self._info(relative) is not None

    def names(self) -> list[str]:
        """List what lies at the top.

        Raises:
            DestinationRefused: An object has the very name of the folder.
        """
        self._fs.invalidate_cache()
        try:
            with self._explained("", FileNotFoundError):
                found = self._fs.ls(self._backend.root, detail=True)
        except FileNotFoundError:
            return []
        if any(one["type"] == "file" and one["name"] == self._backend.root for one in found):
            raise DestinationRefused(
                f"{self.root} is a file, not a folder.", hint="Choose a folder for the bundle."
            )
        # The web pages of stores make objects that stand for folders: a name and a slash.
        names = (self._relative(one["name"].rstrip("/")) for one in found)
        return [name for name in names if name]

    def read(self, relative: str) -> bytes | None:
        """Fetch a small file."""
        try:
            with self._explained(relative, FileNotFoundError):
                return bytes(self._fs.cat_file(self._key(relative)))
        except FileNotFoundError:
            return None

    def open(self, relative: str) -> BinaryIO:
        """Fetch a file block by block."""
        stamp = self.stamp(relative)
        if stamp is None:
            raise explain_remote(FileNotFoundError(), self.path(relative))
        return self._reader(relative, stamp[0])

    def is_gone(self, relative: str) -> bool:
        """Tell whether there is no object of that name, nor one below it."""
        return not self.exists(relative)

    def stamp(self, relative: str) -> Stamp | None:
        """Tell the length of an object, and when it was put."""
        listing = self._listing.current()
        if listing is not None:
            stamp, folder = listing.files.get(relative), relative in listing.folders
        else:
            info = self._info(relative)
            folder = info is not None and info["type"] != "file"
            stamp = None if info is None else (info["size"], changed(info))
        if folder and (listing is None or stamp is None):
            raise Conflict(
                f"{self.path(relative)} cannot be used: something that is not a plain file is "
                "in its place.",
                hint="Move it away, then run the same command again.",
            )
        return stamp

    def held(self, relative: str, head: int = 0) -> Held | None:
        """Fetch an object for its digests."""
        stamp = self.stamp(relative)
        if stamp is None:
            return None
        with self._reader(relative, stamp[0]) as file:
            return measured(file, head, stamp[1])

    def files_below(self, relative: str, *, others: bool = False) -> Iterator[tuple[str, Stamp]]:  # noqa: ARG002
        """Go through all objects whose names begin so; there is nothing else in a store."""
        listing = self._listing.current() or self._list(relative)
        return (one for one in listing.files.items() if one[0].startswith(f"{relative}/"))

    def is_torn(self, relative: str, staged: str) -> bool:
        """Tell whether a killed upload left a beginning; objects come whole or not at all."""
        if self._backend.flat:
            return False
        stamp = self.stamp(relative)
        if stamp is None or stamp[0] > os.stat(staged).st_size:  # noqa: PTH116
            return False
        with self._reader(relative, stamp[0]) as there, open(staged, "rb") as right:  # noqa: PTH123
            return says_no_more(there, right)

    def _reader(self, relative: str, size: int) -> BinaryIO:
        raw = _Blocks(size, lambda start, end: self._block(relative, start, end))
        return cast("BinaryIO", io.BufferedReader(raw, _BLOCK))

    def _block(self, relative: str, start: int, end: int) -> bytes:
        with self._explained(relative):
            return bytes(self._fs.cat_file(self._key(relative), start=start, end=end))

    def _info(self, relative: str) -> dict[str, Any] | None:
        self._fs.invalidate_cache()
        try:
            with self._explained(relative, FileNotFoundError):
                return cast("dict[str, Any]", self._fs.info(self._key(relative)))
        except FileNotFoundError:
            return None

    def _list(self, relative: str = "") -> _Listed:
        self._fs.invalidate_cache()
        with self._explained(relative):
            found = self._fs.find(self._key(relative), detail=True)
        files = {
            self._relative(name): (info["size"], changed(info))
            for name, info in found.items()
            if not name.endswith("/") and name != self._backend.root
        }
        return _Listed(files, {folder for path in files for folder in _above(path)})

    def _key(self, relative: str) -> str:
        return f"{self._backend.root}/{relative}" if relative else self._backend.root

    def _relative(self, key: str) -> str:
        return key[len(self._backend.root) + 1 :]

    def _explained(self, relative: str, *passing: type[Exception]) -> AbstractContextManager[None]:
        return remote_explained(self.path(relative) if relative else self.root, *passing)


@frozen
class _Listed:
    """All files of a bundle with their stamps, and the folders that they lie in."""

    files: dict[str, Stamp]
    folders: set[str]


class _Listing:
    """One listing for a while, until something is written. Thread-safe."""

    def __init__(self, load: Callable[[], _Listed]) -> None:
        self._load = load
        self._lock = threading.Lock()
        self._users = 0
        self._listed: _Listed | None = None

    @contextmanager
    def used(self) -> Iterator[None]:
        """Use it for the time of this context."""
        with self._lock:
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
            self.forget()

    def current(self) -> _Listed | None:
        """Give it, made when it is first needed; None if it is not in use."""
        with self._lock:
            if self._users and self._listed is None:
                self._listed = self._load()
            return self._listed

    def forget(self) -> None:
        """Make it anew when it is next needed."""
        with self._lock:
            self._listed = None


class _Blocks(io.RawIOBase):
    """The bytes of an object, fetched by their place."""

    def __init__(self, size: int, fetch: Callable[[int, int], bytes]) -> None:
        self._size = size
        self._at = 0
        self._fetch = fetch

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        end = min(self._at + len(buffer), self._size)
        data = self._fetch(self._at, end) if end > self._at else b""
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def _above(path: str) -> Iterator[str]:
    while path := path.rpartition("/")[0]:
        yield path
