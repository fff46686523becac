"""Sends drafts and gives them their names, in the way that this server was seen to honour.

A name never shows half a file where any way (`findings`) does better, and nothing is put in the
place of something else. Whatever was sent is compared.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

from decamp import ItemError, TransferError
from decamp.bundle import TEMPORARY, Held, Stamp
from decamp_webdav.address import name_key
from decamp_webdav.chunks import CHUNK, Chunks, upload_id, uploads_of
from decamp_webdav.client import DavClient
from decamp_webdav.collections import Collections
from decamp_webdav.drafts import Drafts
from decamp_webdav.findings import Findings
from decamp_webdav.moving import arrived, move, remove_empty
from decamp_webdav.multistatus import Resource
from decamp_webdav.sizes import Sizes
from decamp_webdav.temporaries import Temporaries

__all__ = ["Publishing"]

_CREATE = {"If-None-Match": "*"}
_WHOLE = "whole"
"""Name of a file in a temporary folder of its own."""


class Publishing:
    """What becomes of drafts. Thread-safe.

    Args:
        client: Speaks to the server.
        drafts: What is made ready here.
        folders: Those on the server.
        temporaries: Names on the server for what is not compared yet.
        sizes: What it calls too large.
        pause: Waits for some seconds.
    """

    def __init__(
        self,
        client: DavClient,
        drafts: Drafts,
        folders: Collections,
        temporaries: Temporaries,
        sizes: Sizes,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._address = client.address
        self._drafts = drafts
        self._folders = folders
        self._temporaries = temporaries
        self._sizes = sizes
        self._pause = pause
        self._digests: dict[str, str] = {}
        self.findings: Findings | None = None
        self.sent: dict[str, Stamp] = {}
        """Length and time of what was sent, by its path, until somebody takes note of it."""

    def write(self, path: str, head: bytes, body: Iterable[bytes]) -> Held:
        """Write a new draft; see `decamp.bundle.Folder.write`."""
        copy = self.findings is None or self.findings.chunks
        held = self._drafts.write(path, head, body, copy=copy)
        if held.size >= 2 * CHUNK:
            self._digests[path] = held.sha256
        return held

    def new_file(self, staged: str, relative: str) -> None:
        """Send a file that nothing may be in the place of.

        Raises:
            FileExistsError: Something is.
        """
        if self._way.way == "put" and not self._in_chunks(staged):
            self._put_new(staged, relative)
            self._require(relative, self._drafts.size(staged))
        else:
            self._by_move(staged, relative, keep=not self._way.looks_first)

    def replacement(self, staged: str, relative: str) -> None:
        """Put a file in the place of another."""
        way = self._way
        if way.whole_replace and way.hidden_put and not self._in_chunks(staged):
            self._put(staged, self._address.at(relative))
            self._require(relative, self._drafts.size(staged))
        else:
            self._by_move(staged, relative, keep=False)

    def takes_folder(self, staged: str, names: Sequence[str]) -> bool:
        """Tell whether a new folder can be sent with what is in it, not file by file."""
        way = self._way
        return (way.way == "put" or way.moves_folders) and not any(
            self._in_chunks(f"{staged}/{name}") for name in names
        )

    def new_folder(self, staged: str, relative: str, names: Sequence[str]) -> list[Resource] | None:
        """Send a folder that nothing may be in the place of.

        Returns:
            What lies in it now, itself first, if that was asked for after it had its name.

        Raises:
            FileExistsError: Something is.
        """
        sizes = {name: self._drafts.size(f"{staged}/{name}") for name in names}
        if self._way.way == "put":
            return self._fill_in_place(staged, relative, sizes)
        self._fill_aside(staged, relative, sizes)
        return None

    @contextmanager
    def taken_back(self, relative: str) -> Iterator[list[str]]:
        """Remove from a new folder what is named, if one of its files cannot be sent.

        Its source is damaged or gone, or the server takes no file so large.
        """
        sent: list[str] = []
        try:
            yield sent
        except ItemError:
            with suppress(TransferError):
                for name in sent:
                    url = self._address.at(f"{relative}/{name}")
                    self._client.send("DELETE", url, passing=(404, 410))
                remove_empty(self._client, self._address.folder(relative), self._temporaries.folder)
            raise

    @property
    def _way(self) -> Findings:
        if self.findings is None:
            raise RuntimeError("what the server honours is learnt before anything is written")
        return self.findings

    def _in_chunks(self, staged: str) -> bool:
        return staged in self._digests and self._way.chunks

    def _put(self, staged: str, url: str) -> None:
        with self._sizes.tried(self._drafts.size(staged)):
            self._client.send("PUT", url, None, self._drafts.body(staged))

    def _put_new(self, staged: str, relative: str) -> None:
        url, body = self._address.at(relative), self._drafts.body(staged)
        with self._sizes.tried(self._drafts.size(staged)):
            if self._client.send("PUT", url, _CREATE, body, passing=(412,)).status == 412:
                raise FileExistsError(url)

    def _require(self, relative: str, size: int) -> None:
        """Make sure that a file is there as it was sent, and note its time."""
        url = self._address.at(relative)
        self.sent[relative] = arrived(self._client.find(url), size, url)

    def _by_move(self, staged: str, relative: str, *, keep: bool) -> None:
        """Send a file under a temporary name, compare, and move it."""
        size = self._drafts.size(staged)
        digest = self._digests.pop(staged, None)
        uploads = uploads_of(self._address) if self._way.chunks else None
        folder = ""
        if digest is not None and uploads is not None:
            upload = upload_id(relative, size, digest)
            # The same in each run, for a server may tie the pieces to where they go.
            folder = f"{TEMPORARY}{upload[-16:]}"
            self._folders.make(folder)
            temporary = self._address.at(f"{folder}/{_WHOLE}")
            Chunks(self._client, uploads, self._pause).send(
                self._drafts.file(staged), size, upload, temporary
            )
            found = self._client.find(temporary)
        else:
            temporary, found = self._put_aside(staged, size)
        url = self._address.at(relative)
        stamp = arrived(found, size, url)
        try:
            move(self._client, temporary, url, keep=keep)
        except FileExistsError:
            self._client.send("DELETE", temporary, passing=(404,))
            raise
        finally:
            if folder:
                self._remove(folder)
        self.sent[relative] = stamp

    def _put_aside(self, staged: str, size: int) -> tuple[str, Resource | None]:
        """Send a file under a temporary name; under another one if not all of it is there.

        Where an upload breaks off and is repeated, some servers keep the part, and store the
        whole beside it.
        """
        for _ in range(2):
            path = self._temporaries.path()
            if self._way.takes_turns:  # contents do not, so they need a folder of their own
                self._folders.make(path)
                self._folders.let_go(path)
                path = f"{path}/{_WHOLE}"
            temporary = self._address.at(path)
            self._put(staged, temporary)
            found = self._client.find(temporary)
            if found is not None and found.size == size:
                break
        return temporary, found

    def _fill_in_place(self, staged: str, relative: str, sizes: dict[str, int]) -> list[Resource]:
        """Make the folder, and send the files into it, each whole, the record last."""
        url = self._address.folder(relative)
        if self._client.send("MKCOL", url, passing=(405,)).status == 405:
            raise FileExistsError(url)
        with self.taken_back(relative) as sent:
            for name in sizes:
                self._put_new(f"{staged}/{name}", f"{relative}/{name}")
                sent.append(name)
        return self._compare(relative, relative, sizes)

    def _fill_aside(self, staged: str, relative: str, sizes: dict[str, int]) -> None:
        """Fill a folder under a temporary name, compare all of it, and move it."""
        temporary = self._temporaries.path()
        self._folders.make(temporary)
        for name in sizes:
            self._put(f"{staged}/{name}", self._address.at(f"{temporary}/{name}"))
        self._compare(temporary, relative, sizes)
        at, to = self._address.folder(temporary), self._address.folder(relative)
        try:
            move(self._client, at, to, keep=True)
        except FileExistsError:
            self._remove(temporary)
            raise
        self._folders.let_go(temporary)

    def _compare(self, at: str, relative: str, sizes: dict[str, int]) -> list[Resource]:
        found = self._client.listed(self._address.folder(at)) or []
        there = {name_key(one.path.rpartition("/")[2]): one for one in found[1:]}
        for name, size in sizes.items():
            path = f"{relative}/{name}"
            self.sent[path] = arrived(there.get(name_key(name)), size, self._address.at(path))
        return found

    def _remove(self, folder: str) -> None:
        self._folders.forget(folder)
        self._client.send("DELETE", self._address.folder(folder), passing=(404, 410))
