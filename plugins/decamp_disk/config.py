"""Settings of the disk importer, and what it can do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from attrs import frozen

from decamp import ImporterCapabilities, Option

__all__ = ["CAPABILITIES", "Config"]

CAPABILITIES = ImporterCapabilities(
    kinds=None, max_concurrency=4, max_segment_rows=50_000, delivery="idempotent"
)


@frozen
class Config:
    """Where the bundle goes."""

    path: Annotated[
        Path, Option("Folder for the bundle: a new or empty one, or one that decamp made.", True)
    ]
