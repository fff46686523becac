"""Threads that ask a server for many lists, and give each as it comes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

__all__ = ["Asking"]

T = TypeVar("T")
_STEP_SECONDS = 0.5


class Asking(Generic[T]):
    """A few threads that ask about folders.

    For thousands of folders a pool of `concurrent.futures` takes as long as a tenth of the rest. And
    these are daemons: after an error or Ctrl-C, lists that a server still keeps us waiting for are left.

    Args:
        ask: Asks about one folder.
        most: So many are asked about at a time.
    """

    def __init__(self, ask: Callable[[str], T], most: int) -> None:
        self._ask = ask
        self._most = most
        self._wanted: SimpleQueue[str | None] = SimpleQueue()
        self._answered: SimpleQueue[tuple[str, T] | BaseException] = SimpleQueue()
        self._threads = 0
        self._over = False

    def put(self, folder: str) -> None:
        """Have a folder asked about."""
        self._wanted.put(folder)
        if self._threads < self._most:
            self._threads += 1
            threading.Thread(target=self._work, name="webdav-list", daemon=True).start()

    def get(self) -> tuple[str, T]:
        """Wait for the next answer, and give it with its folder.

        Raises:
            BaseException: What asking for it has raised.
        """
        answer: tuple[str, T] | BaseException | None = None
        while answer is None:  # in steps: a wait without an end may be deaf to Ctrl-C
            with suppress(Empty):
                answer = self._answered.get(timeout=_STEP_SECONDS)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def close(self) -> None:
        """Let the threads end, and leave what is still asked for."""
        self._over = True
        for _ in range(self._threads):
            self._wanted.put(None)

    def _work(self) -> None:
        while (folder := self._wanted.get()) is not None and not self._over:
            try:
                self._answered.put((folder, self._ask(folder)))
            except BaseException as error:  # noqa: BLE001 - whoever waits gets it
                self._answered.put(error)
