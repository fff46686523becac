"""Settings of the disk plugin, and what it can do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from attrs import frozen

from decamp import ImporterCapabilities, Option

__all__ = ["CAPABILITIES", "KINDS", "Config", "SourceConfig"]

KINDS = frozenset({"profile", "post", "conversation", "message", "event", "section"})

CAPABILITIES = ImporterCapabilities(
    kinds=None, max_concurrency=4, max_segment_rows=50_000, delivery="idempotent"
)


@frozen
class Config:
    """Where the bundle goes."""

    path: Annotated[
        Path, Option("Folder for the bundle: a new or empty one, or one that decamp made.", True)
    ]


@frozen
class SourceConfig:
    """Where the bundle is."""

    path: Annotated[Path, Option("Folder of a bundle that decamp made.", True)]
    incomplete: Annotated[
        bool, Option("Also read a bundle whose last run has not come to its end.")
    ] = False
