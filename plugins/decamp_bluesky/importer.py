"""The importer: items to posts and back."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import httpx
from attrs import evolve

from decamp import (
    AccessDenied,
    Blob,
    Conflict,
    Context,
    Corrupted,
    Depth,
    Destination,
    Finding,
    Item,
    ItemError,
    ItemHeld,
    Preview,
    Receipt,
    TransferError,
)
from decamp_bluesky.answers import Refused, ServerFault
from decamp_bluesky.asking import http_client
from decamp_bluesky.client import Client
from decamp_bluesky.config import Config
from decamp_bluesky.finding import find, safe_address
from decamp_bluesky.losses import lacking, preview_of
from decamp_bluesky.media import Card, Media, TooLarge, declared, is_image, prepared, shown
from decamp_bluesky.merging import Merge
from decamp_bluesky.profile import AVATAR, ProfileWriter, is_profile
from decamp_bluesky.records import Draft, drafts, embeds_of, linked, same
from decamp_bluesky.repository import MOST_WRITES, Repository, Stored, stored_of
from decamp_bluesky.signin import Session, session_name
from decamp_bluesky.verification import findings
from decamp_bluesky.video import VideoService

__all__ = ["BlueskyImporter"]

_FIELDS = ("caption", "alt_text")
"""What of a post's record is seen at Bluesky."""


class BlueskyImporter:
    """Writes the posts of one account. Every write is create-only or compares first."""

    def __init__(self, context: Context[Config]) -> None:
        self._context, self._config = context, context.config
        self._lock = threading.Lock()
        self._one_batch = threading.Lock()
        """A repository takes one commit at a time; more at once only get in each other's way."""
        self._http: httpx.Client | None = None
        self._client: Client | None = None
        self._profile_now: dict[str, Any] | None = None
        """The profile as `check` found it, for the preview, which asks nobody."""

    # --- the account ---------------------------------------------------------------------

    def check(self) -> Destination:
        """Find the account's server, and sign in."""
        client = self._signed_in()
        account = client.query("com.atproto.server.getSession")
        handle = str(account.get("handle") or self._config.handle)
        if account.get("did") != client.did:
            raise AccessDenied(f"The sign-in is not for the account {handle}.")
        if account.get("active") is False:
            raise AccessDenied(
                f"The account {handle} is {account.get('status') or 'not active'}.",
                hint="Settle that in the Bluesky app, then run the same command again.",
            )
        if self._config.profile:
            self._profile_now = self._profile.current()[1]
        settings = {"handle": client.did}
        for name in ("server", "directory"):
            value, usual = getattr(self._config, name), getattr(Config("x"), name)
            if value != usual:
                settings[name] = value
        return Destination(
            client.did,
            f"{handle} at {httpx.URL(client.server).netloc.decode()}",
            settings=settings if len(settings) > 1 else {},
            mute=True,
        )

    def _signed_in(self) -> Client:
        with self._lock:
            if self._client is None:
                self._http = self._http or http_client()
                found = find(self._config, self._http)
                now = self._context.now
                again = f"decamp connect bluesky:{self._config.handle}"
                session = Session(
                    self._http, found.server, found.did, self._context.secrets, now, again
                )
                self._client = Client(self._http, found.server, found.did, session, now)
            return self._client

    def sign_in(self, password: str) -> str:
        """Begin a session with an app password."""
        client = self._signed_in()
        client.session.begin(password)
        try:
            self.check()
        except TransferError:
            client.session.end()
            self.forget(client.did)
            raise
        return client.did

    def sign_out(self) -> bool:
        """End the session at the server."""
        return self._signed_in().session.end()

    def forget(self, account: str) -> None:
        """Forget the session of an account."""
        self._context.secrets.delete(session_name(account))

    @property
    def _profile(self) -> ProfileWriter:
        return ProfileWriter(self._signed_in(), self._context.notes)

    @property
    def _repository(self) -> Repository:
        return Repository(self._signed_in())

    def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            self._http.close()

    # --- what becomes of an item ---------------------------------------------------------

    def preview(self, item: Item) -> Preview:
        """Tell what will not survive, and what it costs; of the profile, before and after."""
        preview = preview_of(item, self._config, self._context.now())
        if item.kind == "profile" and self._profile_now is not None:
            after = self._profile.texts(item)
            if self._picture_of(item):
                after["avatar"] = "another picture"
            before = {name: str(self._profile_now.get(name, "")) for name in after}
            if "avatar" in after:
                before["avatar"] = "a picture" if "avatar" in self._profile_now else ""
            return evolve(preview, before=before, after=after)
        return preview

    # --- new items -----------------------------------------------------------------------

    def import_item(self, item: Item) -> Receipt:
        """Upload the files of a post and write its records, all in one commit."""
        if item.kind == "profile":
            return self._profile.write(item, self._picture(item), self._uploaded)
        repository = self._repository
        fields, media = self._fields(item), self._media(item)
        files = _files(shown(item)) if all(isinstance(one, Media) for one in media) else {}
        written = self._drafts(item, fields, [one.as_shown() for one in media])
        if media or len(written) > 1:  # what is there already need not be uploaded again
            held = repository.held(written)
            if held is not None:
                return self._receipt(item, fields, held, files, existed=True)
            written = self._drafts(item, fields, [self._uploaded(one) for one in media])
        stored, existed = repository.create(written)
        return self._receipt(item, fields, stored, files, existed=existed)

    def import_batch(self, items: Sequence[Item]) -> Sequence[Receipt | Exception]:
        """Write posts without files, as many as go into one commit at a time."""
        results: list[Receipt | Exception] = []
        group: list[tuple[Item, list[Draft]]] = []
        for item in items:
            written: list[Draft] = []
            with suppress(ItemError):  # that one is tried, and refused, by itself
                if item.kind == "post" and not self._media(item):
                    written = self._drafts(item, self._fields(item), ())
            size = sum(len(one) for _, one in group) + len(written)
            if group and (not written or size > MOST_WRITES):
                results += self._written_together(group)
                group = []
            if written:
                group.append((item, written))
            else:
                results.append(self._alone(item))
        return results + (self._written_together(group) if group else [])

    def _written_together(
        self, group: Sequence[tuple[Item, list[Draft]]]
    ) -> list[Receipt | Exception]:
        """Write some items in one commit; one by one if the server does not take it."""
        try:
            with self._one_batch:
                stored = iter(
                    self._repository.create_many([one for _, written in group for one in written])
                )
        except (Refused, ServerFault):
            # One of them is there already, or is not taken, and none was written.
            return [self._alone(item) for item, _ in group]
        return [
            self._receipt(item, self._fields(item), [next(stored) for _ in written], {})
            for item, written in group
        ]

    def _alone(self, item: Item) -> Receipt | Exception:
        try:
            return self.import_item(item)
        except ItemError as error:  # anything else concerns the others too
            return error

    # --- what is there -------------------------------------------------------------------

    def find_item(self, item: Item) -> Receipt | None:
        """Look whether exactly this post is there; its files need not be readable."""
        if item.kind == "profile":
            pictures = [declared(blob, self._config) for blob in self._picture_of(item)]
            return self._profile.find(item, pictures[0] if pictures else None)
        fields, blobs = self._fields(item), shown(item)
        ways = [[declared(blob, self._config).as_shown() for blob in blobs]]
        if blobs and self._config.oversized == "link":
            ways.append([Card(self._config.link).as_shown()])
        for number, entries in enumerate(ways, 1):
            try:
                written = self._drafts(item, fields, entries)
            except ItemError:
                return None  # then it was not sent either
            try:
                held = self._repository.held(written)
            except Conflict:
                if number == len(ways):
                    raise
                continue
            files = {} if number > 1 else _files(blobs)
            if held is None:
                return None
            return self._receipt(item, fields, held, files, existed=True)
        raise AssertionError("unreachable")

    def verify(self, receipts: Iterable[Receipt], depth: Depth) -> Iterator[Finding]:
        """Compare names of records, and read the files if every byte is asked for."""
        return findings(self._signed_in(), self._profile, receipts, depth)

    # --- changes -------------------------------------------------------------------------

    def update_item(self, item: Item, previous: Receipt) -> Receipt:
        """Bring a post up to date that is still as it was left; what is absent now stays."""
        if is_profile(previous):
            return self._profile.update(item, previous, self._picture(item), self._uploaded)
        return self._changed(item, previous, Merge.newer(previous, self._fields(item)))

    def fill_item(self, item: Item, previous: Receipt) -> Receipt:
        """Add what only an older export has: a text, photos; what is there stays."""
        if is_profile(previous):
            return self._profile.fill(item, previous, self._picture(item), self._uploaded)
        return self._changed(item, previous, Merge.older(previous, self._fields(item)))

    def _changed(self, item: Item, previous: Receipt, merge: Merge) -> Receipt:
        """Put the records that a merge makes in the place of those of a receipt."""
        repository, before = self._repository, stored_of(previous)
        self._hold_if_gone(item, merge.files)
        blobs = [blob for blob in shown(item) if merge.takes(blob.name, str(blob.sha256))]
        ready = self._prepared(blobs)
        new = dict(zip((blob.name for blob in blobs), ready, strict=False))
        if any(isinstance(one, Card) for one in ready):
            merge.files = {name: merge.files[name] for name in merge.files.keys() - _files(blobs)}
        for name, media in new.items():
            merge.entries[name] = media.as_shown()
        meant = self._drafts(item, merge.fields, list(merge.entries.values()))
        there = [one for one in repository.look([draft.key for draft in meant]) if one is not None]
        existed = (
            len(there) == len(meant) >= len(before)
            and all(map(same, (one.record for one in there), (one.record for one in meant)))
        )  # fmt: skip
        if not existed:
            for name, media in new.items():
                merge.entries[name] = self._uploaded(media)
            meant = self._drafts(item, merge.fields, list(merge.entries.values()))
            there = repository.replace({one.key: one.cid for one in before}, meant)
        receipt = self._receipt(item, merge.fields, there, merge.files, existed=existed)
        return evolve(receipt, superseded=merge.superseded)

    def remove(self, receipt: Receipt, previous: Receipt | None) -> Receipt | None:
        """Delete a post that is still as it was left, or put its former version back."""
        if is_profile(receipt):
            return self._profile.put_back(receipt, previous)
        repository = self._repository
        now = {one.key: one.cid for one in stored_of(receipt)}
        if previous is None:
            repository.replace(now, ())
            return None
        before = stored_of(previous)
        wanted = {one.key: one.cid for one in before}
        keys = list(wanted | now)
        there = {one.key: one.cid for one in repository.look(keys) if one is not None}
        if there != wanted:
            repository.replace(now, [Draft(one.key, one.record) for one in before])
        return previous

    # --- the parts of it -----------------------------------------------------------------

    @staticmethod
    def _fields(item: Item) -> dict[str, str]:
        return {name: item.record[name] for name in _FIELDS if name in item.record}

    @staticmethod
    def _picture_of(item: Item) -> list[Blob]:
        """Find the account's picture; some sources have none."""
        named = [blob for blob in item.blobs if blob.name.partition(".")[0] == AVATAR]
        return [blob for blob in named if is_image(blob)][:1]

    def _picture(self, item: Item) -> Media | None:
        found = self._picture_of(item)
        return prepared(found[0], self._config) if found else None

    def _media(self, item: Item) -> list[Media | Card]:
        """Look at the files of a post."""
        self._hold_if_gone(item)
        return self._prepared(shown(item))

    def _prepared(self, blobs: Sequence[Blob]) -> list[Media | Card]:
        """Make files ready; one that is too large has a link stand for all, if that is wanted."""
        try:
            return [prepared(blob, self._config) for blob in blobs]
        except TooLarge:
            if self._config.oversized != "link":
                raise
            return [Card(self._config.link)]

    def _hold_if_gone(self, item: Item, there: Collection[str] = ()) -> None:
        """Keep a post back that lacks files which are not there yet either.

        Raises:
            ItemHeld: It is not to go without them.
        """
        reason = lacking(item, self._config, there)
        if reason:
            raise ItemHeld(reason)

    def _drafts(
        self, item: Item, fields: Mapping[str, str], entries: Sequence[Mapping[str, Any]]
    ) -> list[Draft]:
        embeds = embeds_of(entries, fields.get("alt_text", ""), self._config)
        return linked(drafts(item, fields, embeds, self._config), self._signed_in().did)

    def _uploaded(self, media: Media | Card) -> dict[str, Any]:
        """Upload a file, and describe it by what the server found it to be.

        Raises:
            Corrupted: Other bytes arrived than were promised.
        """
        if isinstance(media, Card):
            return media.as_shown()
        client = self._signed_in()
        if media.image or self._config.video == "server":
            blob = client.upload(media.open, media.size, media.media_type)
        else:
            blob = self._videos(client).process(media)
        entry = media.as_shown()
        if media.cid and blob.get("ref", {}).get("$link") != media.cid:
            raise Corrupted(f"Other bytes of {media.name} arrived than its digest promises.")
        entry["image" if media.image else "video"] = blob
        return entry

    def _videos(self, client: Client) -> VideoService:
        assert self._http is not None
        address = safe_address(self._config.video_service, "video_service")
        return VideoService(self._http, client, address, self._context.now, self._context.pause)

    def _receipt(
        self,
        item: Item,
        fields: Mapping[str, str],
        stored: Sequence[Stored],
        files: Mapping[str, str],
        *,
        existed: bool = False,
    ) -> Receipt:
        did = self._signed_in().did
        return Receipt(
            item.id,
            f"https://bsky.app/profile/{did}/post/{stored[0].key}",
            existed=existed,
            data={
                "records": [[one.key, one.cid, one.record] for one in stored],
                "fields": dict(fields),
                "files": dict(files),
            },
        )


def _files(blobs: Iterable[Blob]) -> dict[str, str]:
    """Name files, each with its digest."""
    return {blob.name: str(blob.sha256) for blob in blobs}
