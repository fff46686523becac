"""How a person repeats the check of a copy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from decamp.cli.words import command_line

__all__ = ["check_commands", "folder_of"]


def folder_of(destination: Mapping[str, Any]) -> Path | None:
    """Find the folder of a destination on this computer; None if it has none.

    Args:
        destination: As in a receipt.
    """
    place = Path(destination.get("id") or "")
    return place if place.is_absolute() and place.is_dir() else None


def check_commands(destination: Mapping[str, Any]) -> list[str]:
    """Write the commands that check a copy; none if it is no folder, and has no address.

    On this computer a bag is also judged by a tool that is not ours, the Library of Congress's.
    """
    place = folder_of(destination)
    if place is None:
        address = destination.get("id") or ""
        if "://" not in address:
            return []
        return [command_line("decamp", "verify", "--deep", f"{destination['plugin']}:{address}")]
    lines = [command_line("decamp", "verify", "--deep", str(place))]
    if (place / "bagit.txt").is_file():
        lines += [
            "pip install bagit",
            command_line("bagit.py", "--validate", "--quiet", str(place)),
        ]
    return lines
