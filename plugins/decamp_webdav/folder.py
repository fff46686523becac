"""A bundle on a WebDAV server: its files are made ready on this machine, and sent."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO

from attrs import evolve

from decamp import Conflict, DestinationRefused, ItemRejected, TransferError
from decamp.bundle import TEMPORARY, Held, Stamp, measured, says_no_more
from decamp_webdav.address import name_key
from decamp_webdav.answers import still_there
from decamp_webdav.client import DavClient
from decamp_webdav.collections import Collections
from decamp_webdav.drafts import Drafts
from decamp_webdav.findings import Findings
from decamp_webdav.leftovers import Leftovers
from decamp_webdav.listing import Listed, Listing
from decamp_webdav.marks import Marks
from decamp_webdav.moving import remove_empty
from decamp_webdav.multistatus import Resource
from decamp_webdav.publishing import Publishing
from decamp_webdav.reading import reader
from decamp_webdav.sizes import Sizes
from decamp_webdav.temporaries import Temporaries

__all__ = ["DavFolder"]

_MOST_READ = 256 << 20


class DavFolder:
    """A collection on a server. What its methods promise: `decamp.bundle.Folder`."""

    def __init__(
        self,
        client: DavClient,
        scratch: Path,
        state: Path | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.root = client.address.url
        self._client = client
        self._address = client.address
        self._drafts = Drafts(os.fspath(scratch))
        self._listing = Listing(client, scratch)
        self._folders = Collections(client)
        self.leftovers = Leftovers(state, self.root)
        self._temporaries = Temporaries(client, self._folders, self.leftovers)
        self.sizes = Sizes(state, self.root)
        self._publishing = Publishing(
            client, self._drafts, self._folders, self._temporaries, self.sizes, pause
        )
        self._taken = Marks()
        """What was changed in folders that this run has made; elsewhere nobody asks for it."""
        self._sees_all = True
        self._refuses: Callable[[str], str] | None = None
        self._others: dict[str, set[str]] = {}
        """What was in a folder when it could not be removed, and was not removed since: while
        there is something, nobody has to look again. A year of posts is a long list."""
        self._removed: dict[str, set[str]] = {}
        """Names of files that the server said it removed, by folder, until a list confirms it."""
        self.looks_first = False

    def use(self, findings: Findings) -> None:
        """Write in the way that this server honours."""
        self._publishing.findings = findings
        if findings.takes_turns:
            self._client.take_turns()
        self._client.has_worked("DELETE", "MKCOL", "MOVE", "PUT")  # or nothing would be found
        self.looks_first = findings.looks_first
        self._sees_all = findings.lists_dots
        self._refuses = None if findings.takes_all_names else findings.refuses
        self._folders.tells_new = findings.mkcol_again != 201

    def path(self, relative: str) -> str:
        """Tell the address of a relative path."""
        return self._address.at(relative)

    # --- temporaries ---------------------------------------------------------------------

    def prepare(self) -> None:
        """Remove the temporaries that killed runs have left on the server.

        Those that it is still busy with are removed at the end, or by the next run.
        """
        listed = {name for name in self.names() if name.startswith(TEMPORARY)}
        for name in sorted(listed.union(self.leftovers.names()) - {self._temporaries.name}):
            try:
                self.clear(name)
            except DestinationRefused:
                self._temporaries.left.append(name)
            else:
                self.leftovers.drop(name)

    def staged_file(self) -> AbstractContextManager[str]:
        """Name a draft."""
        return self._drafts.room()

    def staged_folder(self) -> AbstractContextManager[str]:
        """Name a folder of drafts."""
        return self._drafts.room()

    def close(self) -> None:
        """Remove the temporaries, here and on the server."""
        self._drafts.close()
        self._listing.close()
        self._temporaries.close()

    # --- writing -------------------------------------------------------------------------

    def write(self, path: str, head: bytes, body: Iterable[bytes] = ()) -> Held:
        """Write a new draft."""
        return self._publishing.write(path, head, body)

    def publish_file(self, staged: str, relative: str) -> None:
        """Send a file, if nothing has its name."""
        self._require_kept(relative)
        with self._changing(relative):
            self.make(relative.rpartition("/")[0])
            if self.looks_first and self.exists(relative):
                raise FileExistsError(self.path(relative))
            self._publishing.new_file(staged, relative)

    def publish_folder(self, staged: str, relative: str, names: Sequence[str]) -> None:
        """Send a folder: at once if the server can move one, else the files in their order."""
        self._require_kept(relative, *names)
        if not self._publishing.takes_folder(staged, names):
            with self._publishing.taken_back(relative) as sent:
                for name in names:
                    self.publish_file(f"{staged}/{name}", f"{relative}/{name}")
                    sent.append(name)
            return
        with self._changing(relative):
            self.make(relative.rpartition("/")[0])
            there = self._publishing.new_folder(staged, relative, names)
        if there is not None:
            self._listing.remember(relative, there)

    def as_published(self, relative: str, staged: Held) -> Held:
        """Give it the time that the server has given to it."""
        stamp = self._publishing.sent.pop(relative, None) or self.stamp(relative)
        if stamp is None or stamp[0] != staged.size:
            # Someone was here already. A time that never fits makes the next look measure.
            return evolve(staged, mtime=0)
        return evolve(staged, mtime=stamp[1])

    def replace_file(self, staged: str, relative: str) -> None:
        """Put a file in the place of another."""
        with self._changing(relative):
            self.make(relative.rpartition("/")[0])
            self._publishing.replacement(staged, relative)

    def remove(self, relative: str) -> None:
        """Remove a file, if it is there. Whether it is gone shows when its folder is pruned."""
        url = self.path(relative)
        with self._changing(relative):
            self._client.send("DELETE", url, passing=(404, 410))
        if self._sees_all:
            folder, _, name = name_key(relative).rpartition("/")
            self._removed.setdefault(folder, set()).add(name)
        elif self._client.find(url) is not None:  # nobody looks into its folder there
            raise still_there(url)
        self._note_removed(relative)

    def clear(self, relative: str) -> None:
        """Remove a folder of ours with all that is in it."""
        with self._changing(relative):
            self._folders.forget(relative)
            self._listing.forget_below(relative)
            self._client.send("DELETE", self._address.folder(relative), passing=(404, 410))

    def prune(self, relative: str) -> None:
        """Remove empty folders."""
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

    @contextmanager
    def _changing(self, relative: str) -> Iterator[None]:
        """Look anew afterwards, and make folders anew after a failure."""
        folder, _, name = name_key(relative).rpartition("/")
        self._removed.get(folder, set()).discard(name)
        try:
            yield
        except FileExistsError:
            raise
        except TransferError:
            self._folders.forget()
            raise
        finally:
            if self._folders.is_new(relative.rpartition("/")[0]):
                self._taken.add(relative)
            self._listing.forget(relative)

    def _remove_empty(self, relative: str) -> bool:
        """Remove a folder that is empty, if it is there; False if something is or may be in it."""
        key = name_key(relative)
        if not self._sees_all or self._others.get(key):
            return False
        with self._changing(relative):
            url = self._address.folder(relative)
            others = remove_empty(self._client, url, self._temporaries.folder)
            if others is None:
                self._folders.forget(relative)
        for name in self._removed.pop(key, set()) & (others or set()):
            raise still_there(self.path(f"{relative}/{name}"))
        if others is not None:
            self._others[key] = others
            return False
        self._note_removed(relative)
        return True

    def _note_removed(self, relative: str) -> None:
        folder, _, name = name_key(relative).rpartition("/")
        self._others.get(folder, set()).discard(name)

    # --- reading -------------------------------------------------------------------------

    def listed(self, *, told: bool = False) -> AbstractContextManager[None]:
        """Answer from lists, one for each folder."""
        return self._listing.used(told=told)

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

    def is_hollow(self, relative: str) -> bool:
        """Tell whether it is a folder with nothing but folders in it."""
        found = self._client.find(self._address.folder(relative))
        return found is not None and found.folder and not any(self.files_below(relative))

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

    def files_below(self, relative: str, *, others: bool = False) -> Iterator[tuple[str, Stamp]]:  # noqa: ARG002
        """Go through all files below a folder; there is nothing else on a server."""
        for path, one in self._listing.walk(relative):
            if not one.folder:  # one without a length is measured, which says what it is
                yield path, (-1 if one.size is None else one.size, one.changed)

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

    def _require_kept(self, *paths: str) -> None:
        """Refuse paths with names that the server would give to something else, or not tell.

        Raises:
            ItemRejected: One of them has a sign that is not kept, or is too long.
        """
        if self._refuses is None:
            return
        for name in (name for path in paths for name in path.split("/")):
            if why := self._refuses(name):
                raise ItemRejected(
                    f"{self.root}: the server {why}.",
                    hint="Choose another server or a folder for the items that are listed so.",
                )

    def _find(self, relative: str) -> Listed | Resource | None:
        self._require_kept(relative)
        if self._listing.in_use:
            return self._listing.find(relative)
        return self._client.find(self.path(relative))
