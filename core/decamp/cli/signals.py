"""Ctrl-C and termination: the first time gently, the second time at once."""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

__all__ = ["INTERRUPTED", "STOPPING", "interruptible", "stop_on_signals"]

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it (128 + SIGINT)."""

STOPPING = (
    "Stopping: what is on its way is finished first. "
    "Press Ctrl-C again to quit at once; nothing is lost."
)
_QUIT = "Quit at once, as you asked. Run the same command again to go on."
_STDERR = 2
_SHOW_CURSOR = "\x1b[?25h"
_STEP_SECONDS = 0.5
_NUMBERS = (signal.SIGINT, signal.SIGTERM)


class _Stop(threading.Event):
    """Ends also a wait of the main thread: on Windows one long wait is deaf to signals."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait in short steps; tells whether it was set."""
        end = None if timeout is None else time.monotonic() + timeout
        while not self.is_set():
            left = _STEP_SECONDS if end is None else end - time.monotonic()
            if left <= 0:
                return False
            super().wait(min(left, _STEP_SECONDS))
        return True


@contextmanager
def stop_on_signals(*, announce: bool) -> Iterator[threading.Event]:
    """Give an event that the first signal sets; a second one ends the process.

    What a second signal leaves behind is what a killed process leaves: the next run
    settles it.

    Args:
        announce: Say so on standard error; not needed where a live display says it.
    """
    stop = _Stop()
    asked: queue.SimpleQueue[bool] = queue.SimpleQueue()
    came = False

    def handle(_number: int, _frame: FrameType | None) -> None:
        # A signal comes between any two steps of the main thread: it may be in the middle of
        # a write to sys.stderr, or hold the very lock that `stop.set` would wait for, for ever.
        # os.write and SimpleQueue.put are made for that.
        nonlocal came
        if came:
            _write(f"\n{_SHOW_CURSOR if sys.stderr.isatty() else ''}{_QUIT}\n")
            os._exit(INTERRUPTED)
        came = True
        asked.put(True)
        if announce:
            _write(f"\n{STOPPING}\n")

    def pass_on() -> None:
        if asked.get():
            stop.set()

    listener = threading.Thread(target=pass_on, name="decamp-signals", daemon=True)
    listener.start()
    before = {number: signal.signal(number, handle) for number in _NUMBERS}
    try:
        yield stop
    finally:
        if not came:  # otherwise a second one still quits, quietly
            for number, handler in before.items():
                signal.signal(number, handler)
        asked.put(False)
        listener.join()


@contextmanager
def interruptible() -> Iterator[None]:
    """Let a signal raise `KeyboardInterrupt` inside, where a person is waited for.

    Nobody could be told there that the run stops: reading a line goes on after a handler that
    raises nothing.
    """
    before = {number: signal.signal(number, signal.default_int_handler) for number in _NUMBERS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _write(text: str) -> None:
    with suppress(OSError):  # nobody may be listening any more
        os.write(_STDERR, text.encode("ascii"))
