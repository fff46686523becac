"""Put an archive together and write it."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path as FilePath
from random import Random
from typing import IO, Any

import attrs
from attrs import frozen

from decamp_tiktok.sandbox import activity, commerce, conversations, live, posts, profile
from decamp_tiktok.sandbox.account import Account, Builder
from decamp_tiktok.sandbox.layout import PLACES, Path, Place, locate
from decamp_tiktok.sandbox.options import ArchiveOptions
from decamp_tiktok.sandbox.tree import Node, TreeWriter

__all__ = ["Archive", "Summary", "generate", "write_archive"]

_BUILDERS: Mapping[str, Builder] = {
    **activity.BUILDERS,
    **commerce.BUILDERS,
    **conversations.BUILDERS,
    **live.BUILDERS,
    **posts.BUILDERS,
    **profile.BUILDERS,
}

_PIECE = 1 << 18  # characters that are gathered before they are encoded


@frozen
class Summary:
    """What was written."""

    path: FilePath
    size: int
    """Bytes of JSON, before compression."""

    rows: Mapping[str, int]
    """How many rows each list has, by the name it has in `layout.PLACES`; empty lists are
    left out. ``messages`` counts over all ``chats``."""


class Archive:
    """The JSON document of one archive, made as it is read. Memory does not grow with it."""

    def __init__(self, options: ArchiveOptions) -> None:
        self.options = options
        self.rows: Mapping[str, int] = {}
        """Rows per list; complete when the last chunk has been taken."""

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes from the first one, every time it is called."""
        writer = TreeWriter(compact=self.options.compact)
        self.rows = writer.rows
        pieces: list[str] = []
        length = 0
        for piece in writer.write(_document(self.options)):
            pieces.append(piece)
            length += len(piece)
            if length >= _PIECE:
                yield "".join(pieces).encode()
                pieces.clear()
                length = 0
        yield "".join(pieces).encode()


def generate(options: ArchiveOptions) -> dict[str, Any]:
    """Make a small archive as Python values, for tests that need no file."""
    document: dict[str, Any] = json.loads(b"".join(Archive(options).chunks()))
    return document


def write_archive(path: FilePath, options: ArchiveOptions) -> Summary:
    """Write an archive to a new or existing path.

    Args:
        path: The zip or JSON file, or the folder that gets the JSON file.

    Raises:
        OSError: The path cannot be written.
    """
    archive = Archive(options)
    size = 0
    with _opened(path, options) as file:
        for chunk in archive.chunks():
            size += file.write(chunk)
    return Summary(path, size, dict(archive.rows))


def _opened(path: FilePath, options: ArchiveOptions) -> AbstractContextManager[IO[bytes]]:
    if options.container == "zip":
        return _ZipMember(path, options)
    if options.container == "folder":
        path.mkdir(parents=True, exist_ok=True)
        path = path / options.file_name
    return path.open("wb")


class _ZipMember:
    """The one file in a zip. Nothing in it depends on the clock or on the system."""

    def __init__(self, path: FilePath, options: ArchiveOptions) -> None:
        moment = options.exported_at.utctimetuple()[:6]
        member = zipfile.ZipInfo(options.file_name, date_time=moment)
        member.compress_type = zipfile.ZIP_DEFLATED
        member.create_system = 3
        member.external_attr = 0o644 << 16
        self._zip = zipfile.ZipFile(path, "w", compresslevel=1)
        # Room for sizes beyond 2 GiB has to be made before the size is known; no row has 2 KB.
        large = sum(attrs.astuple(options.counts)) > 1_000_000
        self._file = self._zip.open(member, "w", force_zip64=large)

    def __enter__(self) -> IO[bytes]:
        return self._file

    def __exit__(self, *_exception: object) -> None:
        self._file.close()
        self._zip.close()


_WAYS_TO_SAY_NOTHING = ("null", "null", "null", "empty", "no list", "no section")


def _document(options: ArchiveOptions) -> dict[str, Node]:
    """Build the tree: sections in the order of the table, roots in that of the alphabet."""
    account = Account(options)
    root: dict[str, Any] = {}
    for place in PLACES:
        path = locate(place, options)
        if path is None:
            continue
        node = _BUILDERS[place.name](account)
        if len(path) == 1 and isinstance(node, Mapping):  # several whole sections
            _section(root, path).update(node)
        else:
            _put(root, path, place, node, options)
    return dict(sorted(root.items()))


def _put(
    root: dict[str, Any], path: Path, place: Place, node: Node, options: ArchiveOptions
) -> None:
    if node in (None, [], {}):
        way = Random(f"{options.seed}/nothing/{place.name}").choice(_WAYS_TO_SAY_NOTHING)
        if way == "no section":
            return
        if len(path) > 2 and way == "no list":
            _section(root, path[:-1])
            return
        if way == "null" and node == []:
            node = None
        elif way == "empty" and node is None:
            node = []
    parent = _section(root, path[:-1])
    if options.generation != "A":
        parent.update(place.siblings)
    parent[path[-1]] = node


def _section(root: dict[str, Any], path: Path) -> dict[str, Any]:
    for key in path:
        root = root.setdefault(key, {})
    return root
