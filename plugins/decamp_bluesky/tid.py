"""Keys of posts: TIDs that follow from the item alone, so that a post is never there twice.

A TID is 64 bits in 13 characters that sort like the number: 53 bits of microseconds and 10 bits
of a clock id (https://atproto.com/specs/tid). TikTok tells seconds, and two posts may share one;
the digits below the second and the clock id are a digest of the item's id.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

__all__ = ["part_time", "tid", "tids"]

_LETTERS = "234567abcdefghijklmnopqrstuvwxyz"
_ROOM = 900_000
"""Microseconds of the second that a root may start at; its parts follow."""


def tid(microseconds: int, clock: int) -> str:
    """Write a TID.

    Args:
        microseconds: Since 1970, below 2**53.
        clock: 0 to 1023.
    """
    number = microseconds << 10 | clock
    return "".join(_LETTERS[number >> shift & 31] for shift in range(60, -1, -5))


def tids(item_id: str, time: datetime, count: int) -> tuple[str, ...]:
    """Give the keys of an item's records, the root first; in the order of the thread.

    Args:
        item_id: With its number, if several items share a second.
        time: When it was posted, to the second; aware.
        count: How many records there are.
    """
    digest = hashlib.sha256(item_id.encode("utf-8", "surrogatepass")).digest()
    start = int(time.timestamp()) * 1_000_000 + int.from_bytes(digest[:4]) % _ROOM
    clock = int.from_bytes(digest[4:6]) % 1024
    return tuple(tid(start + number, clock) for number in range(count))


def part_time(time: datetime, number: int) -> str:
    """Give the `createdAt` of a record: the post's own time, a millisecond later for each part."""
    moment = time + timedelta(milliseconds=number)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
