"""Files before they are sent.

What is known stays at its source. Of the rest, small ones are in memory, for making, filling,
reading and removing a file takes longer than sending it; the others are in private files of this
machine.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain, count
from typing import BinaryIO

from decamp.bundle import Content, Held, Staging
from decamp.sending import aside
from decamp_webdav.client import Body, FileBody

__all__ = ["Drafts"]

_SMALL = 64 << 10
"""Bytes of the largest file in memory. Of an item that is on its way there is one, its record:
its blobs are known."""


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
        self._known: dict[str, _Checked] = {}
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
            for drafts in (self._small, self._large, self._known):
                for draft in [one for one in list(drafts) if one.partition("/")[0] == path]:
                    del drafts[draft]

    def close(self) -> None:
        """Remove all that is on this machine."""
        self._local.close()

    def write(
        self, path: str, head: bytes, body: Iterable[bytes] = (), *, copy: bool = False
    ) -> Held:
        """Write a new draft; see `decamp.bundle.Folder.write`.

        Args:
            copy: Leave nothing large at its source.
        """
        if not head and isinstance(body, Content) and body.known:
            draft = _Checked(body)
            if draft.size <= _SMALL or not copy:
                self._known[path] = draft
                return Held(draft.size, draft.sha256, None, b"", draft.sha256)
        with aside():
            return self._write(path, head, iter(body))

    def size(self, path: str) -> int:
        """Tell the length of a draft in bytes."""
        if path in self._small:
            return len(self._small[path])
        known = self._known.get(path)
        return known.size if known else os.stat(self._large[path]).st_size  # noqa: PTH116

    def body(self, path: str) -> Body | bytes:
        """Give a draft to be sent. One that is damaged at its source comes to no end.

        Raises:
            ItemError: It cannot be had at its source, or is damaged, and is small.
        """
        if path in self._small:
            return self._small[path]
        known = self._known.get(path)
        if known is None:
            return FileBody(self._large[path])
        return known if known.size > _SMALL else b"".join(known)

    def open(self, path: str) -> BinaryIO:
        """Open a draft to read it."""
        if path in self._small:
            return io.BytesIO(self._small[path])
        if path in self._known:
            return self._known[path].open()
        return open(self._large[path], "rb")  # noqa: PTH123

    def file(self, path: str) -> str:
        """Tell which file of this machine a large draft is."""
        return self._large[path]

    def _write(self, path: str, head: bytes, rest: Iterator[bytes]) -> Held:
        pieces, size = [head], len(head)
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

    def _write_large(self, path: str, head: bytes, body: Iterable[bytes]) -> Held:
        kept = self._kept[path.partition("/")[0]]
        self._large[path] = file = kept.enter_context(self._local.file())
        return self._local.write(file, head, body)


class _Checked:
    """What stays at its source until it is sent, and is checked as it is."""

    def __init__(self, content: Content) -> None:
        assert content.blob.size is not None
        assert content.blob.sha256 is not None
        self.size, self.sha256 = content.blob.size, content.blob.sha256
        self.open = content.open
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        return self._content.checked()
