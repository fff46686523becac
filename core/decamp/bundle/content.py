"""The bytes of a blob on their way to a file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import BinaryIO

from attrs import frozen

from decamp.errors import Corrupted, ItemError
from decamp.model import Blob

__all__ = ["Content", "damaged"]

_CHUNK = 256 << 10


@frozen
class Content:
    """The bytes of a blob; they can be gone through again."""

    path: str
    """Of the file, for people."""
    blob: Blob

    @property
    def known(self) -> bool:
        """Length and digest are known beforehand."""
        return None not in (self.blob.size, self.blob.sha256)

    def open(self) -> BinaryIO:
        """Open it at its source.

        Raises:
            ItemError: It cannot be opened.
        """
        try:
            return self.blob.open()
        except OSError as error:
            raise self._unreadable(error) from error

    def __iter__(self) -> Iterator[bytes]:
        """Go through it piece by piece.

        Raises:
            ItemError: It cannot be read at its source.
        """
        try:
            with self.open() as stream:
                while chunk := stream.read(_CHUNK):
                    yield chunk
        except OSError as error:
            raise self._unreadable(error) from error

    def checked(self) -> Iterator[bytes]:
        """Go through it, and give the last piece only if all of it is as it should be.

        So whoever sends it has not sent all of it if the source is damaged.

        Raises:
            ItemError: It cannot be read at its source.
            Corrupted: It has another length or digest.
        """
        digest, size, held = hashlib.sha256(), 0, b""
        for chunk in self:
            size += len(chunk)
            if self.blob.size is not None and size > self.blob.size:
                raise damaged(self.blob.name)
            if held:
                yield held
            digest.update(chunk)
            held = chunk
        if (size, digest.hexdigest()) != (self.blob.size, self.blob.sha256):
            raise damaged(self.blob.name)
        yield held

    def _unreadable(self, error: OSError) -> ItemError:
        why = error.strerror or type(error).__name__
        return ItemError(f"{self.path}: its bytes could not be read from the source ({why}).")


def damaged(name: str) -> Corrupted:
    """Say that a blob is not what its source said."""
    return Corrupted(
        f"{name} came with another length or digest than it should have.",
        hint="Run the same command again; if it stays so, the source is damaged.",
    )
