"""Is it still there, and the same? Records are compared by name: a CID is a digest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

from decamp import Depth, Finding, Receipt
from decamp_bluesky.answers import Refused
from decamp_bluesky.cids import blob_cid
from decamp_bluesky.client import Client
from decamp_bluesky.profile import ProfileWriter, is_profile
from decamp_bluesky.records import POST, blob_of, entries_of
from decamp_bluesky.repository import Stored, stored_of

__all__ = ["findings"]

_FEW = 20
"""So many records are asked for one by one; for more, the whole list is read."""


def findings(
    client: Client, profile: ProfileWriter, receipts: Iterable[Receipt], depth: Depth
) -> Iterator[Finding]:
    """Look at the posts of these receipts; one finding each, in their order.

    The person's own posts are no concern: an account is not a place of decamp's.
    """
    wanted = [(one, () if is_profile(one) else stored_of(one)) for one in receipts]
    there = _names(client, [one.key for _, stored in wanted for one in stored])
    for receipt, stored in wanted:
        if is_profile(receipt):
            yield profile.finding(receipt, depth)
        else:
            yield _finding(client, receipt, stored, there, depth)


def _names(client: Client, keys: list[str]) -> dict[str, str]:
    """Give the CIDs of the records that are there, by key."""
    if len(keys) <= _FEW:
        found = ((key, client.record(POST, key)) for key in keys)
        return {key: one["cid"] for key, one in found if one is not None}
    asked = set(keys)
    listed = ((one["uri"].rpartition("/")[2], one["cid"]) for one in client.records(POST))
    return {key: cid for key, cid in listed if key in asked}


def _finding(
    client: Client,
    receipt: Receipt,
    stored: Sequence[Stored],
    there: Mapping[str, str],
    depth: Depth,
) -> Finding:
    def bad(problem: str, keys: Iterable[str]) -> Finding:
        places = tuple(f"at://{client.did}/{POST}/{key}" for key in keys)
        return Finding(receipt.item_id, None, problem, places=places)

    gone = [one.key for one in stored if one.key not in there]
    if len(gone) == len(stored):
        return bad("missing", gone)
    changed = [one.key for one in stored if one.key in there and there[one.key] != one.cid]
    if changed and depth != "exists":
        return bad("changed", gone + changed)
    if gone:
        return bad("partial", gone)
    if depth == "exists":
        return Finding(receipt.item_id, "exists")
    entries = entries_of(one.record for one in stored)
    blobs = [blob_of(entry) for entry in entries if "external" not in entry]
    if depth == "digest":
        for blob in blobs:
            if not _sound(client, blob["ref"]["$link"]):
                return bad("changed", [one.key for one in stored])
    return Finding(receipt.item_id, depth)


def _sound(client: Client, cid: str) -> bool:
    """Read a file and see whether its bytes are what its name says."""
    digest = hashlib.sha256()
    try:
        for piece in client.blob(cid):
            digest.update(piece)
    except Refused:
        return False
    return blob_cid(digest.hexdigest()) == cid
