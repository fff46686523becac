"""Settings of the TikTok exporter."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from attrs import frozen

from decamp import Option

__all__ = ["Config"]


@frozen
class Config:
    """Where the archive lies, or which API makes one; and how large it may be."""

    path: Annotated[
        Path | None,
        Option(
            "The archive from TikTok's “Download your data”: a zip, a folder or JSON. Left out: "
            "TikTok's API.",
            True,
        ),
    ] = None
    api: Annotated[str, Option("Address of a simulator of TikTok's API on this computer.")] = ""
    media: Annotated[Path | None, Option("Folder of media that you have downloaded already.")] = (
        None
    )
    max_bytes: Annotated[int, Option("Most bytes of JSON that are read.")] = 64 << 30
    max_ratio: Annotated[int, Option("Most bytes of JSON for each byte of the zip.")] = 200
    max_entries: Annotated[int, Option("Most files that the zip may hold.")] = 100_000
    max_element_bytes: Annotated[int, Option("Most bytes of one entry of a list.")] = 64 << 20
