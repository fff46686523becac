"""Files of this machine in the making, each private until it gets its name.

A killed process leaves nothing but its staging folder behind, which the next one removes.
"""

# Plain strings: making `Path` objects costs more than the system calls do.
# ruff: noqa: PTH102, PTH106, PTH108

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import count

from decamp.bundle.failures import explain, explained
from decamp.bundle.site import TEMPORARY, Held

__all__ = ["Staging", "remove_left_behind"]

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


class Staging:
    """The staging folder of one process. Thread-safe; made when it is first needed.

    Args:
        root: Where it is made: in the bundle itself, so that a move from it to a name needs no
            copy, or anywhere if what it holds is sent away.
    """

    def __init__(self, root: str) -> None:
        self._path = f"{root}{os.sep}{TEMPORARY}{secrets.token_hex(4)}"
        self._made = False
        self._numbers = count(1)

    @contextmanager
    def file(self) -> Iterator[str]:
        """Name a file to write; what is left of it is removed.

        It gets no folder of its own: ext4 is slow to make one if many were removed just before.
        """
        path = self._new_path()
        try:
            yield path
        finally:
            with suppress(OSError):  # nearly always moved to its place by now
                os.unlink(path)

    @contextmanager
    def folder(self) -> Iterator[str]:
        """Make a folder to write in; what is left in it is removed."""
        path = self._new_path()
        with explained(path):
            os.mkdir(path, 0o700)
        try:
            yield path
        finally:
            try:
                os.rmdir(path)  # nearly always empty by now, or moved away as a whole
            except FileNotFoundError:
                pass
            except OSError:
                shutil.rmtree(path, ignore_errors=True)

    def close(self) -> None:
        """Remove it with all that is in it."""
        shutil.rmtree(self._path, ignore_errors=True)

    @staticmethod
    def write(path: str, head: bytes, body: Iterable[bytes] = ()) -> Held:
        """Write a new private file.

        Errors of the body's source pass through as they are.
        """
        whole, rest, size = hashlib.sha256(head), hashlib.sha256(), len(head)
        with explained(path):
            handle = os.open(path, _NEW, 0o600)
        try:
            _write_all(handle, head, path)
            for chunk in body:
                whole.update(chunk)
                if head:
                    rest.update(chunk)
                size += len(chunk)
                _write_all(handle, chunk, path)
        finally:
            with explained(path):
                os.close(handle)
        with explained(path):
            status = os.lstat(path)  # once it is closed: Windows sets the time only then
        digest = whole.hexdigest()
        mtime = status.st_mtime_ns // 1000
        return Held(size, digest, mtime, head, rest.hexdigest() if head else digest)

    def _new_path(self) -> str:
        if not self._made:
            with explained(self._path), suppress(FileExistsError):
                os.mkdir(self._path, 0o700)
            self._made = True
        return self._path + os.sep + str(next(self._numbers))


def remove_left_behind(root: str) -> None:
    """Remove the staging folders of killed processes.

    Raises:
        OSError: One cannot be removed.
    """
    with os.scandir(root) as entries:
        leftovers = [
            entry.path
            for entry in entries
            if entry.name.startswith(TEMPORARY) and entry.is_dir(follow_symlinks=False)
        ]
    for path in leftovers:
        shutil.rmtree(path)


def _write_all(handle: int, data: bytes, path: str) -> None:
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(handle, rest) :]
        except OSError as error:
            raise explain(error, path) from error
