"""What lies in the folder of a bundle, before decamp writes to it. Changes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

from decamp.bundle.bag import TAG_MANIFEST
from decamp.bundle.marker import MARKER, Marker, read_marker
from decamp.bundle.names import MAX_NAME_BYTES
from decamp.bundle.site import FORMER, LOCK, TEMPORARY, Folder
from decamp.errors import DestinationRefused

__all__ = ["LONGEST", "is_clutter", "marker_of", "seal"]

LONGEST = "/".join(["data", "other", *["x" * MAX_NAME_BYTES] * 3])
"""The longest path below a bundle."""

# What systems put into folders and onto empty disks by themselves; lower case.
_CLUTTER = {
    ".ds_store",
    ".fseventsd",
    ".spotlight-v100",
    ".trashes",
    "desktop.ini",
    "lost+found",
    "system volume information",
    "thumbs.db",
}


def marker_of(
    names: Iterable[str], read: Callable[[], bytes], where: str, example: str
) -> Marker | None:
    """Read the marker of a bundle; None if there is none, and nothing else either.

    Args:
        names: What lies at the top.
        read: Reads the file ``decamp.json``.
        where: What to call the folder in errors.
        example: A folder to propose.

    Raises:
        DestinationRefused: There is something that is not a bundle, or one that this decamp
            cannot read.
    """
    names = set(names)
    if MARKER in names:
        return read_marker(read(), where)
    if any(not is_clutter(name) for name in names):
        raise DestinationRefused(
            f"{where} is not empty, and not a bundle that decamp made.",
            hint=f"Choose an empty folder, for example {example}.",
        )
    return None


def seal(folder: Folder, marker: Marker) -> str:
    """Tell in which state a bundle was left; see `decamp.Destination.seal`."""
    if not marker.complete:
        return marker.token
    manifests = folder.read(TAG_MANIFEST) or b""
    return hashlib.sha256(marker.to_bytes() + manifests).hexdigest()


def is_clutter(name: str) -> bool:
    """Tell whether a name at the top is nobody's: of our lock and temporaries, or the system's."""
    return name in (LOCK, FORMER) or name.startswith(TEMPORARY) or name.lower() in _CLUTTER
