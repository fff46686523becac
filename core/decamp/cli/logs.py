"""The one log file: private, bounded, and without anything secret."""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path

from decamp.cli.output import Output
from decamp.errors import DestinationRefused
from decamp.filesystems import make_private
from decamp.home import Home
from decamp.redaction import RedactingFormatter

__all__ = ["logging_to", "record_fault"]

_BYTES = 1_000_000
_OLD_FILES = 3
_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_logger = logging.getLogger("decamp")
_used: list[Path] = []
"""The logs of this process; a fault goes where the rest of its run went."""


class _PrivateFile(RotatingFileHandler):
    """Makes files for their owner alone, and never lets logging be what fails."""

    def _open(self) -> io.TextIOWrapper:
        # Created with its mode: changing it afterwards leaves a moment to others.
        def opener(path: str, flags: int) -> int:
            return os.open(path, flags, 0o600)

        raw = io.FileIO(self.baseFilename, self.mode, opener=opener)
        return io.TextIOWrapper(io.BufferedWriter(raw), encoding="utf-8", line_buffering=True)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Go on: a full disk is reported by the work itself, not by its log."""


class _Said(logging.Handler):
    """Also tells a person who wants to know more; and anybody what is marked as ``said``, once."""

    def __init__(self, output: Output) -> None:
        super().__init__(logging.WARNING)
        self.setFormatter(RedactingFormatter("%(message)s"))
        self._output = output
        self._said: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether it is said at all."""
        return self._output.verbose or getattr(record, "said", False)

    def emit(self, record: logging.LogRecord) -> None:
        """Say it."""
        text = self.format(record)
        if text not in self._said:
            self._said.add(text)
            self._output.warn(text)


@contextmanager
def logging_to(home: Home, output: Output | None = None) -> Iterator[None]:
    """Write what happens to the log, as long as this lasts.

    Where no file can be written there is no log; the journal beside it says why.

    Args:
        home: Where the log lies.
        output: Where warnings are also said: all of them if it is verbose.
    """
    handlers = [_handler(home)]
    if output is not None:
        handlers.append(_Said(output))
    level, passes_on = _logger.level, _logger.propagate
    for handler in handlers:
        _logger.addHandler(handler)
    _logger.setLevel(logging.INFO)
    _logger.propagate = False  # the root's handler of last resort writes to the terminal
    _used.append(home.log)
    try:
        yield
    finally:
        _logger.setLevel(level)
        _logger.propagate = passes_on
        for handler in handlers:
            _logger.removeHandler(handler)
            handler.close()


def _handler(home: Home) -> logging.Handler:
    try:
        make_private(home.folder)
        handler = _PrivateFile(home.log, maxBytes=_BYTES, backupCount=_OLD_FILES)
    except (OSError, DestinationRefused):
        return logging.NullHandler()
    handler.setFormatter(RedactingFormatter(_FORMAT))
    return handler


def record_fault(error: Exception) -> Path | None:
    """Write the traceback of an unexpected error to the log.

    Returns:
        The log's path, or None if it cannot be written.
    """
    log = _used[-1] if _used else Home.find().log
    with logging_to(Home(log.parent)):
        _logger.error("a fault in decamp", exc_info=error)
    try:
        return log if log.is_file() else None
    except OSError:  # its folder may not be entered
        return None
