"""The bundle: the open format that file destinations write. Nothing here touches a disk.

A bundle is a BagIt bag (RFC 8493) with a marker, ``decamp.json``, and a page to look at it.
"""

from decamp.bundle.bag import (
    BAG_DECLARATION,
    BAG_INFO,
    MANIFEST,
    TAG_MANIFEST,
    bag_declaration,
    bag_info,
    encode_path,
    manifest,
    read_manifest,
)
from decamp.bundle.contents import Contents, Entry, File
from decamp.bundle.layout import Part, Place, is_segment, parts, place
from decamp.bundle.marker import FORMAT, MARKER, Marker, read_marker, require_same_account
from decamp.bundle.names import MAX_NAME_BYTES, marked_file_name, safe_file_name, safe_name
from decamp.bundle.page import INDEX, is_page, is_tag, pages
from decamp.bundle.reading import BundleReader, Found, Readable
from decamp.bundle.record import (
    ITEM_ID,
    fill_record,
    merge_record,
    record_bytes,
    segment_header,
    without_media,
)

__all__ = [
    "BAG_DECLARATION",
    "BAG_INFO",
    "FORMAT",
    "INDEX",
    "ITEM_ID",
    "MANIFEST",
    "MARKER",
    "MAX_NAME_BYTES",
    "TAG_MANIFEST",
    "BundleReader",
    "Contents",
    "Entry",
    "File",
    "Found",
    "Marker",
    "Part",
    "Place",
    "Readable",
    "bag_declaration",
    "bag_info",
    "encode_path",
    "fill_record",
    "is_page",
    "is_segment",
    "is_tag",
    "manifest",
    "marked_file_name",
    "merge_record",
    "pages",
    "parts",
    "place",
    "read_manifest",
    "read_marker",
    "record_bytes",
    "require_same_account",
    "safe_file_name",
    "safe_name",
    "segment_header",
    "without_media",
]
