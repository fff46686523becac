"""Looks whether a bundle is still as it was written. Changes nothing."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

from attrs import define, field

from decamp import Conflict, Depth, Finding, Receipt
from decamp.bundle import MANIFEST, TAG_MANIFEST, Entry, File, is_tag, read_manifest
from decamp_disk.folder import LocalFolder
from decamp_disk.survey import is_clutter

__all__ = ["verify"]


def verify(folder: LocalFolder, receipts: Iterable[Receipt], depth: Depth) -> Iterator[Finding]:
    """Go through the items, and then, but at the depth ``exists``, through what is not ours.

    A file that was edited and one that was damaged are both ``changed``.

    Raises:
        DestinationRefused: The disk does not tell.
    """
    look = _Look(folder, depth)
    for receipt in receipts:
        yield look.item(receipt)
    if depth != "exists":
        yield from look.tags()
        yield from look.strangers()


@define
class _Look:
    _folder: LocalFolder
    _depth: Depth
    _ours: set[str] = field(factory=set, init=False)

    def item(self, receipt: Receipt) -> Finding:
        """Look at the files of one item."""
        record, *blobs = Entry.from_data(receipt.data).files
        problem = self._problem(record)
        if problem:
            self._ours.update(file.path for file in blobs)
            return self._finding(receipt.item_id, problem, [record], whole=True)
        bad = {file: found for file in blobs if (found := self._problem(file))}
        if not bad:
            return Finding(receipt.item_id, self._depth)
        first = next(iter(bad.values()))
        files = [file for file, found in bad.items() if found == first]
        return self._finding(receipt.item_id, first, files, whole=False)

    def tags(self) -> Iterator[Finding]:
        """Look at the files around the payload, by the tag manifest."""
        listed = read_manifest(self._folder.read(TAG_MANIFEST) or b"")
        if not listed:
            return  # an unfinished run has left none, and nothing can be told
        payload = read_manifest(self._folder.read(MANIFEST) or b"")
        for path in sorted(payload.keys() - self._ours):
            if self._folder.is_gone(path):
                yield Finding("", problem="missing", places=(self._folder.path(path),))
        for path, digest in sorted(listed.items()):
            held = self._folder.held(path) if self._is_file(path) else None
            if held is None or held.sha256 != digest:
                problem = "missing" if held is None else "changed"
                yield Finding("", problem=problem, places=(self._folder.path(path),))

    def strangers(self) -> Iterator[Finding]:
        """List what is not from decamp."""
        ours = {unicodedata.normalize("NFC", path) for path in self._ours}
        for path in sorted(self._folder.files_below("data")):
            if unicodedata.normalize("NFC", path) not in ours:
                yield Finding("", problem="added", places=(self._folder.path(path),))
        for name in sorted(self._folder.names()):
            if name != "data" and not is_tag(name) and not is_clutter(name):
                yield Finding("", problem="added", places=(self._folder.path(name),))

    def _problem(self, file: File) -> str:
        self._ours.add(file.path)
        if self._depth == "exists":
            return "missing" if self._folder.is_gone(file.path) else ""
        try:
            stamp = self._folder.stamp(file.path)
        except Conflict:
            return "replaced"
        if stamp is None:
            return "missing"
        if stamp[0] != file.size:
            return "changed"
        if self._depth == "digest":
            held = self._folder.held(file.path)
            if held is None or held.sha256 != file.sha256:
                return "changed"
        return ""

    def _is_file(self, path: str) -> bool:
        try:
            return self._folder.stamp(path) is not None
        except Conflict:
            return False

    def _finding(
        self, item_id: str, problem: str, files: Iterable[File], *, whole: bool
    ) -> Finding:
        files = list(files)
        names = None if whole else tuple(file.blob_name for file in files)
        places = tuple(self._folder.path(file.path) for file in files)
        return Finding(item_id, problem=problem, blobs=names, places=places)
