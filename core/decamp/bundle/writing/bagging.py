"""The bag around the payload: incomplete from the first write on, complete at the end.

The steps are ordered so that a kill between any two leaves a bag that is plainly the one
or the other. A manifest never stands without a tag manifest, which holds the digest of the
complete marker: so a bag is valid exactly while that marker is in place, and putting it
there is the last step.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from attrs import define, evolve, field

from decamp.bundle.bag import (
    BAG_DECLARATION,
    BAG_INFO,
    MANIFEST,
    PAYLOAD,
    TAG_MANIFEST,
    bag_declaration,
    bag_info,
    manifest,
)
from decamp.bundle.entries import Entry, File
from decamp.bundle.marker import MARKER, Marker, read_marker
from decamp.bundle.page import is_page, is_tag, pages
from decamp.bundle.site import FORMER, Folder, Stamp
from decamp.bundle.stock import Stock
from decamp.errors import Corrupted, DestinationRefused
from decamp.model import Account, Origin
from decamp.tables import Tables, in_groups

__all__ = ["Bag"]

_LARGEST_RECORD = 16 << 20
"""Bytes. The page does without the caption of a larger record."""
_REMEMBERED = 64 << 20
"""Bytes of records that are not read back for the page: each would be a request to a server."""
_LARGEST_REMEMBERED = 64 << 10
_RECORDS = "CREATE TABLE records (path TEXT PRIMARY KEY, sha256 TEXT, record BLOB) WITHOUT ROWID"
_AT_A_TIME = 200
"""Entries that are compared with what is there."""
_NAMED = 5
"""So many files are named in a line of the log."""


@define
class _Changes:
    """What a person has done to the files of a bundle."""

    gone: int = 0
    edited: int = 0
    some: list[str] = field(factory=list)
    """Some of those that were edited."""


class Bag:
    """The tag files of one bundle.

    Args:
        folder: Of the bundle.
        origin: Whose data it holds.
        token: Of the run.
        log: Told what a person has changed.
        scratch: A private folder of this machine, for what there is no room for in memory.
    """

    def __init__(
        self, folder: Folder, origin: Origin, token: str, log: logging.Logger, scratch: Path
    ) -> None:
        self._folder = folder
        self._origin = origin
        self._token = token
        self._log = log
        self._scratch = scratch
        self._opening = threading.Lock()
        self._open = False
        self._records = Tables(scratch, "records", _RECORDS)
        self._room = _REMEMBERED

    def open(self) -> None:
        """Mark the bag incomplete, before the first change of a run. Thread-safe.

        A run that brings nothing never comes here, and so changes no byte.
        """
        if self._open:
            return
        with self._opening:
            if self._open:
                return
            marker = Marker(self._origin, token=self._token).to_bytes()
            if self._folder.read(MARKER) != marker:
                self._replace(MARKER, marker)
            for name in (MANIFEST, TAG_MANIFEST):
                self._folder.remove(name)
            # Payload must not reach the disk before the marker that says whose it is.
            self._folder.sync()
            self._open = True

    def close(self) -> None:
        """Let go of what was remembered."""
        self._records.close()

    def remember(self, path: str, sha256: str, record: bytes) -> None:
        """Keep a record that was written just now, for the page. Thread-safe."""
        with self._opening:
            if len(record) > min(self._room, _LARGEST_REMEMBERED):
                return
            self._room -= len(record)
        self._records.insert_later("records", (path, sha256, record))

    def finish(self, entries: Iterable[Entry]) -> None:
        """Complete the bag, and let go of what only an unfinished run needs.

        Raises:
            DestinationRefused: None of the payload is there any more.
        """
        self._complete(entries)
        self._folder.clear(FORMER)

    def _complete(self, entries: Iterable[Entry]) -> None:
        """Write all tag files, and mark the bag complete. If nothing differs, do nothing.

        If nothing was delivered, or all of it was taken back, there is no bag.
        """
        stock = Stock(self._scratch)
        try:
            with self._folder.listed(told=True):
                self._take_stock(stock, entries)
                # Counted here, while the lists of its folders are at hand.
                left = 0 if stock else self._payload_files()
            if stock:
                self._write_tags(stock)
            else:
                self._clear(left)
        finally:
            stock.close()

    def _write_tags(self, stock: Stock) -> None:
        origin = self._origin if self._open else self._unchanged_origin()
        marker = Marker(origin, stock.counts(), complete=True).to_bytes()
        with self._folder.staged_folder() as stage:
            tags = [self._staged(stage, *tag) for tag in self._tags(stock, origin.account)]
            names = {tag.path for tag in tags}
            stale = [n for n in self._folder.names() if is_page(n) and n not in names]
            tags.append(self._staged(stage, MARKER, [marker]))
            manifest_of_tags = self._staged(stage, TAG_MANIFEST, [manifest(tags)])
            if not stale and all(map(self._is_there, [*tags, manifest_of_tags])):
                return
            self.open()
            for tag in [manifest_of_tags, *tags[:-1]]:
                if not self._is_there(tag):
                    self._folder.replace_file(f"{stage}/{tag.path}", tag.path)
            for name in stale:
                self._folder.remove(name)
            self._folder.make(PAYLOAD)
            self._folder.sync()
            self._folder.replace_file(f"{stage}/{MARKER}", MARKER)
            self._folder.sync()
            self._open = False

    def _unchanged_origin(self) -> Origin:
        """Give what a complete bag says of its origin: a run that brought nothing keeps it."""
        held = self._folder.read(MARKER)
        marker = read_marker(held, self._folder.root) if held is not None else None
        return marker.origin if marker is not None and marker.complete else self._origin

    def _payload_files(self) -> int:
        return sum(1 for _ in self._folder.files_below(PAYLOAD, others=True))

    def _clear(self, left: int) -> None:
        """Remove all tag files, the marker last; what others put there stays.

        Where anything is left in the payload, the marker stays too. It may be of an item that a
        killed run had begun, and nobody but the next run can tell: so it has to find its folder.

        Args:
            left: How many files are in the payload.
        """
        if left or self._folder.exists(MARKER):
            self.open()  # a kill from here on must not leave a marker that says complete
        for name in sorted(filter(is_tag, self._folder.names())):
            if name != MARKER:
                self._folder.remove(name)
        self._folder.prune(PAYLOAD)
        self._folder.sync()
        if left:
            self._log.warning(
                "%s: what is not from a delivery stays in its folder %s (files: %d), and with it %s, so "
                "that the next run knows the folder again. If you move it away, delete %s too.",
                *(self._folder.root, PAYLOAD, left, MARKER, MARKER),
                extra={"said": True},
            )
        else:
            self._folder.remove(MARKER)
            self._folder.sync()
        self._open = False

    def _tags(self, stock: Stock, account: Account) -> Iterator[tuple[str, Iterable[bytes]]]:
        yield BAG_DECLARATION, [bag_declaration()]
        yield BAG_INFO, [bag_info(account, *stock.total(others=True))]
        yield MANIFEST, stock.manifest()
        for name, page in pages(stock, account, self._record):
            yield name, [page]

    def _take_stock(self, stock: Stock, entries: Iterable[Entry]) -> None:
        """Compare what was delivered with what is there.

        A person may edit files of a bundle, take some out and put others in; the bag then
        lists what is there, since a manifest that can never be met would help nobody. Where nothing
        was delivered there is no bag, so nobody's files are read.
        """
        stock.note(self._folder.files_below(PAYLOAD))
        changes = _Changes()
        for some in in_groups(entries, _AT_A_TIME):
            there = stock.found(file.path for entry in some for file in entry.files)
            stock.add(list(self._present(some, there, changes)))
        if changes.edited:
            self._log.warning(
                "%s: %d files were changed since decamp wrote them, and stay as they are: %s",
                *(self._folder.root, changes.edited, _some(changes.some, changes.edited)),
            )
        if not stock:
            if changes.gone:
                raise DestinationRefused(
                    f"{self._folder.root} is empty: none of the {changes.gone} files that decamp "
                    "wrote there before is left.",
                    hint="Put them back, or run the same command again to bring them anew.",
                )
            return
        others = stock.others()
        if changes.gone or others:
            self._log.warning(
                "%s: %d files of the bundle were removed, and %d are not from decamp; "
                "the manifest lists what is there.",
                *(self._folder.root, changes.gone, others),
            )
        stock.measure_others(self._measured)
        if odd := len(stock.nameless):
            self._log.warning(
                "%s: %d files that are not from decamp have names that are no UTF-8, so no manifest "
                "can list them, and other programs will not find the bag valid. Rename them or move "
                "them away, then run the same command again: %s",
                *(self._folder.root, odd, _some(stock.nameless, odd)),
            )

    def _present(
        self, entries: Iterable[Entry], there: Mapping[str, tuple[str, Stamp]], changes: _Changes
    ) -> Iterator[Entry]:
        """Go through the entries as they are now: without what is gone, edits measured.

        Args:
            there: Where the files lie that are there, with their length and time.
        """
        for entry in entries:
            files = []
            for file in entry.files:
                if file.path not in there:
                    changes.gone += 1
                    continue
                path, stamp = there[file.path]
                # Bytes that changed while length and time did not are damage and no edit:
                # their digest stays, so that whoever validates the bag is told.
                if stamp == (file.size, file.mtime):
                    files.append(file)
                    continue
                try:
                    now = self._measured(path)
                except Corrupted as error:  # its digest stays too: it is not what it should be
                    self._log.warning("%s", error.message)
                    files.append(file)
                    continue
                files.append(evolve(file, size=now.size, sha256=now.sha256))
                if now.sha256 != file.sha256:
                    changes.edited += 1
                    changes.some = [*changes.some, file.path][:_NAMED]
            if files:
                same = tuple(files) == entry.files
                yield entry if same else evolve(entry, files=tuple(files))

    def _measured(self, path: str) -> File:
        held = self._folder.held(path)
        if held is None:
            raise DestinationRefused(
                f"{self._folder.path(path)} went away while decamp was reading it.",
                hint="Run the same command again.",
            )
        return File(path, held.size, held.sha256)

    def _record(self, file: File) -> bytes | None:
        """Give a record to the page, but never a whole video."""
        if not file.path.endswith(".json"):
            return None
        query = "SELECT record FROM records WHERE path = ? AND sha256 = ?"
        remembered = self._records.run(query, file.path, file.sha256)
        data = remembered[0][0] if remembered else self._folder.read(file.path)
        return data if data is not None and len(data) <= _LARGEST_RECORD else None

    def _staged(self, stage: str, name: str, data: Iterable[bytes]) -> File:
        held = self._folder.write(f"{stage}/{name}", b"", data)
        return File(name, held.size, held.sha256)

    def _is_there(self, tag: File) -> bool:
        try:
            held = self._folder.held(tag.path)
        except Corrupted:
            return False
        return held is not None and held.sha256 == tag.sha256

    def _replace(self, name: str, data: bytes) -> None:
        with self._folder.staged_file() as stage:
            self._folder.write(stage, data)
            self._folder.replace_file(stage, name)


def _some(paths: list[str], of: int) -> str:
    """Name the first of so many files, whatever their names are."""
    names = [path.encode("utf-8", "backslashreplace").decode() for path in paths[:_NAMED]]
    return ", ".join(names) + (", ..." if of > _NAMED else "")
