"""Settings of the disk plugin, and what it can do."""

from __future__ import annotations

import os
from typing import Annotated

from attrs import field, frozen

from decamp import ImporterCapabilities, Option

__all__ = ["CAPABILITIES", "KINDS", "Config", "SourceConfig"]

KINDS = frozenset({"profile", "post", "conversation", "message", "event", "section"})

CAPABILITIES = ImporterCapabilities(
    kinds=None, max_concurrency=4, max_segment_rows=50_000, delivery="idempotent"
)


def _text(path: str | os.PathLike[str]) -> str:
    return os.fspath(path)


@frozen
class Config:
    """Where the bundle goes."""

    path: Annotated[
        str,
        Option(
            "Folder for the bundle, or an address such as s3://bucket/folder: "
            "a new or empty one, or one that decamp made.",
            True,
        ),
    ] = field(converter=_text)
    endpoint_url: Annotated[str, Option("For s3://: a server that is not Amazon's.")] = ""
    break_lock: Annotated[
        bool, Option("For addresses: take over the lock that another machine has left.")
    ] = False
    in_memory: Annotated[
        bool, Option("For programs: a bundle at memory:// may be gone when the process ends.")
    ] = False


@frozen
class SourceConfig:
    """Where the bundle is."""

    path: Annotated[
        str,
        Option("Folder of a bundle that decamp made, or its address, s3://bucket/folder.", True),
    ] = field(converter=_text)
    endpoint_url: Annotated[str, Option("For s3://: a server that is not Amazon's.")] = ""
    incomplete: Annotated[
        bool, Option("Also read a bundle whose last run has not come to its end.")
    ] = False
