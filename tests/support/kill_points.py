"""Ends a forked run at its n-th step: journal, file, disk and HTTP calls, each before and after.

Product code has no hooks for this. Python tells audit hooks of file operations before they
happen (PEP 578); what has no audit event is patched in the child alone.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from decamp.assembly import Request, transfer
from decamp.home import Home
from decamp.journal.database import Database
from decamp.registry import Registry
from decamp_disk import durable

__all__ = ["ENDED", "KILLED", "Run", "leftovers", "open_intents"]

ENDED, KILLED, FAILED = 0, -9, 1
TOLD = (5, 10)
"""Exit codes that a test may expect: a consent is needed, the source needs time."""
_EVENTS = {
    *("open", "os.link", "os.listdir", "os.mkdir", "os.remove", "os.rename", "os.rmdir"),
    *("os.scandir", "sqlite3.connect"),
}


class Run:
    """One transfer in a child process, killed at a step or not at all."""

    def __init__(
        self,
        registry: Registry,
        source: Path | str,
        bundle: Path,
        home: Path,
        port: int,
        **asked: Any,
    ) -> None:
        self._registry = registry
        self._request = Request(
            source=str(source),
            destination=str(bundle),
            allowed=(("127.0.0.1", port),),
            **asked,
        )
        self._home = home
        self._roots = (str(bundle), str(home))

    def __call__(self, step: int = 0) -> tuple[int, int]:
        """Run it.

        Args:
            step: Where to end it; 0 lets it end by itself.

        Returns:
            How it ended, and how many steps it had got to.
        """
        here, there = os.pipe()
        child = os.fork()
        if child:
            os.close(there)
            with os.fdopen(here, "rb") as pipe:
                counted = len(pipe.read())
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), counted
        code = FAILED
        try:
            os.close(here)
            _arm(self._roots, step, there)
            receipt = transfer(
                self._request,
                registry=self._registry,
                home=Home(self._home),
                emit=lambda event: None,
                stop=threading.Event(),
            )
            code = receipt["exit_code"] if receipt["exit_code"] in (ENDED, *TOLD) else FAILED
        except BaseException:  # noqa: BLE001 (nothing may leave the child)
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)


def _arm(roots: tuple[str, ...], step: int, pipe: int) -> None:
    lock = threading.Lock()
    counted = 0
    write = os.write

    def count() -> None:
        nonlocal counted
        with lock:
            counted += 1
            write(pipe, b".")
            if counted == step:
                os.kill(os.getpid(), 9)

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event in _EVENTS and any(
            isinstance(arg, str | os.PathLike) and os.fspath(arg).startswith(roots) for arg in args
        ):
            count()

    def counting(function: Callable[..., Any]) -> Callable[..., Any]:
        def counted_call(*args: Any, **kwargs: Any) -> Any:
            count()
            result = function(*args, **kwargs)
            count()
            return result

        return counted_call

    begin = Database._write

    @contextmanager
    def journal_write(self: Database) -> Any:
        count()
        with begin(self) as db:
            yield db
            count()  # before the commit
        count()

    sys.addaudithook(hook)
    Database._write = journal_write  # type: ignore[method-assign]
    durable._syncfs = counting(durable._syncfs)
    os.fsync = counting(os.fsync)
    os.write = counting(os.write)
    httpx.Client.send = counting(httpx.Client.send)  # type: ignore[method-assign]


def leftovers(bundle: Path, home: Path) -> list[str]:
    """List what a run should have cleared away."""
    names = [path.name for path in bundle.iterdir() if path.name.startswith(".decamp")]
    tmp = home / "tmp"
    return names + [path.name for path in (tmp.iterdir() if tmp.exists() else ())]


def open_intents(home: Path) -> int:
    """Count items in doubt, after making sure that the journal is whole."""
    db = sqlite3.connect(home / "journal.db")
    try:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        found: int = db.execute("SELECT count(*) FROM items WHERE state = 'intent'").fetchone()[0]
        return found
    finally:
        db.close()
