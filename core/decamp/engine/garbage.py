"""The garbage collector, held back while data passes through."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["seldom_collected"]

_ALLOCATIONS = 50_000
"""Several batches of rows. They come and go without a cycle, so looking through each of them,
as the default of 700 would, finds nothing and takes a tenth of the time of a run."""


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Let the collector run seldom, not never: a long run makes some cycles too.

    What was there before, modules above all, is not looked through meanwhile.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
