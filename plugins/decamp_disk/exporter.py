"""A bundle on a disk or in a store, as a source."""

from __future__ import annotations

from decamp import Context
from decamp.bundle.reading import BundleExporter
from decamp_disk.config import SourceConfig
from decamp_disk.sites import find_site

__all__ = ["DiskExporter"]


class DiskExporter(BundleExporter):
    """Reads what the settings name."""

    def __init__(self, context: Context[SourceConfig]) -> None:
        incomplete = context.config.incomplete
        super().__init__(find_site(context), context.log, context.scratch, incomplete=incomplete)
