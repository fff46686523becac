"""How a person repeats the check of a copy, with a tool that is not ours."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from decamp.cli.words import command_line

__all__ = ["bag_check", "folder_of"]


def folder_of(destination: Mapping[str, Any]) -> Path | None:
    """Find the folder of a destination on this computer; None if it has none.

    Args:
        destination: As in a receipt.
    """
    place = Path(destination.get("id") or "")
    return place if place.is_absolute() and place.is_dir() else None


def bag_check(destination: Mapping[str, Any]) -> list[str]:
    """Write the commands with which the Library of Congress's tool judges; none if it is no bag."""
    place = folder_of(destination)
    if place is None or not (place / "bagit.txt").is_file():
        return []
    return ["pip install bagit", command_line("bagit.py", "--validate", "--quiet", str(place))]
