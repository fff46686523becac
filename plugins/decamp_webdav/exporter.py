"""A bundle on a WebDAV server, as a source."""

from __future__ import annotations

from decamp import Context
from decamp.bundle.reading import BundleExporter
from decamp_webdav.config import SourceConfig
from decamp_webdav.site import open_site

__all__ = ["DavExporter"]


class DavExporter(BundleExporter):
    """Reads what the settings name."""

    def __init__(self, context: Context[SourceConfig]) -> None:
        site, _, _ = open_site(context)
        incomplete = context.config.incomplete
        super().__init__(site, context.log, context.scratch, incomplete=incomplete)
