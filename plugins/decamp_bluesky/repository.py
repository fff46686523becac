"""Writing to a repository: create-only, all of an item at once, and never over a person's edit.

An item is one commit, also when it is a thread: either all of its records are there or none. So
nothing has to be remembered between the parts, and there are no half threads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

from decamp import Conflict, ItemRejected, Receipt
from decamp_bluesky.answers import Refused, ServerFault
from decamp_bluesky.client import Client
from decamp_bluesky.records import POST, Draft, same

__all__ = ["MOST_WRITES", "Repository", "Stored", "stored_of"]

MOST_WRITES = 200
"""Writes that one call of ``com.atproto.repo.applyWrites`` takes."""

_REPO = "com.atproto.repo."
_TRIES = 3


@frozen
class Stored:
    """A record that is there."""

    key: str
    cid: str
    record: Mapping[str, Any]


def stored_of(receipt: Receipt) -> list[Stored]:
    """Read from a receipt what was written."""
    return [Stored(*one) for one in receipt.data["records"]]


@frozen
class Repository:
    """The posts of one account."""

    client: Client

    def look(self, keys: Sequence[str]) -> list[Stored | None]:
        """Read records, in the order of their keys; None for one that is not there."""
        found = []
        for key in keys:
            one = self.client.record(POST, key)
            found.append(Stored(key, one["cid"], one["value"]) if one else None)
        return found

    def held(self, drafts: Sequence[Draft]) -> list[Stored] | None:
        """Find out whether exactly this is there; None if nothing of it is.

        Raises:
            Conflict: Something else is, or a part of it.
        """
        found = self.look([draft.key for draft in drafts])
        there = [one for one in found if one is not None]
        if not there:
            return None
        if len(there) < len(drafts) or not all(
            same(one.record, draft.record) for one, draft in zip(there, drafts, strict=True)
        ):
            raise Conflict("Another version of it is there; what somebody edited or deleted stays.")
        return there

    def create(self, drafts: Sequence[Draft]) -> tuple[list[Stored], bool]:
        """Write new records, and tell whether they were there already.

        Raises:
            Conflict: Something else is in their place.
            ItemRejected: The server does not take them.
        """
        for attempt in range(2):
            try:
                return self._create(drafts)
            except ServerFault as error:
                # Also what should be a plain no, or an answer to a write that has happened.
                held = self.held(drafts)
                if held is not None:
                    return held, True
                if attempt:
                    raise ItemRejected(
                        f"{error.message} It answers otherwise, so this post is left out."
                    ) from error
            except Refused as error:
                if error.name != "InvalidSwap" and not _exists(error):
                    raise
                held = self.held(drafts)
                if held is None:  # it was there, and has just been deleted
                    raise Conflict("It was deleted while it was being written.") from error
                return held, True
        raise AssertionError("unreachable")

    def _create(self, drafts: Sequence[Draft]) -> tuple[list[Stored], bool]:
        if len(drafts) > 1:
            return self.create_many(drafts), False
        [draft] = drafts
        answer = self.client.call(
            f"{_REPO}putRecord",
            "a post",
            {"collection": POST, "rkey": draft.key, "record": draft.record, "swapRecord": None},
        )
        return [Stored(draft.key, answer["cid"], draft.record)], not answer.get("commit")

    def create_many(self, drafts: Sequence[Draft]) -> list[Stored]:
        """Write new records, all or none; a server fault is no answer to whether it did."""
        writes = [_write("create", draft.key, draft.record) for draft in drafts]
        answer = self.client.call(f"{_REPO}applyWrites", "posts", {"writes": writes})
        results = answer.get("results", ())
        return [
            Stored(draft.key, result["cid"], draft.record)
            for draft, result in zip(drafts, results, strict=True)
        ]

    def replace(self, there: Mapping[str, str], drafts: Sequence[Draft]) -> list[Stored]:
        """Put records in the place of others, all or none, provided that nobody has changed them.

        Args:
            there: What is to be replaced or deleted: CIDs by key. Already gone is fine for
                what is to be deleted.
            drafts: What is to be there afterwards.

        Raises:
            Conflict: Somebody has changed it; nothing was done.
        """
        for _ in range(_TRIES):
            commit = self.client.query("com.atproto.sync.getLatestCommit", did=self.client.did)
            found = {
                key: one for key, one in zip(there, self.look(list(there)), strict=True) if one
            }
            if any(one.cid != there[key] for key, one in found.items()):
                raise Conflict("Somebody has edited it at Bluesky; it stays as it is.")
            wanted = {draft.key: draft.record for draft in drafts}
            if wanted and len(found) < len(there):
                raise Conflict("Somebody has deleted it, or a part of it, at Bluesky.")
            writes = [_write("delete", key, None) for key in found if key not in wanted]
            writes += [
                _write("update" if key in found else "create", key, record)
                for key, record in wanted.items()
            ]
            if not writes:
                return []
            try:
                answer = self.client.call(
                    f"{_REPO}applyWrites",
                    "a change",
                    {"writes": writes, "swapCommit": commit["cid"]},
                )
            except Refused as error:
                if error.name == "InvalidSwap":
                    continue  # something else was written meanwhile, perhaps by a person
                raise
            results = [one for one in answer.get("results", ()) if "cid" in one]
            return [
                Stored(key, result["cid"], record)
                for (key, record), result in zip(wanted.items(), results, strict=True)
            ]
        raise Conflict("Somebody else keeps writing to this account; it was left as it is.")


def _write(action: str, key: str, record: Any) -> dict[str, Any]:
    write = {"$type": f"com.atproto.repo.applyWrites#{action}", "collection": POST, "rkey": key}
    return write if record is None else {**write, "value": record}


def _exists(error: Refused) -> bool:
    """Tell whether a server that names it says that a record exists already."""
    return "exists" in error.message or error.name in ("RecordExists", "RecordAlreadyExists")
