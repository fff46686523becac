"""Standard streams that never make a command fail: any encoding, closed, or cut off."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

__all__ = ["documents_alone", "prepare_streams", "write_stdout"]

_READER_GONE = (errno.EPIPE, errno.EINVAL)  # Windows says EINVAL for a closed pipe
_set_aside: list[Any] = []
"""The real standard output, while `sys.stdout` leads elsewhere."""


def prepare_streams() -> None:
    """Let no character be an error, and give a closed stream a place to go."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


@contextmanager
def documents_alone() -> Iterator[None]:
    """Keep standard output for `write_stdout`: what plugins print goes to standard error."""
    _set_aside.append(sys.stdout)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        _set_aside.pop()


def write_stdout(text: str) -> None:
    """Write to standard output at once; a reader that has gone away is no error.

    Args:
        text: ASCII or not; written as UTF-8, which JSON requires (RFC 8259 section 8.1).
    """
    stream = _set_aside[-1] if _set_aside else sys.stdout
    try:
        stream.flush()
        stream.buffer.write(text.encode())
        stream.buffer.flush()
    except OSError as error:
        if error.errno not in _READER_GONE:
            raise
        # Otherwise the interpreter complains when it flushes the stream at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
