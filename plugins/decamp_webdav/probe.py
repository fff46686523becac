"""Finds out what a server honours, by trying it in a folder of our own that is removed.

Servers differ in nearly everything that their standard leaves open, and in much that it does
not (RFC 4918). A success code is no proof, so each claim is looked at from outside.
"""

from __future__ import annotations

import secrets
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime

from decamp import DestinationRefused, TransferError, Unavailable
from decamp.bundle import MAX_NAME_BYTES, TEMPORARY
from decamp_webdav.address import name_key
from decamp_webdav.chunks import uploads_of
from decamp_webdav.client import DavClient
from decamp_webdav.findings import Findings, Names
from decamp_webdav.leftovers import Leftovers

__all__ = ["probe", "server_of"]

_SIGNS = " !#$'()+,;=@[]^`{}~&\u00e9\u4e2d\U0001f389"
"""Every sign that names in a bundle may have besides letters and digits, a letter of French and
one of Chinese, and a picture, whose code is longer. No semicolon comes after the ampersand: the
two could be taken for an entity (phodav)."""
_ODD = f"A\u0308{_SIGNS}.txt"
_OLD, _NEW = b"the first\nfile\r\n", b"another file"
"""With ends of lines, which some servers, and programs behind them, change."""
_KINDS = {
    "a page": ("page.html", b"<!DOCTYPE html>\r\n<p>A page</p>\n\n"),
    "a film": ("film.mp4", bytes(range(256))),
}
"""What programs that know these kinds may change: Zope makes a template of a page, and takes no
film; proxies put scripts into pages."""
_LOOKS = 4
_STEP_SECONDS = 0.1
"""A server needs a moment to notice that a connection broke, or to write what has come."""
_PIECE = 256 << 10


def server_of(client: DavClient) -> str:
    """Ask a server what it calls itself, and which classes of WebDAV it knows.

    Some refuse the very question, as WsgiDAV 4.4 does under Digest; their name is told all the
    same, and what they can do is tried out anyway.
    """
    answer = client.send("OPTIONS", client.address.folder(), passing=range(300, 600))
    classes = ", ".join(part.strip() for part in answer.headers.get("dav", "").split(","))
    name = answer.headers.get("server", "unnamed")
    return f"{name[:80]}; DAV {classes[:80] or 'not told'}"


def probe(
    client: DavClient,
    server: str,
    now: datetime,
    leftovers: Leftovers,
    pause: Callable[[float], None] = time.sleep,
) -> Findings:
    """Try everything out. The folder of the bundle has to be there.

    Args:
        client: Speaks to the server.
        server: See `server_of`.
        now: The time.
        leftovers: Remembers our folder while it is there.
        pause: Waits for some seconds.

    Raises:
        DestinationRefused: It does not keep what is sent to it, or does not tell sizes.
    """
    folder = f"{TEMPORARY}probe-{secrets.token_hex(4)}"
    trial = _Trial(client, folder, pause)
    leftovers.add(folder)
    try:
        return trial.findings(server, now)
    finally:
        with suppress(TransferError):  # the next run removes it
            client.send("DELETE", client.address.folder(folder), passing=(404,))
            leftovers.drop(folder)


class _Trial:
    def __init__(self, client: DavClient, folder: str, pause: Callable[[float], None]) -> None:
        self._client = client
        self._folder = folder
        self._pause = pause

    def findings(self, server: str, now: datetime) -> Findings:
        address = self._client.address
        self._make(address.folder(self._folder))
        again = self._status("MKCOL", address.folder(self._folder))
        self._put("old", _OLD)
        found = self._client.find(self._at("old"))
        if found is None or found.size != len(_OLD) or self._read("old") != _OLD:
            raise DestinationRefused(
                f"{address.url}: the server said that it stored a file, and does not have it as "
                "it was sent, or does not tell its size. Nothing of your data was sent.",
                hint="Choose another server, or look whether a program changes files there.",
            )
        for what, (name, data) in _KINDS.items():
            if not self._keeps(name, data):
                raise DestinationRefused(
                    f"{address.url}: the server does not keep {what} ({name}) as it was sent, "
                    "to try it out. Nothing of your data was sent.",
                    hint="Choose another server: this one, or a proxy before it, changes files.",
                )
        names, lost = self._names()
        return Findings(
            url=address.url,
            learnt=now,
            server=server,
            create_only_put=self._create_only_put(),
            hidden_put=self._hidden_put(),
            whole_replace=self._whole_replace(),
            move_keeps=self._move_keeps(),
            moves_folders=self._moves_folders(),
            etags=bool(found.etag),
            mkcol_again=again,
            lists_dots=self._lists_dots(),
            names=names,
            lost=lost,
            ignores_case=self._client.find(self._at("OLD")) is not None,
            name_bytes=self._name_bytes(),
            chunks=self._chunks(),
        )

    # --- one question each ---------------------------------------------------------------

    def _create_only_put(self) -> bool:
        headers = {"If-None-Match": "*"}
        refused = self._status("PUT", self._at("old"), headers, _NEW) == 412
        kept = self._read("old") == _OLD
        self._put("old", _OLD)
        made = 200 <= self._status("PUT", self._at("made"), headers, _NEW) < 300
        return refused and kept and made and self._read("made") == _NEW

    def _hidden_put(self) -> bool:
        """Break a PUT off in a folder of its own, which then has to be one that can be removed.

        Tomcat says for five seconds that a name is free which was free when the PUT began, while
        part of the file is there. It finds that part when it is to remove the folder, and cannot.
        """
        folder, name = "breaking/", "breaking/cut"
        self._make(self._at(folder))
        seen = self._cut(name) or self._client.find(self._at(name)) is not None
        removed = 200 <= self._status("DELETE", self._at(folder)) < 300
        if not removed:
            with suppress(TransferError):
                self._put(name, _OLD)  # so that the server knows of it, and can remove it
        return removed and not seen

    def _whole_replace(self) -> bool:
        self._put("kept", _OLD)
        self._cut("kept")
        return self._read("kept") == _OLD

    def _move_keeps(self) -> bool:
        self._put("one", _OLD)
        self._put("two", _NEW)
        refused = self._move("one", "two") == 412
        kept = self._read("two") == _NEW
        self._put("one", _OLD)
        moved = 200 <= self._move("one", "three") < 300
        gone = self._client.find(self._at("one")) is None
        return refused and kept and moved and gone and self._read("three") == _OLD

    def _moves_folders(self) -> bool:
        for name in ("from", "taken"):
            self._make(self._at(name) + "/")
            self._put(f"{name}/{name}", name.encode())
        refused = self._move("from/", "taken/") == 412
        kept = self._read("taken/taken") == b"taken"
        merged = self._client.find(self._at("taken/from")) is not None
        if not refused or not kept or merged:
            return False
        moved = 200 <= self._move("from/", "to/") < 300
        gone = self._client.find(self._at("from") + "/") is None
        return moved and gone and self._read("to/from") == b"from"

    def _lists_dots(self) -> bool:
        listed = self._client.listed(self._client.address.folder()) or []
        return any(one.path.endswith(f"/{self._folder}") for one in listed)

    def _names(self) -> tuple[Names, str]:
        """Try all signs in one name, and only if that is changed each of them."""
        kept = self._kept("", _ODD)
        if kept != "changed":
            return kept, ""
        return kept, "".join(sign for sign in _SIGNS if not self._keeps_sign(sign))

    def _name_bytes(self) -> int:
        """Find the longest name that is kept, if it is not the longest that a bundle has."""
        if self._keeps("x" * MAX_NAME_BYTES):
            return MAX_NAME_BYTES
        known = len(self._folder)
        longer = range(known + 1, MAX_NAME_BYTES)
        return known + bisect_left(longer, True, key=lambda length: not self._keeps("x" * length))

    def _keeps_sign(self, sign: str) -> bool:
        """Try it in a folder of its own: one name that cannot be read makes a list useless."""
        folder = f"sign-{ord(sign)}/"
        self._make(self._at(folder))
        return self._kept(folder, f"a{sign}b") != "changed"

    def _kept(self, folder: str, name: str) -> Names:
        """Ask for a name alone and in a list: phodav fails to tell some in one of the two."""
        with suppress(DestinationRefused):  # what was told makes no sense
            if self._keeps(folder + name) and self._client.find(self._at(folder + name)):
                listed = self._listed(folder)
                if name in listed:
                    return "kept"
                if name_key(name) in map(name_key, listed):
                    return "another form"
        return "changed"

    def _listed(self, folder: str) -> list[str]:
        """List the names in a folder of ours."""
        url = self._client.address.folder(f"{self._folder}/{folder}")
        return [one.path.rpartition("/")[2] for one in self._client.listed(url) or []]

    def _keeps(self, name: str, data: bytes = _OLD) -> bool:
        """Tell whether a file is there as it was sent; a server that is only busy is asked twice."""
        for again in (False, True):
            try:
                self._put(name, data)
                return self._read(name) == data
            except TransferError as error:
                if error.reaction == "stop" and error.exit_code == 5:
                    raise
            if not again:
                # This fails where it takes nothing now, as when another run, which takes our folder
                # for one of a killed run, has removed it: then nothing can be learnt.
                self._put("old", _OLD)
        return False

    def _chunks(self) -> bool:
        uploads = uploads_of(self._client.address)
        if uploads is None:
            return False
        upload = f"{uploads}decamp-{secrets.token_hex(8)}/"
        target = self._at("whole")
        told = {"Destination": target, "OC-Total-Length": str(len(_OLD))}
        try:
            self._client.send("MKCOL", upload, told)
            self._client.send("PUT", f"{upload}00001", told, _OLD)
            self._client.send("MOVE", f"{upload}.file", told)
            return self._read("whole") == _OLD
        except TransferError:
            with suppress(TransferError):
                self._client.send("DELETE", upload, told, passing=(404,))
            return False

    # --- means ---------------------------------------------------------------------------

    def _cut(self, name: str) -> bool:
        """Break a PUT off in its middle; tell whether part of it was seen meanwhile or later."""
        body = _Cut(lambda: self._is_part(name))
        with suppress(Unavailable, _Broken):
            self._client.send("PUT", self._at(name), None, body, again=False)
        return body.seen or self._is_part(name)

    def _is_part(self, name: str) -> bool:
        """Look a few times whether something new has this name."""
        for _ in range(_LOOKS):
            self._pause(_STEP_SECONDS)
            found = self._client.find(self._at(name))
            if found is not None and found.size != len(_OLD):
                return True
        return False

    def _at(self, name: str) -> str:
        slash = "/" if name.endswith("/") else ""
        return self._client.address.at(f"{self._folder}/{name}") + slash

    def _make(self, url: str) -> None:
        """Make a folder, though the answer may be lost: asked again, a server has one already."""
        taken = self._client.send("MKCOL", url, passing=(405,)).status == 405
        if taken and self._client.find(url) is None:
            self._client.send("MKCOL", url)  # so it refuses, and says why

    def _put(self, name: str, data: bytes) -> None:
        self._client.send("PUT", self._at(name), None, data)

    def _read(self, name: str) -> bytes | None:
        return self._client.read(self._at(name), _PIECE * 8)

    def _move(self, name: str, to: str) -> int:
        return self._status("MOVE", self._at(name), {"Destination": self._at(to), "Overwrite": "F"})

    def _status(
        self,
        method: str,
        url: str,
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
    ) -> int:
        passing = set(range(300, 600)) - {401, 429, 503}
        return self._client.send(method, url, headers, body, passing=passing).status


class _Broken(Exception):
    """Breaks a connection off."""


class _Cut:
    """A body that ends too early; in its middle it looks what can be seen of it."""

    size = 8 * _PIECE

    def __init__(self, look: Callable[[], bool]) -> None:
        self._look = look
        self.seen = False

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(4):
            yield bytes(_PIECE)
        self.seen = self._look()
        raise _Broken
