"""Fetches the copy of a request, and tells how far it is: nothing but the file shows that."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from decamp.engine.blame import blamed
from decamp.errors import DestinationFull
from decamp.events import Downloaded, Emit
from decamp.filesystems import no_room
from decamp.journal import RequestRecord
from decamp.spec import Requests

__all__ = ["fetch", "growing"]

_SECONDS_BETWEEN_LOOKS = 0.5
_log = logging.getLogger(__name__)


def fetch(exporter: Requests, request: RequestRecord, part: Path, emit: Emit) -> None:
    """Write the copy of a request to a file, from the beginning, and durably.

    Raises:
        DestinationFull: No room is left for it; no system tells which file that was about.
        TransferError: What the plugin says.
    """
    part.unlink(missing_ok=True)
    try:
        with blamed(request.source):
            with growing(part, emit):
                exporter.download(request.id, part)
            with part.open("rb+") as file:
                os.fsync(file.fileno())
    except DestinationFull as error:
        raise (no_room(error.__cause__ or error, part) or error) from error


@contextmanager
def growing(file: Path, emit: Emit) -> Iterator[None]:
    """Tell how large a file is, while something inside writes it, and at the end.

    The plugin that writes it is busy, so a thread looks. It has ended before this returns.
    """
    done = threading.Event()

    def look() -> None:
        told = 0
        while True:
            ends = done.wait(_SECONDS_BETWEEN_LOOKS)
            try:
                size = file.stat().st_size
                if size != told:
                    emit(Downloaded(size))
                told = size
            except FileNotFoundError:
                pass
            except Exception:  # noqa: BLE001 - nobody reads it any more: the run itself will notice
                _log.info("no more is told of the download", exc_info=True)
                return
            if ends:
                return

    watching = threading.Thread(target=look, name="decamp-download", daemon=True)
    watching.start()
    try:
        yield
    finally:
        done.set()
        watching.join()
