"""A bundle on a WebDAV server.

Files are made ready on this machine, sent, compared, and given their names in the way that
this server was seen to honour (`findings`). A name never shows half a file where any way does
better, and nothing is put in the place of something else.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import BinaryIO

from attrs import evolve

from decamp import (
    Conflict,
    DestinationRefused,
    ItemError,
    TransferError,
)
from decamp.bundle import TEMPORARY, Held, Stamp, measured, says_no_more
from decamp_webdav.chunks import CHUNK, Chunks, upload_id, uploads_of
from decamp_webdav.client import DavClient
from decamp_webdav.collections import Collections, is_empty
from decamp_webdav.drafts import Drafts
from decamp_webdav.findings import Findings
from decamp_webdav.listing import Listing
from decamp_webdav.moving import arrived, move, take_out
from decamp_webdav.multistatus import Resource
from decamp_webdav.reading import reader

__all__ = ["DavFolder"]

_MOST_READ = 256 << 20
_CREATE = {"If-None-Match": "*"}
_WHOLE = "whole"
"""Name of a file that a server puts together, in a temporary folder of its own."""


class DavFolder:
    """A collection on a server. What its methods promise: `decamp.bundle.Folder`."""

    def __init__(
        self, client: DavClient, scratch: Path, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self.root = client.address.url
        self._client = client
        self._address = client.address
        self._drafts = Drafts(os.fspath(scratch))
        self._listing = Listing(client)
        self._pause = pause
        self._findings: Findings | None = None
        self._temporary = f"{TEMPORARY}{secrets.token_hex(4)}"
        self._has_temporary = False
        self._numbers = count(1)
        self._folders = Collections(client)
        self._taken: set[str] = set()
        self._digests: dict[str, str] = {}
        self._fresh: dict[str, Stamp] = {}
        self.looks_first = False

    def use(self, findings: Findings) -> None:
        """Write in the way that this server honours."""
        self._findings = findings
        self.looks_first = findings.looks_first
        self._folders.tells_new = findings.mkcol_again != 201

    def path(self, relative: str) -> str:
        """Tell the address of a relative path."""
        return self._address.at(relative)

    # --- temporaries ---------------------------------------------------------------------

    def prepare(self) -> None:
        """Remove the temporaries that killed runs have left on the server."""
        for name in self.names():
            if name.startswith(TEMPORARY) and name != self._temporary:
                self.clear(name)

    def staged_file(self) -> AbstractContextManager[str]:
        """Name a draft."""
        return self._drafts.room()

    def staged_folder(self) -> AbstractContextManager[str]:
        """Name a folder of drafts."""
        return self._drafts.room()

    def close(self) -> None:
        """Remove the temporaries, here and on the server."""
        self._drafts.close()
        if self._has_temporary:
            with suppress(TransferError):  # the next run removes them
                self.clear(self._temporary)

    # --- writing -------------------------------------------------------------------------

    def write(self, path: str, head: bytes, body: Iterable[bytes] = ()) -> Held:
        """Write a new draft."""
        held = self._drafts.write(path, head, body, copy=self._findings is None or self._way.chunks)
        if held.size >= 2 * CHUNK:
            self._digests[path] = held.sha256
        return held

    def publish_file(self, staged: str, relative: str) -> None:
        """Send a file, if nothing has its name."""
        with self._changing(relative):
            self.make(relative.rpartition("/")[0])
            if self.looks_first and self.exists(relative):
                raise FileExistsError(self.path(relative))
            if self._way.way == "put" and not self._in_chunks(staged):
                self._put_new(staged, relative)
                self._require(relative, self._drafts.size(staged))
            else:
                self._by_move(staged, relative, keep=not self.looks_first)

    def publish_folder(self, staged: str, relative: str, names: Sequence[str]) -> None:
        """Send a folder: at once if the server can move one, else the files in their order."""
        sizes = {name: self._drafts.size(f"{staged}/{name}") for name in names}
        whole = not any(self._in_chunks(f"{staged}/{name}") for name in names)
        with self._changing(relative):
            self.make(relative.rpartition("/")[0])
            if self._way.way == "put" and whole:
                self._fill_in_place(staged, relative, sizes)
            elif self._way.moves_folders and whole:
                self._fill_aside(staged, relative, sizes)
            else:
                with self._taken_back(relative) as sent:
                    for name in names:
                        self.publish_file(f"{staged}/{name}", f"{relative}/{name}")
                        sent.append(name)

    def as_published(self, relative: str, staged: Held) -> Held:
        """Give it the time that the server has given to it."""
        stamp = self._fresh.pop(relative, None) or self.stamp(relative)
        if stamp is None or stamp[0] != staged.size:
            # Someone was here already. A time that never fits makes the next look measure.
            return evolve(staged, mtime=0)
        return evolve(staged, mtime=stamp[1])

    def replace_file(self, staged: str, relative: str) -> None:
        """Put a file in the place of another."""
        with self._changing(relative):
            self.make(relative.rpartition("/")[0])
            if self._way.whole_replace and self._way.hidden_put and not self._in_chunks(staged):
                self._put(staged, self.path(relative))
                self._require(relative, self._drafts.size(staged))
            else:
                self._by_move(staged, relative, keep=False)

    def remove(self, relative: str) -> None:
        """Remove a file, if it is there."""
        with self._changing(relative):
            self._client.send("DELETE", self.path(relative), passing=(404, 410))

    def clear(self, relative: str) -> None:
        """Remove a folder of ours with all that is in it."""
        with self._changing(relative):
            self._folders.forget(relative)
            self._client.send("DELETE", self._address.folder(relative), passing=(404, 410))

    def prune(self, relative: str) -> None:
        """Remove empty folders.

        WebDAV removes a folder with all that is in it, so it is moved away first: what someone
        else put into it in that moment is seen, and moved back.
        """
        while relative and self._remove_empty(relative):
            relative = relative.rpartition("/")[0]

    def make(self, relative: str) -> str:
        """Make a folder and those above it."""
        self._folders.make(relative)
        return self.path(relative)

    def unmake(self) -> None:
        """Remove the folders that were made of the address itself, as far as nothing is in them."""
        self._folders.remove_roots()

    def sync(self) -> None:
        """Do nothing: a server has what it has answered for, and what was compared."""

    @property
    def _way(self) -> Findings:
        if self._findings is None:
            raise RuntimeError("what the server honours is learnt before anything is written")
        return self._findings

    @contextmanager
    def _changing(self, relative: str) -> Iterator[None]:
        """Look anew afterwards, and make folders anew after a failure."""
        try:
            yield
        except FileExistsError:
            raise
        except TransferError:
            self._folders.forget()
            raise
        finally:
            self._taken.add(relative)
            self._listing.forget(relative)

    def _in_chunks(self, staged: str) -> bool:
        return staged in self._digests and self._way.chunks

    def _put(self, staged: str, url: str) -> None:
        self._client.send("PUT", url, None, self._drafts.body(staged))

    def _put_new(self, staged: str, relative: str) -> None:
        body = self._drafts.body(staged)
        answer = self._client.send("PUT", self.path(relative), _CREATE, body, passing=(412,))
        if answer.status == 412:
            raise FileExistsError(self.path(relative))

    def _require(self, relative: str, size: int) -> None:
        """Make sure that a file is there as it was sent, and note its time."""
        found = self._client.find(self.path(relative))
        self._fresh[relative] = arrived(found, size, self.path(relative))

    def _by_move(self, staged: str, relative: str, *, keep: bool) -> None:
        """Send a file under a temporary name, compare, and move it."""
        size = self._drafts.size(staged)
        digest = self._digests.pop(staged, None)
        uploads = uploads_of(self._address) if self._way.chunks else None
        if digest is not None and uploads is not None:
            upload = upload_id(relative, size, digest)
            # The same in each run, for a server may tie the pieces to where they go.
            folder = f"{TEMPORARY}{upload[-16:]}"
            self.make(folder)
            temporary = f"{folder}/{_WHOLE}"
            Chunks(self._client, uploads, self._pause).send(
                self._drafts.file(staged), size, upload, self.path(temporary)
            )
        else:
            folder = ""
            temporary = self._aside()
            self._put(staged, self.path(temporary))
        stamp = arrived(self._client.find(self.path(temporary)), size, self.path(relative))
        try:
            move(self._client, self.path(temporary), self.path(relative), keep=keep)
        except FileExistsError:
            self._client.send("DELETE", self.path(temporary), passing=(404,))
            raise
        finally:
            if folder:
                self.clear(folder)
        self._fresh[relative] = stamp

    def _fill_in_place(self, staged: str, relative: str, sizes: dict[str, int]) -> None:
        """Make the folder, and send the files into it, each whole, the record last."""
        url = self._address.folder(relative)
        if self._client.send("MKCOL", url, passing=(405,)).status == 405:
            raise FileExistsError(url)
        with self._taken_back(relative) as sent:
            for name in sizes:
                self._put_new(f"{staged}/{name}", f"{relative}/{name}")
                sent.append(name)
        self._compare(relative, relative, sizes)

    def _fill_aside(self, staged: str, relative: str, sizes: dict[str, int]) -> None:
        """Fill a folder under a temporary name, compare all of it, and move it."""
        temporary = self._aside()
        self.make(temporary)
        for name in sizes:
            self._put(f"{staged}/{name}", self.path(f"{temporary}/{name}"))
        self._compare(temporary, relative, sizes)
        try:
            move(
                self._client,
                self._address.folder(temporary),
                self._address.folder(relative),
                keep=True,
            )
        except FileExistsError:
            self.clear(temporary)
            raise

    @contextmanager
    def _taken_back(self, relative: str) -> Iterator[list[str]]:
        """Remove from a new folder what is named, if one of its files cannot be sent.

        Its source is damaged or gone, or the server takes no file so large.
        """
        sent: list[str] = []
        try:
            yield sent
        except ItemError:
            with suppress(TransferError):
                for name in sent:
                    self.remove(f"{relative}/{name}")
                self._remove_empty(relative)
            raise

    def _compare(self, at: str, relative: str, sizes: dict[str, int]) -> None:
        found = self._client.listed(self._address.folder(at)) or []
        there = {one.path.rpartition("/")[2]: one for one in found[1:]}
        for name, size in sizes.items():
            path = f"{relative}/{name}"
            self._fresh[path] = arrived(there.get(name), size, self.path(path))

    def _aside(self) -> str:
        """Name a temporary file or folder on the server."""
        self._has_temporary = True  # also if folders are forgotten after a failure
        self.make(self._temporary)
        return f"{self._temporary}/{next(self._numbers)}"

    def _remove_empty(self, relative: str) -> bool:
        """Remove a folder that is empty, if it is there; False if something is in it."""
        with self._changing(relative):
            url = self._address.folder(relative)
            found = self._client.listed(url)
            if found is not None and not (
                is_empty(found) and take_out(self._client, url, self._address.folder(self._aside()))
            ):
                return False
            self._folders.forget(relative)
            return True

    # --- reading -------------------------------------------------------------------------

    def listed(self) -> AbstractContextManager[None]:
        """Answer from lists, one for each folder."""
        return self._listing.used()

    def exists(self, relative: str) -> bool:
        """Tell whether a name is taken, be it by a folder.

        In a folder that this run has made only its own names are: that saves a request for
        each post. If someone else was quicker, the server refuses to give the name again.
        """
        if self._is_free(relative):
            return False
        return self._find(relative) is not None

    def names(self) -> list[str]:
        """List what lies at the top.

        Raises:
            DestinationRefused: A file has the very name of the folder.
        """
        found = self._client.listed(self._address.folder())
        if found is not None and not found[0].folder:
            raise DestinationRefused(
                f"{self.root} is a file, not a folder.", hint="Choose a folder for the bundle."
            )
        return [one.path.rpartition("/")[2] for one in (found or [])[1:]]

    def read(self, relative: str) -> bytes | None:
        """Fetch a small file."""
        return self._client.read(self.path(relative), _MOST_READ)

    def open(self, relative: str) -> BinaryIO:
        """Fetch a file piece by piece."""
        stamp = self.stamp(relative)
        if stamp is None:
            raise DestinationRefused(
                f"{self.path(relative)} is gone: something removed it while decamp was using it.",
                hint="Run the same command again.",
            )
        return reader(self._client, self.path(relative), stamp[0])

    def is_gone(self, relative: str) -> bool:
        """Tell whether nothing has this name."""
        return not self.exists(relative)

    def stamp(self, relative: str) -> Stamp | None:
        """Tell the length of a file and when it was changed, in whole seconds."""
        found = self._find(relative)
        if found is None:
            return None
        if found.folder or found.size is None:
            raise Conflict(
                f"{self.path(relative)} cannot be used: something that is not a plain file is "
                "in its place.",
                hint="Move it away, then run the same command again.",
            )
        return found.size, found.changed

    def held(self, relative: str, head: int = 0) -> Held | None:
        """Fetch a file for its digests."""
        stamp = self.stamp(relative)
        if stamp is None:
            return None
        with reader(self._client, self.path(relative), stamp[0]) as file:
            return measured(file, head, stamp[1])

    def files_below(self, relative: str, *, others: bool = False) -> Iterator[str]:  # noqa: ARG002
        """Go through all files below a folder; there is nothing else on a server."""
        return (path for path, one in self._listing.walk(relative) if not one.folder)

    def is_torn(self, relative: str, staged: str) -> bool:
        """Tell whether a file is a beginning of the staged one."""
        stamp = self.stamp(relative)
        if stamp is None or stamp[0] > self._drafts.size(staged):
            return False
        there = reader(self._client, self.path(relative), stamp[0])
        with there, self._drafts.open(staged) as right:
            return says_no_more(there, right)

    def _is_free(self, relative: str) -> bool:
        return (
            self._folders.is_new(relative.rpartition("/")[0])
            and relative not in self._taken
            and not self._folders.is_made(relative)
            and not self.looks_first
        )

    def _find(self, relative: str) -> Resource | None:
        if self._listing.in_use:
            return self._listing.find(relative)
        return self._client.find(self.path(relative))
