"""Where decamp keeps its own files on this machine.

``DECAMP_HOME`` moves all of it; otherwise it lies where the platform keeps such things.
Finding a place creates nothing.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from attrs import frozen

from decamp.errors import Locked
from decamp.filesystems import make_private

__all__ = ["Home", "is_held"]

_VARIABLE = "DECAMP_HOME"
_TURN_SECONDS = 300.0
"""A sign-in is renewed in seconds; a service that stalls twice takes about four minutes."""
_RUN = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{4}")


@frozen
class Home:
    """The places of one user."""

    folder: Path

    @classmethod
    def find(cls) -> Home:
        """Find the folder without creating it."""
        chosen = os.environ.get(_VARIABLE)
        if chosen:
            return cls(Path(chosen).expanduser().absolute())
        from platformdirs import user_state_path

        return cls(user_state_path("decamp", appauthor=False))

    @property
    def journal(self) -> Path:
        """What decamp remembers."""
        return self.folder / "journal.db"

    @property
    def log(self) -> Path:
        """What decamp did, redacted, for bug reports."""
        return self.folder / "decamp.log"

    @property
    def tmp(self) -> Path:
        """Spools of running transfers; emptied when they end, or by the next one."""
        return self.folder / "tmp"

    @property
    def copies(self) -> Path:
        """Copies of a person's data that a service has made; each until its data has arrived."""
        return self.folder / "copies"

    @property
    def plugins(self) -> Path:
        """What plugins have learnt about servers, in a folder each; it can be learnt again."""
        return self.folder / "plugins"

    @contextmanager
    def scratch(self, run: str) -> Iterator[Path]:
        """Give a run a private folder, and remove what killed runs have left behind."""
        from filelock import FileLock, Timeout

        make_private(self.tmp)
        for left in self.tmp.iterdir():
            # DECAMP_HOME may name a folder that was in use already: what is not ours stays.
            if (left / ".lock").is_file():
                with suppress(Timeout, OSError), FileLock(left / ".lock", timeout=0):
                    shutil.rmtree(left, ignore_errors=True)
            elif _RUN.fullmatch(left.name):  # cut off before it had its lock
                with suppress(OSError):
                    left.rmdir()
        folder = self.tmp / run
        make_private(folder)
        try:
            with FileLock(folder / ".lock", timeout=0):
                yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @property
    def locks(self) -> Path:
        """Empty files, each locked by whoever works on one destination or connection."""
        return self.folder / "locks"

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold something for this process; the system lets go of it when we end.

        Raises:
            Locked: Another process holds it.
        """
        with self._held(
            name,
            0,
            Locked(
                f"Another decamp is writing to {name.partition(':')[2]}.",
                hint="Wait until it has ended, then run the same command again. See: decamp status",
            ),
        ):
            yield

    @contextmanager
    def turn(self, name: str) -> Iterator[None]:
        """Wait for something that others hold for moments, and hold it, against threads too.

        Raises:
            Locked: It is held for minutes: a decamp that hangs, or a broken file system.
        """
        with self._held(
            name,
            _TURN_SECONDS,
            Locked(
                f"Another decamp has been at work on {name.partition(':')[2] or name} for minutes.",
                hint="End it, then run the same command again.",
            ),
        ):
            yield

    @contextmanager
    def _held(self, name: str, seconds: float, refusal: Locked) -> Iterator[None]:
        from filelock import FileLock, Timeout

        make_private(self.locks)
        digest = hashlib.sha256(name.encode()).hexdigest()[:16]
        try:
            held = FileLock(self.locks / f"{digest}.lock", timeout=seconds, mode=0o600)
            held.acquire()
        except Timeout as error:
            raise refusal from error
        try:
            yield
        finally:
            held.release()


def is_held(lock: Path) -> bool:
    """Tell whether a process holds a lock file.

    A lock, unlike a process id, cannot be taken over by an unrelated process.
    """
    from filelock import FileLock, Timeout

    if not lock.is_file():
        return False
    try:
        with FileLock(lock, timeout=0):
            return False
    except Timeout:
        return True
    except OSError:
        return False  # swept away at this very moment
