"""What the operating system refuses, as errors that say what to do."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from decamp.errors import DestinationFull, DestinationRefused, ItemRejected, TransferError

__all__ = ["explain", "explained"]

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_FORBIDDEN = {errno.EACCES, errno.EPERM}
_TOO_LARGE = {errno.EFBIG, errno.ENAMETOOLONG}


@contextmanager
def explained(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn an `OSError` from work on this path into an error of decamp.

    Raises:
        DestinationFull: No room left, or a quota is used up.
        ItemRejected: The file system cannot hold a file so large, or a path so long.
        DestinationRefused: Anything else.
    """
    try:
        yield
    except OSError as error:
        raise explain(error, path) from error


def explain(error: OSError, path: str | os.PathLike[str]) -> TransferError:
    """Make the error that `explained` raises."""
    where = os.fspath(path)
    again = "then run the same command again; it continues where it stopped."
    if error.errno in _FULL:
        return DestinationFull(
            f"No room left to write {where}.", hint=f"Make room on that disk, {again}"
        )
    if error.errno in _TOO_LARGE:
        return ItemRejected(
            f"{where} cannot be written: {_reason(error)}.",
            hint="Choose a folder with a shorter path, or on a disk with another file system.",
        )
    if error.errno == errno.EROFS:
        return DestinationRefused(
            f"{where} cannot be written: the disk is read-only.",
            hint=f"Make it writable or choose another folder, {again}",
        )
    if error.errno in _FORBIDDEN:
        return DestinationRefused(
            f"{where} cannot be used: {_reason(error)}.",
            hint="Choose a folder that is yours, or change its permissions. "
            "On Windows, close programs that have its files open.",
        )
    if error.errno == errno.ENOENT:
        return DestinationRefused(
            f"{where} is gone: something removed it while decamp was writing.",
            hint=f"See whether the disk is still connected, {again}",
        )
    return DestinationRefused(
        f"{where} cannot be used: {_reason(error)}.", hint=f"Check that disk, {again}"
    )


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
