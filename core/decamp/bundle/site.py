"""Where a bundle lies: what writing and reading one asks of a disk, a store or a server."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import BinaryIO, Protocol

from attrs import field, frozen

from decamp.bundle.marker import Marker

__all__ = [
    "FORMER",
    "LOCK",
    "TEMPORARY",
    "Folder",
    "Held",
    "Lock",
    "Site",
    "Stamp",
    "measured",
    "says_no_more",
]

TEMPORARY = ".decamp-tmp-"
"""How names of staging folders begin."""

LOCK = ".decamp.lock"
"""Name of what keeps other runs out."""

FORMER = ".decamp-former"
"""Records that were replaced by a run that has not finished, by their digests: if it is
killed, the repeated update still finds what it has to put into its receipt."""

_CHUNK = 256 << 10


Stamp = tuple[int, int | None]
"""The length of a file in bytes, and when it was changed; see `Held`."""


@frozen
class Held:
    """A file that was written or read: its length, its digests, and when it was changed."""

    size: int
    sha256: str
    mtime: int | None
    """Microseconds since 1970, which a JSON number holds exactly (RFC 8259 section 6).
    None where the place does not tell."""
    head: bytes
    """Its first bytes, as many as were asked for."""
    body_sha256: str
    """Digest of what follows the head."""


class Folder(Protocol):
    """One folder that is ours to fill. Thread-safe; paths are relative, with slashes.

    Every method raises errors of decamp only; those that say so also `FileExistsError`.
    """

    root: str
    """Where it lies, for people."""

    def path(self, relative: str) -> str:
        """Tell where a relative path lies, for people."""
        ...

    # --- temporaries ---------------------------------------------------------------------

    def prepare(self) -> None:
        """Get ready to write; removes what killed runs left behind."""
        ...

    def staged_file(self) -> AbstractContextManager[str]:
        """Name a private file of this machine to write; what is left of it is removed."""
        ...

    def staged_folder(self) -> AbstractContextManager[str]:
        """Make a private folder of this machine to write in; what is left in it is removed."""
        ...

    def close(self) -> None:
        """Remove the temporaries."""
        ...

    # --- writing -------------------------------------------------------------------------

    def write(self, path: str, head: bytes, body: Iterable[bytes] = ()) -> Held:
        """Write a new private file below a staging folder.

        Errors of the body's source pass through as they are. Where the file is sent away, a
        `Content` of known length and digest may only be read, and checked, as it is sent.
        """
        ...

    def publish_file(self, staged: str, relative: str) -> None:
        """Give a staged file its name. It appears whole, and never in the place of another.

        Raises:
            FileExistsError: The name is taken.
        """
        ...

    def publish_folder(self, staged: str, relative: str, names: Sequence[str]) -> None:
        """Give a staged folder its name.

        Args:
            names: The files in it, in the order in which they appear where a folder cannot
                appear at once.

        Raises:
            FileExistsError: The name is taken, or that of a file where they come one by one.
        """
        ...

    def as_published(self, relative: str, staged: Held) -> Held:
        """Give what was published just now with the time that `stamp` will tell."""
        ...

    def replace_file(self, staged: str, relative: str) -> None:
        """Put a staged file in the place of another, or where none is."""
        ...

    def remove(self, relative: str) -> None:
        """Remove a file, if it is there."""
        ...

    def clear(self, relative: str) -> None:
        """Remove a folder of ours with all that is in it, if it is there."""
        ...

    def prune(self, relative: str) -> None:
        """Remove a folder and those above it, as far as nothing is in them."""
        ...

    def make(self, relative: str) -> str:
        """Make a folder and those above it, where there are folders at all.

        Raises:
            DestinationRefused: One of them is something else.
        """
        ...

    def sync(self) -> None:
        """Return when everything published so far would survive a power cut."""
        ...

    # --- reading -------------------------------------------------------------------------

    def listed(self, *, told: bool = False) -> AbstractContextManager[None]:
        """Look at very many files: inside, it may be told how they were at the beginning.

        What this folder itself writes is seen at once all the same.

        Args:
            told: What this folder has written may be told as it was when it was compared.
        """
        ...

    def exists(self, relative: str) -> bool:
        """Tell whether a name is taken, be it by a folder."""
        ...

    def names(self) -> list[str]:
        """List what lies at the top."""
        ...

    def read(self, relative: str) -> bytes | None:
        """Read a small file; None if it is not there."""
        ...

    def open(self, relative: str) -> BinaryIO:
        """Open a file to read it piece by piece, but no link to one.

        Raises:
            DestinationRefused: It is not there.
        """
        ...

    def is_gone(self, relative: str) -> bool:
        """Tell whether nothing at all has this name; for very many names, inside `listed`."""
        ...

    def stamp(self, relative: str) -> Stamp | None:
        """Tell the length of a file and its time; None if it is not there.

        Raises:
            Conflict: Something else than a file has its name, or the name of its folder.
        """
        ...

    def held(self, relative: str, head: int = 0) -> Held | None:
        """Read a file for its digests; None if it is not there.

        Raises:
            Conflict: Something else than a file has its name.
        """
        ...

    def files_below(self, relative: str, *, others: bool = False) -> Iterator[tuple[str, Stamp]]:
        """Go through all plain files below a folder and their stamps, in no particular order.

        With `others` also through what is neither a file nor a folder, such as links.
        """
        ...

    def is_torn(self, relative: str, staged: str) -> bool:
        """Tell whether a file is what a power cut or a kill left of the staged one."""
        ...


class Lock(Protocol):
    """Lets one run at a time write to a bundle."""

    def acquire(self) -> None:
        """Make the folder if there is none, and take the lock, at once or not at all.

        Raises:
            Locked: Another run has it.
        """
        ...

    def confirm(self) -> None:
        """Make sure that it is still ours.

        Raises:
            Locked: Someone took it over.
        """
        ...

    def release(self) -> None:
        """Let go of it, if we have it."""
        ...


@frozen
class Site:
    """Where a bundle lies, and what gives access to it."""

    identity: str
    title: str
    folder: Folder
    lock: Lock
    survey: Callable[[], Marker | None]
    """Find out whether decamp may write there, and what it wrote before.

    Raises `DestinationRefused` if there is something else."""
    is_there: Callable[[], bool]
    """Tell whether there is a folder, or anything at the address."""
    settings: Mapping[str, str] = field(factory=dict)
    """See `decamp.Destination.settings`."""
    disconnect: Callable[[], None] = lambda: None
    """Let go of connections, when all else is closed."""


def measured(file: BinaryIO, head: int, mtime: int | None) -> Held:
    """Read a file from its beginning to its end."""
    first = file.read(head)
    whole, rest, size = hashlib.sha256(first), hashlib.sha256(), len(first)
    while chunk := file.read(_CHUNK):
        whole.update(chunk)
        if head:
            rest.update(chunk)
        size += len(chunk)
    body = rest if head else whole
    return Held(size, whole.hexdigest(), mtime, first, body.hexdigest())


def says_no_more(there: BinaryIO, right: BinaryIO) -> bool:
    """Tell whether a file is a beginning of the right one, possibly with zeros behind it.

    It must not be longer than the right one.
    """
    zeros = False
    while chunk := there.read(_CHUNK):
        wanted = right.read(len(chunk))
        if not zeros and chunk != wanted:
            chunk = chunk[_common(chunk, wanted) :]
            zeros = True
        if zeros and chunk.count(0) != len(chunk):
            return False
    return True


def _common(one: bytes, other: bytes) -> int:
    """Count the bytes that two pieces begin with alike."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
