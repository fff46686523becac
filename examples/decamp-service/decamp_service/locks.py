"""Locks that all processes on this machine share, and that end with their holder."""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from decamp.errors import Locked


class Locks:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def hold(self, name: str, *, patience: float = 60.0) -> Iterator[None]:
        """Hold an open transaction on a file of this name.

        A lease with an end would do, too, but this one cannot end too early, and when the
        process is killed the system lets go of it. With PostgreSQL, take an advisory lock.

        Raises:
            Locked: Somebody else held it for this many seconds.
        """
        digest = hashlib.sha256(name.encode()).hexdigest()[:16]
        holder = sqlite3.connect(
            self._folder / f"{digest}.db", timeout=patience, isolation_level=None
        )
        with closing(holder):
            try:
                holder.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError as error:
                raise Locked("Somebody else is at it.", hint="Try again in a minute.") from error
            yield
