"""A bundle on a disk or in a store, as a destination."""

from __future__ import annotations

from decamp import Context
from decamp.bundle.writing import BundleImporter
from decamp_disk.config import CAPABILITIES, Config
from decamp_disk.sites import find_site

__all__ = ["DiskImporter"]


class DiskImporter(BundleImporter):
    """Writes where the settings say."""

    def __init__(self, context: Context[Config]) -> None:
        super().__init__(find_site(context), CAPABILITIES, context.log, context.scratch)
