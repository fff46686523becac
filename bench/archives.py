"""The archives that are read: made up, without posts, so that no media has to be fetched."""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path

from attrs import frozen

from bench.places import OUT, program
from bench.process import run

__all__ = ["Archive", "make_archive"]


@frozen
class Archive:
    """One zip file as TikTok makes them."""

    path: Path
    rows: int
    """Entries of its large lists: watched, liked, searched, commented, and messages."""

    size: int
    """Bytes of JSON in it."""

    def __str__(self) -> str:
        zipped = self.path.stat().st_size
        return (
            f"{self.rows:,} rows, {self.size / 1e6:,.0f} MB of JSON, {zipped / 1e6:,.0f} MB zipped"
        )


@cache
def make_archive(rows: int) -> Archive:
    """Write an archive of about so many rows, once in a run."""
    OUT.mkdir(exist_ok=True)
    path = OUT / f"TikTok_Data_{rows}.zip"
    made = run([sys.executable, program("make_archive"), str(path), str(rows)])
    return Archive(path, **json.loads(made.output))
