"""Settings of the TikTok exporter."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from attrs import field, frozen

from decamp import ConfigError, Option

__all__ = ["Config"]


def _address(text: str) -> str:
    """Make the address of a simulator ready to be followed by a path.

    Raises:
        ConfigError: It is none.
    """
    parts = urlsplit(text)
    if text and (parts.scheme not in ("http", "https") or not parts.netloc):
        raise ConfigError(
            f"tiktok: api={text} is no address: its protocol is missing.",
            hint="Write it as the sandbox prints it: api=http://127.0.0.1:8640",
        )
    if "?" in text or "#" in text:
        raise ConfigError(
            "tiktok: api= is an address alone, without a query (?) and without a fragment (#).",
            hint="Write it as the sandbox prints it: api=http://127.0.0.1:8640",
        )
    return text.rstrip("/")


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
    api: Annotated[str, Option("Address of a simulator of TikTok's API on this computer.")] = field(
        default="", converter=_address
    )
    media: Annotated[Path | None, Option("Folder of media that you have downloaded already.")] = (
        None
    )
    max_bytes: Annotated[int, Option("Most bytes of JSON that are read.")] = 64 << 30
    max_ratio: Annotated[int, Option("Most bytes of JSON for each byte of the zip.")] = 200
    max_entries: Annotated[int, Option("Most files that the zip may hold.")] = 100_000
    max_element_bytes: Annotated[int, Option("Most bytes of one entry of a list.")] = 64 << 20
