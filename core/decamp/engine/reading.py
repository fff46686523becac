"""Reads pages from an exporter: again where that can help, waiting where it has to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime

from decamp.engine.blame import blamed
from decamp.engine.clock import now, stamp
from decamp.engine.waits import Waits
from decamp.engine.workers import attempt
from decamp.errors import NotReady, PluginError, TransferError
from decamp.events import Emit, Waiting
from decamp.model import Item, Page, RowBatch
from decamp.spec import Exporter

__all__ = ["Interrupted", "pages"]


_SHORTEST = 0.1
"""Seconds: a plugin that names a time that is over is not asked without a pause."""


class Interrupted(Exception):
    """The run was asked to stop."""


def pages(
    exporter: Exporter,
    plugin: str,
    emit: Emit,
    stop: threading.Event,
    *,
    wait: bool,
    now: Callable[[], datetime] = now,
) -> Iterator[Page]:
    """Yield all pages of a source, from the last cursor on after a passing failure.

    Raises:
        NotReady: The source needs time, and waiting is not wanted.
        Interrupted: The run was asked to stop.
        PluginError: The exporter failed with an error of its own.
    """
    waits = Waits(emit, now)
    cursor: str | None = None
    source: Iterator[Page] | None = None

    def step() -> Page | None:
        nonlocal source
        try:
            with blamed(plugin):
                if source is None:
                    source = iter(exporter.export_pages(cursor))
                return next(source, None)
        except TransferError:
            source = None
            raise

    while not stop.is_set():
        try:
            page = attempt(step, stop, waits=waits.say)
        except NotReady as error:
            if not wait:
                raise
            emit(Waiting(stamp(error.until), error.message))
            stop.wait(max(_SHORTEST, (error.until - now()).total_seconds()))
            continue
        if page is None:
            return
        if not _is_page(page):
            raise PluginError(f"{plugin} yielded something that is not a page.", plugin=plugin)
        cursor = page.cursor if page.cursor is not None else cursor
        yield page
    raise Interrupted


def _is_page(page: object) -> bool:
    return (
        isinstance(page, Page)
        and all(isinstance(item, Item) for item in page.items)
        and all(isinstance(batch, RowBatch) for batch in page.rows)
    )
