"""The bundle: the open format that file destinations write. Nothing here touches a disk.

A bundle is a BagIt bag (RFC 8493) with a marker, ``decamp.json``, and a page to look at it.
The files here are the format; `writing` and `reading` are an importer and an exporter that ask
a `Site` for everything: that is what a plugin for one more place has to bring.
"""

from decamp.bundle.bag import (
    BAG_DECLARATION,
    BAG_INFO,
    MANIFEST,
    PAYLOAD,
    TAG_MANIFEST,
    bag_declaration,
    bag_info,
    encode_path,
    manifest,
    read_manifest,
)
from decamp.bundle.content import Content
from decamp.bundle.entries import Entry, File
from decamp.bundle.failures import explain, explained
from decamp.bundle.layout import Part, Place, is_segment, names_of, parts, place
from decamp.bundle.lock import LockFile, Shared
from decamp.bundle.marker import FORMAT, MARKER, Marker, read_marker, require_same_account
from decamp.bundle.names import MAX_NAME_BYTES, marked_file_name, safe_file_name, safe_name
from decamp.bundle.page import INDEX, is_page, is_tag, pages
from decamp.bundle.reading.reader import BundleReader, Found
from decamp.bundle.record import (
    ITEM_ID,
    fill_record,
    merge_record,
    record_bytes,
    segment_header,
    without_media,
)
from decamp.bundle.site import (
    FORMER,
    LOCK,
    TEMPORARY,
    Folder,
    Held,
    Lock,
    Site,
    Stamp,
    measured,
    says_no_more,
)
from decamp.bundle.staging import Staging, remove_left_behind
from decamp.bundle.stock import Stock

__all__ = [
    "BAG_DECLARATION",
    "BAG_INFO",
    "FORMAT",
    "FORMER",
    "INDEX",
    "ITEM_ID",
    "LOCK",
    "MANIFEST",
    "MARKER",
    "MAX_NAME_BYTES",
    "PAYLOAD",
    "TAG_MANIFEST",
    "TEMPORARY",
    "BundleReader",
    "Content",
    "Entry",
    "File",
    "Folder",
    "Found",
    "Held",
    "Lock",
    "LockFile",
    "Marker",
    "Part",
    "Place",
    "Shared",
    "Site",
    "Staging",
    "Stamp",
    "Stock",
    "bag_declaration",
    "bag_info",
    "encode_path",
    "explain",
    "explained",
    "fill_record",
    "is_page",
    "is_segment",
    "is_tag",
    "manifest",
    "marked_file_name",
    "measured",
    "merge_record",
    "names_of",
    "pages",
    "parts",
    "place",
    "read_manifest",
    "read_marker",
    "record_bytes",
    "remove_left_behind",
    "require_same_account",
    "safe_file_name",
    "safe_name",
    "says_no_more",
    "segment_header",
    "without_media",
]
