"""Where the copy of a request lies, and the lock of whoever gets it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from decamp.journal import RequestRecord

__all__ = ["copy_path", "delete_copy", "lock_name", "part_path"]


def copy_path(folder: Path, request: RequestRecord) -> Path:
    """Give the place of a downloaded copy: the same one if the journal was lost meanwhile."""
    named = hashlib.sha256(f"{request.account}\n{request.id}".encode()).hexdigest()
    return folder / f"{request.source}-{named[:16]}.copy"


def part_path(folder: Path, request: RequestRecord) -> Path:
    """Give the place of a copy that is being downloaded."""
    path = copy_path(folder, request)
    return path.with_name(f"{path.name}.part")


def delete_copy(folder: Path, request: RequestRecord) -> None:
    """Delete what was downloaded; nothing there is fine."""
    for path in (copy_path(folder, request), part_path(folder, request)):
        path.unlink(missing_ok=True)


def lock_name(source: str, account: str) -> str:
    """Name the lock of whoever asks a service for the data of an account."""
    return f"{source}:requests of {account}"
