"""What makes things the same: digests of records and of rows.

A record's digest leaves out what changes without meaning (`source`, volatile counts,
what the host adds). A row's digest covers the identity fields only, and is salted per
journal, so that nobody who can send messages can forge a collision.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from operator import eq, itemgetter
from typing import Any

import msgspec

from decamp.validation import identity_fields, volatile_fields

__all__ = [
    "SUM_MASK",
    "lowest_occurrence",
    "own_fields",
    "record_digest",
    "row_digester",
    "row_keys",
    "segment_id",
]

SUM_MASK = (1 << 48) - 1
"""Sums of digests are kept modulo 2**48: tens of thousands fit into a signed 64-bit sum."""

_HOST_FIELDS = ("item_id", "source", "media", "missing")
_encoder = msgspec.json.Encoder(order="deterministic")


def record_digest(kind: str, record: Mapping[str, Any]) -> str:
    """Digest a record for "has it changed?": 32 lower-case hexadecimal digits."""
    return hashlib.blake2b(_encoder.encode(own_fields(kind, record)), digest_size=16).hexdigest()


def own_fields(kind: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a record says of its item: without what changes by itself or is the host's.

    Of the raw fields in `source` only the names count: signed links differ in every export,
    but a field that is new would be lost if it made no difference.
    """
    skip = {*_HOST_FIELDS, *volatile_fields(kind)}
    own = {name: value for name, value in record.items() if name not in skip}
    source = record.get("source")
    raw = source.get("fields") if isinstance(source, Mapping) else None
    if isinstance(raw, Mapping) and raw:
        own["source"] = sorted({name.lower() for name in raw})
    return own


def row_digester(kind: str, salt: bytes) -> Callable[[Sequence[Mapping[str, Any]]], array[int]]:
    """Make the function that digests a batch of rows, in order, to unsigned 64-bit numbers.

    Args:
        salt: 16 secret bytes, the journal's own.
    """
    fields = identity_fields(kind)
    blank = hashlib.blake2b(digest_size=8, salt=salt)
    starts: dict[tuple[str, ...], Callable[[], Any]] = {}

    def start(present: tuple[str, ...]) -> Callable[[], Any]:
        """Give a copier of the state that has seen the names of the fields to come."""
        if present not in starts:
            state = blank.copy()
            state.update(" ".join(present).encode() + b"\n")
            starts[present] = state.copy
        return starts[present]

    def digest_alike(rows: Sequence[Mapping[str, Any]], present: tuple[str, ...]) -> bytes:
        new = start(present)
        values = map(itemgetter(*present), rows)
        digests = []  # in a plain loop: a call of a function for each row would take a fifth more
        for text in values if len(present) == 1 else map("\0".join, values):
            state = new()
            state.update(text.encode("utf-8", "surrogatepass"))
            digests.append(state.digest())
        return b"".join(digests)

    def digest_rows(rows: Sequence[Mapping[str, Any]]) -> array[int]:
        # Nearly always all rows of a batch have the same fields: twice the speed.
        present = tuple(name for name in fields if rows and name in rows[0])
        absent = frozenset(fields).difference(present)
        digests = array("Q")
        if present and all(map(absent.isdisjoint, rows)):
            with suppress(KeyError):
                digests.frombytes(digest_alike(rows, present))
                return digests
        for row in rows:
            own = tuple(name for name in fields if name in row)
            digests.frombytes(digest_alike([row], own) if own else start(own)().digest())
        return digests

    return digest_rows


def row_keys(digests: array[int]) -> array[int]:
    """Turn digests into keys: equal rows are several events, so each gets its occurrence.

    The first keeps its digest; the n-th adds n - 1 steps of an odd constant modulo 2**64.
    Two places of one export that repeat each other give the same keys, so their union
    counts a row as often as the place that has it most often.
    """
    if len(set(digests)) == len(digests):
        return digests
    seen = {digest: 0 for digest, count in Counter(digests).items() if count > 1}
    keys = digests[:]
    for index in [index for index, digest in enumerate(digests) if digest in seen]:
        digest = digests[index]
        keys[index] = (digest + seen[digest] * _STEP) & _MASK
        seen[digest] += 1
    return keys


def lowest_occurrence(keys: Sequence[int], digests: Sequence[int]) -> int:
    """Tell the lowest number, from 1, that `row_keys` has given to one of these rows.

    Segments that hold equal rows differ in it: the second has only rows that occurred before.
    """
    if any(map(eq, keys, digests)):
        return 1
    steps = ((key - digest) * _BACK & _MASK for key, digest in zip(keys, digests, strict=True))
    return min(steps, default=0) + 1


def segment_id(kind: str, collection: str, digest: str, again: int) -> str:
    """Name a segment by its rows.

    Args:
        digest: SHA-256 of the lines, hexadecimal.
        again: Their `lowest_occurrence`.
    """
    plain = f"{kind}:{collection}:{digest[:32]}"
    return plain if again == 1 else f"{plain}-{again}"


_STEP = 0x9E3779B97F4A7C15  # odd, so that steps do not meet again before 2**64 of them
_MASK = (1 << 64) - 1
_BACK = pow(_STEP, -1, 1 << 64)
