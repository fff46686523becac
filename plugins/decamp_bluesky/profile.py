"""The profile: name, biography and picture, changed only when asked for, and put back by undo.

What was there before is remembered before the first change, so that a lost answer loses nothing.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from attrs import evolve, frozen

from decamp import Conflict, Finding, Item, ItemSkipped, Receipt, Secrets
from decamp_bluesky.answers import Refused
from decamp_bluesky.client import Client
from decamp_bluesky.media import Media
from decamp_bluesky.records import same
from decamp_bluesky.text import Limits, truncated

__all__ = ["AVATAR", "ProfileWriter", "is_profile"]

AVATAR = "avatar"
"""The name, without its extension, of the file that is the account's picture."""

_COLLECTION, _KEY = "app.bsky.actor.profile", "self"
_MEMBERS = {"display_name": "displayName", "bio": "description"}
_NAME, _BIO = Limits(64, 640), Limits(256, 2_560)


def is_profile(receipt: Receipt) -> bool:
    """Tell whether a receipt is of the profile."""
    return "profile" in receipt.data


@frozen
class ProfileWriter:
    """Changes the one record that an account's profile is."""

    client: Client
    notes: Secrets

    def current(self) -> tuple[str | None, dict[str, Any]]:
        """Read the profile: its CID, which is None if there is none, and its record."""
        found = self.client.record(_COLLECTION, _KEY)
        return (found["cid"], found["value"]) if found else (None, {})

    def texts(self, item: Item) -> dict[str, str]:
        """Give what the source says, as long as it may be."""
        said = {
            "displayName": (item.record.get("display_name"), _NAME),
            "description": (item.record.get("bio"), _BIO),
        }
        return {name: truncated(text, limits).text for name, (text, limits) in said.items() if text}

    def write(
        self, item: Item, picture: Media | None, upload: Callable[[Media], dict[str, Any]]
    ) -> Receipt:
        """Bring the profile up to date; what the source does not say stays."""
        cid, now = self.current()
        wanted = self._wanted(item, now, picture)
        if same(now, wanted):
            return self._receipt(item, str(cid), now, self._remembered(now), existed=True)
        self.notes.set(self._name, msgspec.json.encode([now, wanted]).decode())
        if picture is not None:
            self._keep_picture(now)
            wanted = {**wanted, "avatar": upload(picture)["image"]}
        return self._receipt(item, self._put(wanted, cid), wanted, now)

    def update(
        self,
        item: Item,
        previous: Receipt,
        picture: Media | None,
        upload: Callable[[Media], dict[str, Any]],
    ) -> Receipt:
        """Do the same, provided that the profile is as it was left, or so already.

        Raises:
            Conflict: Somebody has changed it since.
        """
        now = self.current()[1]
        if same(now, previous.data["profile"]) or self.find(item, picture) is not None:
            return self.write(item, picture, upload)
        raise Conflict("Somebody has changed the profile since; it stays as it is.")

    def fill(
        self,
        item: Item,
        previous: Receipt,
        picture: Media | None,
        upload: Callable[[Media], dict[str, Any]],
    ) -> Receipt:
        """Add what the profile lacks, provided that it is as it was left, or so already."""
        there, said = previous.data["profile"], self.texts(item)
        held = {name for name, member in _MEMBERS.items() if member in there}
        record = {name: value for name, value in item.record.items() if name not in held}
        receipt = self.update(
            item.evolve(record=record), previous, None if "avatar" in there else picture, upload
        )
        other = any(there.get(name, text) != text for name, text in said.items())
        if picture is not None and "avatar" in there:
            other = other or there["avatar"]["ref"]["$link"] != picture.cid
        return evolve(receipt, superseded=other)

    def find(self, item: Item, picture: Media | None) -> Receipt | None:
        """Tell whether the profile is as this item wants it."""
        cid, now = self.current()
        if cid is None or not same(now, self._wanted(item, now, picture)):
            return None
        return self._receipt(item, cid, now, self._remembered(now), existed=True)

    def put_back(self, receipt: Receipt, previous: Receipt | None) -> Receipt | None:
        """Put back what was there before, if it is as it was left.

        Raises:
            Conflict: Somebody has changed it since.
        """
        cid, now = self.current()
        before = previous.data["profile"] if previous else receipt.data["before"]
        if same(now, before):
            return previous
        if not same(now, receipt.data["profile"]):
            raise Conflict("Somebody has changed the profile since; it stays as it is.")
        if before:
            self._restore(before, cid)
        else:
            self.client.call(
                "com.atproto.repo.deleteRecord",
                "the profile",
                {"collection": _COLLECTION, "rkey": _KEY, "swapRecord": cid},
            )
        return previous

    def _keep_picture(self, now: Mapping[str, Any]) -> None:
        """Keep the picture that is replaced: a server drops a file that no record names."""
        if "avatar" in now:
            data = b"".join(self.client.blob(now["avatar"]["ref"]["$link"]))
            self.notes.set(f"{self._name}:picture", base64.b64encode(data).decode())

    def _restore(self, before: Mapping[str, Any], cid: str | None) -> None:
        try:
            self._put(before, cid)
        except Refused as error:
            kept = self.notes.get(f"{self._name}:picture")
            if error.name != "BlobNotFound" or kept is None:
                raise
            data = base64.b64decode(kept)
            media_type = before["avatar"]["mimeType"]
            self.client.upload(lambda: io.BytesIO(data), len(data), media_type)
            self._put(before, cid)

    def finding(self, receipt: Receipt, depth: Any) -> Finding:
        """Tell whether it is as it was left."""
        cid, now = self.current()
        place = (f"at://{self.client.did}/{_COLLECTION}/{_KEY}",)
        if cid is None:
            return Finding(receipt.item_id, None, "missing", places=place)
        if depth != "exists" and not same(now, receipt.data["profile"]):
            return Finding(receipt.item_id, None, "changed", places=place)
        return Finding(receipt.item_id, depth)

    @property
    def _name(self) -> str:
        return f"profile:{self.client.did}"

    def _wanted(self, item: Item, now: Mapping[str, Any], picture: Media | None) -> dict[str, Any]:
        wanted = {"$type": _COLLECTION, **now, **self.texts(item)}
        if picture is not None:
            wanted["avatar"] = picture.as_shown()["image"]
        if wanted.keys() == {"$type"}:
            raise ItemSkipped("The export says nothing that a Bluesky profile has a place for.")
        return wanted

    def _remembered(self, now: Mapping[str, Any]) -> Any:
        """Give what was there before our change, if what is there now is that change."""
        kept = self.notes.get(self._name)
        if kept is not None:
            before, wanted = msgspec.json.decode(kept)
            if same(now, wanted):
                return before
        return dict(now)

    def _put(self, record: Mapping[str, Any], cid: str | None) -> str:
        body = {"collection": _COLLECTION, "rkey": _KEY, "record": record, "swapRecord": cid}
        try:
            answer = self.client.call("com.atproto.repo.putRecord", "the profile", body)
        except Refused as error:
            if error.name == "InvalidSwap":
                raise Conflict(
                    "Somebody has just changed the profile; it stays as it is."
                ) from error
            raise
        return str(answer["cid"])

    def _receipt(
        self,
        item: Item,
        cid: str,
        record: Mapping[str, Any],
        before: Mapping[str, Any],
        *,
        existed: bool = False,
    ) -> Receipt:
        data = {"profile": dict(record), "cid": cid, "before": dict(before)}
        where = f"https://bsky.app/profile/{self.client.did}"
        return Receipt(item.id, where, existed=existed, data=data)
