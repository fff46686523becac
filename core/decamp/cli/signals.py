"""Ctrl-C and termination: the first time gently, the second time at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

__all__ = ["INTERRUPTED", "STOPPING", "stop_on_signals"]

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it (128 + SIGINT)."""

STOPPING = "Stopping after what is on its way; press again to quit now."
_QUIT = "Quit at once, as you asked. Run the same command again to go on."
_STDERR = 2
_SHOW_CURSOR = "\x1b[?25h"


@contextmanager
def stop_on_signals(*, announce: bool) -> Iterator[threading.Event]:
    """Give an event that the first signal sets; a second one ends the process.

    What a second signal leaves behind is what a killed process leaves: the next run
    settles it.

    Args:
        announce: Say so on standard error; not needed where a live display says it.
    """
    stop = threading.Event()

    def handle(_number: int, _frame: FrameType | None) -> None:
        # Only os.write: the signal may have come in the middle of a write to sys.stderr.
        if stop.is_set():
            _write(f"\n{_SHOW_CURSOR if sys.stderr.isatty() else ''}{_QUIT}\n")
            os._exit(INTERRUPTED)
        stop.set()
        if announce:
            _write(f"\n{STOPPING}\n")

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield stop
    finally:
        if not stop.is_set():  # otherwise a second one still quits, quietly
            for number, handler in before.items():
                signal.signal(number, handler)


def _write(text: str) -> None:
    with suppress(OSError):  # nobody may be listening any more
        os.write(_STDERR, text.encode("ascii"))
