"""Media: fetches what links in the data name, once, checked, into a private bounded spool."""

from decamp.media.fetch import SPOOL_BYTES, MediaFetcher
from decamp.media.folder import MediaFolder

__all__ = ["SPOOL_BYTES", "MediaFetcher", "MediaFolder"]
