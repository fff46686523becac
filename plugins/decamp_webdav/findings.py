"""What was learnt about a server, and remembered between runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import msgspec

from decamp.bundle import MAX_NAME_BYTES
from decamp_webdav.kept import Kept

__all__ = ["Findings", "Names", "Way", "load", "save"]

Way = Literal["put", "folder", "file"]
"""How new files get their names: by one conditional PUT each; a whole folder by one MOVE; or
each file by a MOVE."""

Names = Literal["kept", "another form", "changed"]
"""What becomes of accents, blanks and signs in a name."""

_FORM = 4
"""Raised when findings of an older decamp are not enough any more."""
_LIFETIME = timedelta(days=30)


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """What one server honours in one folder, each seen and not read in its documentation."""

    form: int = _FORM
    url: str
    learnt: datetime
    server: str
    """What it calls itself, with the classes of its ``DAV`` header."""
    create_only_put: bool
    """A PUT with ``If-None-Match: *`` does not replace a file."""
    hidden_put: bool
    """A new file is unseen until all of it has come, and nothing stays if the connection breaks."""
    whole_replace: bool
    """The old file stays if the connection breaks while a new one comes."""
    move_keeps: bool
    """A MOVE with ``Overwrite: F`` does not replace a file."""
    moves_folders: bool
    """A folder is moved with what is in it, and does not replace another one."""
    etags: bool
    """It tells entity tags, by which other programs see changes."""
    mkcol_again: int
    """Its status for making a folder that is there."""
    lists_dots: bool
    """Its lists have the names that begin with a dot, as those of temporaries do."""
    names: Names
    lost: str
    """The signs that it does not keep. A letter of it stands for all letters like it."""
    ignores_case: bool
    name_bytes: int
    """Length of the longest name that it was seen to take; none in a bundle is longer than
    `decamp.bundle.MAX_NAME_BYTES`."""
    chunks: bool
    """It takes large files in chunks, as Nextcloud does."""

    @property
    def way(self) -> Way:
        """The safest way that was seen to work, and the fastest among those."""
        if self.create_only_put and self.hidden_put:
            return "put"
        return "folder" if self.moves_folders else "file"

    @property
    def takes_turns(self) -> bool:
        """Only one request at a time may look for names or change them.

        Known by name, for a try would end the server: rclone looks for a name that is not there
        without a lock, and dies if anything in that folder changes meanwhile (``stat`` in
        vfs/dir.go, seen with 1.75.2).
        """
        return self.server.startswith("rclone/")

    @property
    def looks_first(self) -> bool:
        """Nothing refuses to replace a file, so only a look can tell."""
        return not self.move_keeps and self.way != "put"

    def loses(self, name: str) -> str:
        """Give the first sign of a name that the server would not keep; empty if there is none."""
        if not self.lost:
            return ""
        # Whoever cannot keep a character of two, three or four bytes (UTF-8) keeps none of them.
        widths = {len(sign.encode()) for sign in self.lost} - {1}
        return next(
            (sign for sign in name if sign in self.lost or len(sign.encode()) in widths), ""
        )

    @property
    def takes_all_names(self) -> bool:
        """No name that a bundle may have is refused."""
        return not self.lost and self.name_bytes >= MAX_NAME_BYTES

    def refuses(self, name: str) -> str:
        """Say what the server does with a name that it cannot have; empty if it can."""
        if sign := self.loses(name):
            return f"does not keep the sign {sign} in the name {name}"
        if len(name.encode()) > self.name_bytes:
            return f"takes names of up to {self.name_bytes} bytes, not {name}"
        return ""

    def told(self) -> Iterator[tuple[str, str]]:
        """Tell it to a person, fact by fact."""
        ways = {
            "put": "each file by one conditional PUT, then its size is compared",
            "folder": "a post's folder is filled under a temporary name, compared, and moved once",
            "file": "each file under a temporary name, compared, then moved",
        }
        yield "server", self.server
        yield "new files", ways[self.way]
        yield "PUT with If-None-Match: *", _yes(self.create_only_put, "honoured", "ignored")
        yield (
            "PUT that is cut off",
            _yes(self.hidden_put, "leaves nothing", "leaves part of a file under its name"),
        )
        yield (
            "PUT over a file, cut off",
            _yes(self.whole_replace, "the old file stays", "the old file is lost"),
        )
        yield "MOVE with Overwrite: F", _yes(self.move_keeps, "honoured", "ignored")
        yield "MOVE of a folder", _yes(self.moves_folders, "works", "not used")
        yield "entity tags", _yes(self.etags, "told", "not told")
        yield "MKCOL of a folder that is there", f"answered {self.mkcol_again}"
        lost = " ".join(map(repr, self.lost))
        names = {
            "kept": "kept",
            "another form": "in another normal form",
            "changed": f"not kept: {lost}" if lost else "changed",
        }
        yield "accents, blanks and signs in names", names[self.names]
        yield "names that begin with a dot", _yes(self.lists_dots, "listed", "hidden")
        yield "upper and lower case", _yes(self.ignores_case, "the same", "different")
        yield (
            "names of the greatest length",
            ("taken" if self.name_bytes >= MAX_NAME_BYTES else f"up to {self.name_bytes} bytes"),
        )
        yield "chunked upload of Nextcloud", _yes(self.chunks, "used", "not offered")
        yield "requests about names", _yes(self.takes_turns, "one at a time", "side by side")
        yield "learnt", f"{self.learnt:%Y-%m-%d}"


def load(state: Path | None, url: str, server: str | None, now: datetime) -> Findings | None:
    """Remember what was learnt; None if it is not known, is old, or the server is another one.

    Args:
        state: Where it is kept.
        url: Address of the folder.
        server: What it calls itself now; None for whatever it did then.
        now: The time.
    """
    with suppress(msgspec.DecodeError, UnicodeDecodeError):
        found = msgspec.json.decode(_kept(state, url).read(), type=Findings)
        fresh = now - _LIFETIME < found.learnt <= now
        same = (found.form, found.url) == (_FORM, url) and server in (None, found.server)
        return found if fresh and same else None
    return None


def save(state: Path | None, findings: Findings) -> None:
    """Keep it, if there is a place; without one it is learnt again in each run."""
    _kept(state, findings.url).write(msgspec.json.encode(findings) + b"\n")


def _kept(state: Path | None, url: str) -> Kept:
    return Kept(state, "server", url, ".json")


def _yes(value: bool, yes: str, no: str) -> str:  # noqa: FBT001
    return yes if value else no
