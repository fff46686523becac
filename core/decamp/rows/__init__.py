"""Rows: messages and activity, from an export to segments of what is new."""

from decamp.rows.cutter import MAX_SEGMENT_BYTES
from decamp.rows.segments import Segment, collection_id, read_rows
from decamp.rows.spool import Delivered, RowSpool
from decamp.rows.spooled import bucket_of

__all__ = [
    "MAX_SEGMENT_BYTES",
    "Delivered",
    "RowSpool",
    "Segment",
    "bucket_of",
    "collection_id",
    "read_rows",
]
