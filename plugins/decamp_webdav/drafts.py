"""Files before they are sent: small ones in memory, the others in private files of this machine.

Making, filling, reading and removing a file takes longer than sending a small one.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain, count
from typing import BinaryIO

from decamp.bundle import Held, Staging
from decamp_webdav.client import Body, FileBody

__all__ = ["Drafts"]

_SMALL = 64 << 10
"""Bytes of the largest file in memory. A post of photos has some of them, and eight posts are
on their way at a time."""


class Drafts:
    """The drafts of one process, by paths that stand for nothing outside of it. Thread-safe.

    Args:
        scratch: A private folder for the large ones.
    """

    def __init__(self, scratch: str) -> None:
        self._local = Staging(scratch)
        self._numbers = count(1)
        self._small: dict[str, bytes] = {}
        self._large: dict[str, str] = {}
        self._kept: dict[str, ExitStack] = {}

    @contextmanager
    def room(self) -> Iterator[str]:
        """Name a draft, or a folder of drafts; what was written there is let go of."""
        path = f"draft-{next(self._numbers)}"
        try:
            with ExitStack() as kept:
                self._kept[path] = kept
                yield path
        finally:
            del self._kept[path]
            for drafts in (self._small, self._large):
                for draft in [one for one in list(drafts) if one.partition("/")[0] == path]:
                    del drafts[draft]

    def close(self) -> None:
        """Remove all that is on this machine."""
        self._local.close()

    def write(self, path: str, head: bytes, body: Iterable[bytes] = ()) -> Held:
        """Write a new draft; see `decamp.bundle.Folder.write`."""
        pieces, size = [head], len(head)
        rest = iter(body)
        for piece in rest:
            pieces.append(piece)
            size += len(piece)
            if size > _SMALL:
                return self._write_large(path, head, chain(pieces[1:], rest))
        data = b"".join(pieces)
        self._small[path] = data
        digest = hashlib.sha256(data).hexdigest()
        behind = hashlib.sha256(memoryview(data)[len(head) :]).hexdigest() if head else digest
        return Held(size, digest, None, head, behind)

    def size(self, path: str) -> int:
        """Tell the length of a draft in bytes."""
        data = self._small.get(path)
        return os.stat(self._large[path]).st_size if data is None else len(data)  # noqa: PTH116

    def body(self, path: str) -> Body | bytes:
        """Give a draft to be sent."""
        data = self._small.get(path)
        return FileBody(self._large[path]) if data is None else data

    def open(self, path: str) -> BinaryIO:
        """Open a draft to read it."""
        data = self._small.get(path)
        return open(self._large[path], "rb") if data is None else io.BytesIO(data)  # noqa: PTH123

    def file(self, path: str) -> str:
        """Tell which file of this machine a large draft is."""
        return self._large[path]

    def _write_large(self, path: str, head: bytes, body: Iterable[bytes]) -> Held:
        kept = self._kept[path.partition("/")[0]]
        self._large[path] = file = kept.enter_context(self._local.file())
        return self._local.write(file, head, body)
