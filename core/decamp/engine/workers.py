"""Threads that do calls. They are daemons: a call that never returns cannot keep us here."""

from __future__ import annotations

import queue
import random
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from attrs import frozen

from decamp.errors import RateLimited, TransferError, Unavailable

__all__ = ["Done", "Workers", "attempt"]

T = TypeVar("T")

_ATTEMPTS = 5
_BASE_SECONDS = 1.0
_CAP_SECONDS = 60.0


@frozen
class Done(Generic[T]):
    """A call that has ended."""

    subject: T
    result: Any = None
    error: BaseException | None = None


class Workers(Generic[T]):
    """A few threads that pull calls and put what came of them into one queue."""

    def __init__(self, count: int, name: str, done: queue.SimpleQueue[Done[T]]) -> None:
        self._calls: queue.SimpleQueue[tuple[Callable[[], Any], T] | None] = queue.SimpleQueue()
        self._done = done
        self._count = count
        for number in range(count):
            threading.Thread(target=self._work, name=f"{name}-{number}", daemon=True).start()

    def put(self, call: Callable[[], Any], subject: T) -> None:
        """Have a call made; its end arrives in the queue with the subject."""
        self._calls.put((call, subject))

    def close(self) -> None:
        """Let the threads end once they are idle."""
        for _ in range(self._count):
            self._calls.put(None)

    def _work(self) -> None:
        while (task := self._calls.get()) is not None:
            call, subject = task
            try:
                done = Done(subject, result=call())
            except BaseException as error:  # also SystemExit: a plugin must not end a thread
                done = Done(subject, error=error)
            self._done.put(done)


def attempt(
    call: Callable[[], T],
    stop: threading.Event,
    *,
    rests: bool = False,
    waits: Callable[[float, str], None] = lambda seconds, reason: None,
) -> T:
    """Make a call, again where its error says so, with growing, random pauses.

    The pause is uniform between zero and a bound that doubles ("full jitter"), and at
    least what the service asked for. A stop ends the pause and the attempts.

    Args:
        rests: The caller itself waits where a service says how long to wait.
        waits: Told of each pause before it begins: its seconds, and why.
    """
    for number in range(_ATTEMPTS):
        try:
            return call()
        except TransferError as error:
            if error.reaction != "retry" or number == _ATTEMPTS - 1:
                raise
            if rests and isinstance(error, RateLimited) and error.retry_after is not None:
                raise
            pause = random.uniform(0, min(_CAP_SECONDS, _BASE_SECONDS * 2**number))
            if isinstance(error, Unavailable) and error.retry_after is not None:
                pause = max(pause, error.retry_after)
            if pause > _CAP_SECONDS or stop.is_set():
                raise
            waits(pause, error.message)
            if stop.wait(pause):
                raise
    raise AssertionError("unreachable")
