"""A person's journey with decamp to a WebDAV server, in processes that can be killed.

They are forked from one that has imported everything and has no threads, so a sweep over many
points does not wait for Python to start.
"""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import bagit
from attrs import define, field

from dav_servers import DavServer
from decamp_tiktok.sandbox import MediaServer
from journey import tree

__all__ = ["DavJourney", "DavRun", "differences"]

_PRELOADED = ["decamp.assembly", "decamp.http", "decamp.upkeep", "decamp_webdav.importer"]
_PROCESSES = multiprocessing.get_context("forkserver" if os.name == "posix" else "spawn")
if os.name == "posix":
    _PROCESSES.set_forkserver_preload(_PRELOADED)


@define
class DavRun:
    """A run that is under way."""

    process: Any
    _pipe: Connection

    def kill(self) -> None:
        """End it as ``kill -9`` does."""
        self.process.kill()
        self.process.join()

    def ended(self) -> dict[str, Any] | None:
        """Wait for its end; gives its receipt, or None if it was killed."""
        try:
            document: dict[str, Any] | None = self._pipe.recv()
        except EOFError:
            document = None
        self.process.join()
        self._pipe.close()
        return document


@define
class DavJourney:
    """One home, and one bundle on a server."""

    folder: Path
    server: DavServer
    url: str
    """Where the bundle goes; it may lead through a proxy."""
    media: MediaServer | None = None
    options: Mapping[str, str] = field(factory=dict)
    """Of the destination."""
    token: str | None = None
    """Sign in with a bearer token instead."""

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def state(self) -> Path:
        """What the plugin remembers of servers."""
        return self.home / "plugins" / "webdav"

    @property
    def variables(self) -> dict[str, str]:
        """Give the environment, which also signs in."""
        named: dict[str, str] = {"TOKEN": self.token} if self.token else {}
        if not self.token:
            named = {"USER": self.server.user, "PASSWORD": self.server.password}
        return {
            "DECAMP_HOME": str(self.home),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        } | {f"DECAMP_WEBDAV_{name}": value for name, value in named.items()}

    @property
    def settings(self) -> list[str]:
        """Give the options of the destination, as they are typed."""
        ca = {"ca_file": str(self.server.ca)} if self.server.ca else {}
        return [f"to.{name}={value}" for name, value in (ca | dict(self.options)).items()]

    @property
    def address(self) -> str:
        return f"webdav:{self.url}"

    def start(self, action: str, **words: Any) -> DavRun:
        self.folder.mkdir(parents=True, exist_ok=True)
        here, there = _PROCESSES.Pipe(duplex=False)
        process = _PROCESSES.Process(target=_act, args=(there, self.variables, action, words))
        process.start()
        there.close()
        return DavRun(process, here)

    def transfer(self, source: Path | str, **changes: Any) -> DavRun:
        return self.start(
            "transfer",
            source=str(source),
            **{
                "destination": self.address,
                "options": self.settings,
                "allowed": [("127.0.0.1", self.media.port)] if self.media else [],
            }
            | changes,
        )

    def run(self, source: Path | str, **changes: Any) -> dict[str, Any]:
        """Transfer, and give the receipt."""
        receipt = self.transfer(source, **changes).ended()
        assert receipt is not None
        return receipt

    def verify(self) -> dict[str, Any]:
        """Read everything back."""
        document = self.start("verify", destination=self.address, options=self.settings).ended()
        assert document is not None
        return document

    def undo(self) -> dict[str, Any]:
        """Take the latest run back."""
        document = self.start("undo").ended()
        assert document is not None
        return document

    # --- what is there, seen past the server ----------------------------------------------

    def bundle(self, behind: str = "") -> Path:
        """Tell where the bundle lies on this machine.

        Args:
            behind: The address past the proxy, if it leads through one.
        """
        return self.server.path(behind or self.url)

    def open_intents(self) -> int:
        """Count items in doubt, after making sure that the journal is whole."""
        db = sqlite3.connect(self.home / "journal.db")
        try:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            found = db.execute("SELECT count(*) FROM items WHERE state = 'intent'").fetchone()
            return int(found[0])
        finally:
            db.close()


def differences(bundle: Path, expected: Mapping[str, str]) -> dict[str, list[str]]:
    """Compare what is there with what should be, by the bytes on the server's own disk.

    Returns:
        Files that are `lost`, `damaged`, `doubled` (payload that nobody expects, and that has
        the bytes of something expected), `temporary` (of ours) or `strange`; empty lists do
        not appear.
    """
    found = tree(bundle)
    known = set(expected.values())
    more = {path: digest for path, digest in found.items() if path not in expected}
    folders = {path.relative_to(bundle).as_posix() for path in bundle.rglob("*") if path.is_dir()}
    needed = {
        parent.as_posix() for path in expected for parent in Path(path).parents if parent.name
    }
    temporary = [path for path in [*more, *(folders - needed)] if ".decamp" in path]
    told = {
        "lost": [path for path in expected if path not in found],
        "damaged": [path for path in expected if found.get(path, expected[path]) != expected[path]],
        "doubled": [p for p, d in more.items() if d in known and p not in temporary],
        "temporary": temporary,
        "strange": [p for p, d in more.items() if d not in known and p not in temporary]
        + [path for path in folders - needed if path not in temporary],
    }
    if not any(told.values()):
        bagit.Bag(str(bundle)).validate()
    return {what: sorted(paths) for what, paths in told.items() if paths}


# --- in the child --------------------------------------------------------------------------


def _act(pipe: Connection, variables: dict[str, str], action: str, words: dict[str, Any]) -> None:
    for name in [name for name in os.environ if name.startswith("DECAMP")]:
        del os.environ[name]
    os.environ.update(variables)
    from decamp import registry
    from decamp.errors import TransferError

    try:
        document = _ACTIONS[action](registry.load(), **words)
    except TransferError as error:
        document = {"error": {"code": error.code, "message": str(error), "hint": error.hint}}
    pipe.send(document)
    pipe.close()


def _transfer(loaded: Any, *, dry_run: bool = False, **words: Any) -> Any:
    from decamp.assembly import Request, plan, transfer
    from decamp.home import Home

    return (plan if dry_run else transfer)(
        Request(**{name: _tuple(value) for name, value in words.items()}),
        registry=loaded,
        home=Home.find(),
        emit=lambda event: None,
        stop=threading.Event(),
    )


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _verify(loaded: Any, destination: str, options: list[str]) -> Any:
    from decamp import upkeep
    from decamp.assembly import opened
    from decamp.home import Home

    with opened(destination, options, registry=loaded, home=Home.find()) as place:
        return upkeep.verify(
            place, deep=True, sample=0, emit=lambda event: None, stop=threading.Event()
        )


def _undo(loaded: Any) -> Any:
    from decamp import upkeep
    from decamp.assembly import opened, undoable
    from decamp.home import Home

    home = Home.find()
    found = undoable("", home=home)
    with ExitStack() as stack:
        place = stack.enter_context(opened(found.at, registry=loaded, home=home))
        undoing = upkeep.Undoing(place, found.run)
        return upkeep.undo(undoing, emit=lambda event: None, stop=threading.Event(), dry_run=False)


_ACTIONS = {"transfer": _transfer, "verify": _verify, "undo": _undo}
