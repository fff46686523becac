"""One run at a time writes to a bundle on another machine: a file there says which.

No system lets go of it when a process is killed. So the machine that left a lock takes it
over, since the engine has made sure there that no other run of it is under way; anyone else
has to say so.
"""

from __future__ import annotations

import getpass
import hashlib
import logging
import os
import platform
import secrets
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Protocol

import msgspec

from decamp.bundle.site import LOCK, Folder
from decamp.errors import Locked, Unavailable

__all__ = ["LockFile", "Shared"]


class _Holder(msgspec.Struct, frozen=True):
    """The content of ``.decamp.lock``; there is a schema, ``bundle-lock``."""

    owner: str
    machine: str
    host: str
    since: str


class Shared(Folder, Protocol):
    """A folder that other machines write to as well."""

    looks_first: bool
    """Look whether a name is free before each file: the place has no way to refuse."""


class LockFile:
    """A file that is made only if it is absent, where the place can do so."""

    def __init__(
        self, folder: Shared, since: datetime, log: logging.Logger, *, take_over: bool
    ) -> None:
        self._folder = folder
        self._log = log
        self._take_over = take_over
        self._mine = _Holder(
            secrets.token_hex(8), _machine(), platform.node(), f"{since:%Y-%m-%dT%H:%M:%SZ}"
        )
        self._held = False

    def acquire(self) -> None:
        """Take the lock; find out, too, whether the store honours conditions.

        Raises:
            Locked: A run on another machine has it, or one that was killed there.
        """
        with self._folder.staged_file() as staged:
            self._folder.write(staged, msgspec.json.encode(self._mine) + b"\n")
            # A store that knows no conditions would replace it.
            if self._folder.exists(LOCK) or not self._made(staged):
                self._may_replace(self._holder())
                self._folder.replace_file(staged, LOCK)
            self._held = True
            self.confirm()
            if self._made(staged):  # although it is there: this store knows no conditions
                self._folder.looks_first = True
        if self._folder.looks_first:
            self._log.warning(
                "%s knows no conditional writes: decamp looks whether a name is free before it "
                "writes, and a file made there in the same moment could be lost.",
                self._folder.root,
            )

    def confirm(self) -> None:
        """Make sure that it is still ours.

        Raises:
            Locked: Someone took it over.
            Unavailable: It is gone, and the bundle with it perhaps.
        """
        there = self._holder()
        if there is None and not self._folder.exists(LOCK):
            self._held = False
            raise Unavailable(
                f"{self._folder.path(LOCK)} is gone: something removed it while decamp was using it.",
                hint="See whether somebody deleted or moved that folder. Then run the same command "
                "again; it finds out what is still there, and brings the rest.",
            )
        if there is None or there.owner != self._mine.owner:
            self._held = False
            raise _locked(self._folder.root, there)

    def release(self) -> None:
        """Remove it, if it is ours."""
        if not self._held:
            return
        self._held = False
        there = self._holder()
        if there is not None and there.owner == self._mine.owner:
            self._folder.remove(LOCK)

    def _made(self, staged: str) -> bool:
        """Make the lock; False if someone else was quicker."""
        try:
            self._folder.publish_file(staged, LOCK)
        except FileExistsError:
            return False
        return True

    def _may_replace(self, there: _Holder | None) -> None:
        ours = there is not None and there.machine == self._mine.machine
        if ours:
            self._log.info("the lock of an earlier run of this machine is taken over")
        elif self._take_over:
            self._log.warning("the lock of another machine is taken over, as you said")
        else:
            raise _locked(self._folder.root, there)

    def _holder(self) -> _Holder | None:
        with suppress(msgspec.DecodeError, UnicodeDecodeError):
            return msgspec.json.decode(self._folder.read(LOCK) or b"", type=_Holder)
        return None


def _locked(where: str, there: _Holder | None) -> Locked:
    who = f"on {there.host}, since {there.since}" if there else "that does not say where it runs"
    return Locked(
        f"Another run of decamp is writing to {where}: one {who}.",
        hint="Wait until it has ended, then run the same command again. If you are sure that it "
        "no longer runs, add --option to.break_lock=yes.",
    )


def _machine() -> str:
    """Name this user of this machine by a digest, the same in every run."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = ""
    try:
        system = Path("/etc/machine-id").read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        system = ""
    parts = (platform.node(), system, user, os.environ.get("DECAMP_HOME", ""))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
