"""A folder on this machine as a destination: a bundle, which is a BagIt bag.

Importing this module does no work; the importer is loaded when one is made.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from decamp import Context, Importer, ImporterSpec, hookimpl
from decamp_disk.config import CAPABILITIES, Config

__all__ = ["Config", "decamp_importers"]


@hookimpl
def decamp_importers() -> Iterable[ImporterSpec[Any]]:
    """Declare the importer."""
    return [
        ImporterSpec(
            name="disk",
            title="Folder on this machine",
            config=Config,
            create=_create,
            capabilities=CAPABILITIES,
            takes_paths=True,
        )
    ]


def _create(context: Context[Config]) -> Importer:
    from decamp_disk.importer import DiskImporter

    return DiskImporter(context)
