"""Files appear below a folder whole or not at all, and never over another.

Everything is written in a staging folder inside the bundle, so on the same file system,
and then moved to its name: a file by a hard link, a folder by a rename, which both fail
if the name is taken. A killed process leaves nothing but its staging folder behind.
"""

# Plain strings: making `Path` objects costs more than the system calls do.
# ruff: noqa: PTH102, PTH104, PTH105, PTH106, PTH108, PTH120, PTH123, PTH208

from __future__ import annotations

import errno
import os
import shutil
import stat
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import BinaryIO

from decamp import Conflict, DestinationRefused
from decamp.bundle import (
    Held,
    Staging,
    Stamp,
    explain,
    explained,
    measured,
    remove_left_behind,
    says_no_more,
)
from decamp_disk.durable import Unsynced, sync_file

__all__ = ["LocalFolder"]

_CHUNK = 256 << 10
_BINARY = getattr(os, "O_BINARY", 0)
_READ = os.O_RDONLY | _BINARY | getattr(os, "O_NOFOLLOW", 0)
# Something is in a folder, or it is only a link to one.
_OCCUPIED = {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR, errno.EBUSY}
# FAT and some network file systems have no hard links, and say so in different ways.
_NO_LINKS = {errno.EPERM, errno.EMLINK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}


class LocalFolder:
    """A folder on a disk. What the methods have in common with others: `protocols.Folder`."""

    def __init__(self, root: Path) -> None:
        self.root = os.fspath(root)
        self._staging = Staging(self.root)
        self._made: set[str] = set()
        self._moving = threading.Lock()
        self._unsynced = Unsynced(self.root)

    def path(self, relative: str) -> str:
        """Tell where a relative path lies."""
        return self.root + os.sep + relative.replace("/", os.sep)

    # --- temporaries ---------------------------------------------------------------------

    def prepare(self) -> None:
        """Get ready to write; removes the staging folders that killed runs left behind."""
        with explained(self.root):
            self._unsynced.watch()
            remove_left_behind(self.root)

    def staged_file(self) -> AbstractContextManager[str]:
        """Name a private file to write; what is left of it is removed."""
        return self._staging.file()

    def staged_folder(self) -> AbstractContextManager[str]:
        """Make a private folder to write in; what is left in it is removed."""
        return self._staging.folder()

    def close(self) -> None:
        """Remove the staging folder and let go of the root."""
        self._staging.close()
        self._unsynced.close()

    # --- writing -------------------------------------------------------------------------

    def write(self, path: str, head: bytes, body: Iterable[bytes] = ()) -> Held:
        """Write a new private file."""
        return self._staging.write(path, head, body)

    def publish_file(self, staged: str, relative: str) -> None:
        """Give a staged file its name.

        Raises:
            FileExistsError: The name is taken.
        """
        final = self.path(relative)
        folder = self.make(relative.rpartition("/")[0])
        with _explained_unless_taken(final):
            try:
                if os.name == "nt":  # where a rename fails if the name is taken
                    os.rename(staged, final)
                else:
                    os.link(staged, final)
                    os.unlink(staged)
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
                self._rename_if_free(staged, final)
        self._unsynced.add(final, folder=folder)

    def publish_folder(self, staged: str, relative: str, names: Sequence[str]) -> None:
        """Give a staged folder, with all files in it, its name.

        Raises:
            FileExistsError: The name is taken.
        """
        final = self.path(relative)
        parent = self.make(relative.rpartition("/")[0])
        with _explained_unless_taken(final):
            os.rename(staged, final)
        self._unsynced.add(*(final + os.sep + name for name in names), folder=final)
        self._unsynced.add(folder=parent)

    def as_published(self, relative: str, staged: Held) -> Held:  # noqa: ARG002
        """Give it back as it is: a file keeps its time when it gets its name."""
        return staged

    def replace_file(self, staged: str, relative: str) -> None:
        """Put a staged file in the place of another, or where none is.

        Its content is on the disk first, so even a power cut leaves the old or the new.
        """
        final = self.path(relative)
        with explained(final):
            sync_file(staged)
            os.replace(staged, final)
        self._unsynced.add(folder=os.path.dirname(final))

    def remove(self, relative: str) -> None:
        """Remove a file, if it is there."""
        path = self.path(relative)
        with explained(path), suppress(FileNotFoundError):
            os.unlink(path)
        self._unsynced.add(folder=os.path.dirname(path))

    def clear(self, relative: str) -> None:
        """Remove a folder of ours with all that is in it, if it is there."""
        self._made.discard(relative)
        with explained(self.path(relative)), suppress(FileNotFoundError):
            shutil.rmtree(self.path(relative))

    def prune(self, relative: str) -> None:
        """Remove a folder and those above it, as far as nothing is in them."""
        while relative:
            path = self.path(relative)
            with explained(path), suppress(FileNotFoundError):
                try:
                    os.rmdir(path)
                except OSError as error:
                    if error.errno in _OCCUPIED:
                        return
                    raise
            self._made.discard(relative)
            relative = relative.rpartition("/")[0]
            self._unsynced.add(folder=self.path(relative) if relative else self.root)

    def make(self, relative: str) -> str:
        """Make a folder and those above it.

        Raises:
            DestinationRefused: One of them is a file, or a link to somewhere else.
        """
        path = self.path(relative) if relative else self.root
        if not relative or relative in self._made:
            return path
        parent = self.make(relative.rpartition("/")[0])
        with explained(path):
            try:
                os.mkdir(path, 0o700)
                self._unsynced.add(folder=parent)
            except FileExistsError:
                if not stat.S_ISDIR(os.lstat(path).st_mode):
                    raise DestinationRefused(
                        f"{path} is in the way: it is not a folder, or only a link to one.",
                        hint="Move it away, or choose another folder.",
                    ) from None
        self._made.add(relative)
        return path

    def sync(self) -> None:
        """Return when everything published so far would survive a power cut."""
        self._unsynced.sync()

    def _rename_if_free(self, staged: str, final: str) -> None:
        # Between the look and the rename only a person could take the name: other runs
        # are locked out, and our own threads wait here.
        with self._moving:
            if os.path.lexists(final):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), final)
            os.rename(staged, final)

    # --- reading -------------------------------------------------------------------------

    def listed(self, *, told: bool = False) -> AbstractContextManager[None]:  # noqa: ARG002
        """Do nothing: to look at a file costs microseconds."""
        return nullcontext()

    def exists(self, relative: str) -> bool:
        """Tell whether a name is taken, be it by a broken link."""
        return os.path.lexists(self.path(relative))

    def names(self) -> list[str]:
        """List what lies at the top."""
        with explained(self.root):
            return os.listdir(self.root)

    def read(self, relative: str) -> bytes | None:
        """Read a small file; None if it is not there."""
        path = self.path(relative)
        with explained(path), suppress(FileNotFoundError), open(path, "rb") as file:
            return file.read()
        return None

    def open(self, relative: str) -> BinaryIO:
        """Open a file for reading, but no link to one."""
        path = self.path(relative)
        with explained(path):
            return open(os.open(path, _READ), "rb", buffering=_CHUNK)

    def is_gone(self, relative: str) -> bool:
        """Tell whether nothing at all has this name; quick, for very many names."""
        path = self.path(relative)
        try:
            os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            return True
        except OSError as error:
            raise explain(error, path) from error
        return False

    def stamp(self, relative: str) -> Stamp | None:
        """Tell the length of a file and its time, as in `Held`; None if it is not there.

        Raises:
            Conflict: Something else than a file has its name, or the name of its folder.
        """
        path = self.path(relative)
        with explained(path):
            try:
                status = os.lstat(path)
                plain = stat.S_ISREG(status.st_mode)
            except FileNotFoundError:
                return None
            except NotADirectoryError:
                plain = False
        if not plain:
            raise Conflict(
                f"{path} cannot be used: something that is not a plain file is in its place.",
                hint="Move it away, then run the same command again.",
            )
        return status.st_size, _mtime(status)

    def held(self, relative: str, head: int = 0) -> Held | None:
        """Read a file for its digests; None if it is not there.

        Raises:
            Conflict: Something else than a file has its name.
        """
        path = self.path(relative)
        if self.stamp(relative) is None:
            return None
        with explained(path), open(os.open(path, _READ), "rb", buffering=_CHUNK) as file:
            return measured(file, head, _mtime(os.fstat(file.fileno())))

    def files_below(self, relative: str, *, others: bool = False) -> Iterator[tuple[str, Stamp]]:
        """Go through all plain files below a folder and their stamps, in no particular order.

        With `others` also through what is neither a file nor a folder, such as links.
        """
        folders = [relative] if self.exists(relative) else []
        while folders:
            folder = folders.pop()
            with explained(self.path(folder)), os.scandir(self.path(folder)) as entries:
                for entry in entries:
                    path = f"{folder}/{entry.name}"
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(path)
                    elif others or entry.is_file(follow_symlinks=False):
                        try:
                            status = os.lstat(entry.path)  # an entry of Windows may be older
                        except FileNotFoundError:  # a person has removed it since
                            continue
                        yield path, (status.st_size, _mtime(status))

    def is_torn(self, relative: str, staged: str) -> bool:
        """Tell whether a file says nothing that the staged one does not say.

        So it is after a power cut that hit between a file's name and its bytes: the file is
        a beginning of the right one, possibly with zeros behind it.
        """
        with (
            explained(self.path(relative)),
            open(os.open(self.path(relative), _READ), "rb") as there,
            open(staged, "rb") as right,
        ):
            if os.fstat(there.fileno()).st_size > os.fstat(right.fileno()).st_size:
                return False
            return says_no_more(there, right)


@contextmanager
def _explained_unless_taken(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        # A folder in the way is reported as not empty, a file in a folder's way as no folder.
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path) from error
        raise explain(error, path) from error


def _mtime(status: os.stat_result) -> int:
    return status.st_mtime_ns // 1000
