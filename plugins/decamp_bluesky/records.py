"""From an item to the records of ``app.bsky.feed.post`` that stand for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from attrs import evolve, frozen

from decamp import Item, ItemRejected, ItemSkipped
from decamp_bluesky.cids import record_cid
from decamp_bluesky.config import Config
from decamp_bluesky.text import Chunk, Limits, fits, split, truncated
from decamp_bluesky.tid import part_time, tids

__all__ = [
    "LIMITS",
    "PER_GALLERY",
    "POST",
    "Draft",
    "blob_of",
    "drafts",
    "embeds_of",
    "entries_of",
    "linked",
    "same",
    "time_of",
]

POST = "app.bsky.feed.post"
LIMITS = Limits()
_IMAGES = "app.bsky.embed.images"
_VIDEO = "app.bsky.embed.video"
_EXTERNAL = "app.bsky.embed.external"
_PER_RECORD = 4
_GALLERY = "app.bsky.embed.gallery"
PER_GALLERY = 20
"""https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/embed/gallery.json"""
_ALT = Limits(1_000, 10_000)
_MOST_RECORDS = 200


_MEMBERS = {_IMAGES: "images", _GALLERY: "items"}
_SQUARE = {"width": 1, "height": 1}
"""A gallery needs ratios, also of images that do not tell their size."""


@frozen
class Draft:
    """A record that is to be written."""

    key: str
    record: Mapping[str, Any]


def time_of(item: Item) -> datetime:
    """Tell when a post was posted.

    Raises:
        ItemRejected: It does not say: nothing could be backdated.
    """
    try:
        return datetime.fromisoformat(item.record["time"])
    except (KeyError, ValueError) as error:
        raise ItemRejected(
            "The export does not say when it was posted, and Bluesky would show it as new."
        ) from error


def drafts(
    item: Item, fields: Mapping[str, str], embeds: Sequence[Mapping[str, Any]], config: Config
) -> list[Draft]:
    """Write the records of a post; several are a thread, each a reply to the one before.

    The replies are not linked yet; see `linked`.

    Args:
        item: Its id and time.
        fields: Its `caption`.
        embeds: What is shown, one for each record.
        config: What becomes of a text that is too long.
    """
    chunks = _chunks(fields.get("caption", ""), config)
    count = max(len(chunks), len(embeds), 1)
    if count > _MOST_RECORDS:
        raise ItemRejected(f"It would be a thread of {count} posts.")
    if not embeds and not chunks[0].text.strip():
        raise ItemSkipped("There is neither text nor a file to show.")
    time = time_of(item)
    written = []
    for number, key in enumerate(tids(item.id, time, count)):
        chunk = chunks[number] if number < len(chunks) else Chunk("")
        record: dict[str, Any] = {"$type": POST, "text": chunk.text}
        if chunk.facets:
            record["facets"] = list(chunk.facets)
        if number < len(embeds):
            record["embed"] = embeds[number]
        if languages := [word for word in config.languages.replace(" ", "").split(",") if word]:
            record["langs"] = languages[:3]
        record["createdAt"] = part_time(time, number)
        written.append(Draft(key, record))
    return written


def embeds_of(
    entries: Sequence[Mapping[str, Any]], alt: str, config: Config
) -> list[dict[str, Any]]:
    """Group what is shown: each video alone, photos by four or in galleries, in their order.

    Args:
        entries: As `decamp_bluesky.media.Media.as_shown` gives them, or that of a `Card`.
        alt: What the source says for those who cannot see it; it stands at the first.
        config: What becomes of more than four photos.
    """
    embeds: list[dict[str, Any]] = []
    photos = sum("image" in one for one in entries)
    gallery = config.many_photos == "gallery" and photos > _PER_RECORD
    kind, most = (_GALLERY, PER_GALLERY) if gallery else (_IMAGES, _PER_RECORD)
    member = _MEMBERS[kind]
    for number, entry in enumerate(entries):
        described = alt and not number and "external" not in entry
        one = {**entry, "alt": _cut(alt)} if described else dict(entry)
        if "image" not in one:
            embeds.append({"$type": _VIDEO if "video" in one else _EXTERNAL, **one})
            continue
        if gallery:
            one = {"$type": f"{_GALLERY}#image", "aspectRatio": _SQUARE, **one}
        if embeds and embeds[-1]["$type"] == kind and len(embeds[-1][member]) < most:
            embeds[-1][member].append(one)
        else:
            embeds.append({"$type": kind, member: [one]})
    if len(embeds) > 1 and all("image" in one for one in entries):
        if config.many_photos == "skip":
            raise ItemSkipped(f"It has {len(entries)} photos, and to.many_photos says skip.")
        if config.many_photos == "first":
            del embeds[1:]
    return embeds


def entries_of(records: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """List what records show, as it was given to `embeds_of`."""
    found: list[dict[str, Any]] = []
    for record in records:
        embed = record.get("embed", {})
        member = _MEMBERS.get(embed.get("$type", ""))
        if member is not None:
            found += [
                {key: value for key, value in one.items() if key != "$type"}
                for one in embed[member]
            ]
        elif embed:
            found.append({key: value for key, value in embed.items() if key != "$type"})
    return found


def blob_of(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give the file of an entry."""
    blob: Mapping[str, Any] = entry["video"] if "video" in entry else entry["image"]
    return blob


def linked(written: Sequence[Draft], did: str) -> list[Draft]:
    """Make each record of a thread a reply to the one before; their names are known by now."""
    if len(written) == 1:
        return list(written)
    done: list[Draft] = []
    root: dict[str, str] = {}
    parent: dict[str, str] = {}
    for draft in written:
        one = draft
        if root:
            reply = {"root": root, "parent": parent}
            one = evolve(draft, record={**draft.record, "reply": reply})
        done.append(one)
        parent = {"uri": f"at://{did}/{POST}/{one.key}", "cid": record_cid(one.record)}
        root = root or parent
    return done


def same(there: Any, meant: Any) -> bool:
    """Tell whether a record is the one that was meant.

    What a file's type is called is up to the server, ratios follow from the files, and replies
    from the keys. A file without a name in what was meant may be any.
    """
    if isinstance(meant, Mapping):
        if not isinstance(there, Mapping):
            return False
        if meant.get("$type") == "blob":
            name = meant["ref"]["$link"]
            return there.get("$type") == "blob" and name in ("", there["ref"].get("$link"))
        keys = (there.keys() | meant.keys()) - _FOLLOWING
        return all(key in there and key in meant and same(there[key], meant[key]) for key in keys)
    if isinstance(meant, list | tuple):
        return (
            isinstance(there, list | tuple)
            and len(there) == len(meant)
            and all(same(one, other) for one, other in zip(there, meant, strict=True))
        )
    return bool(there == meant)


_FOLLOWING = {"reply", "aspectRatio"}


def _chunks(text: str, config: Config) -> list[Chunk]:
    if fits(text, LIMITS):
        return split(text, LIMITS)
    if config.long_text == "skip":
        raise ItemSkipped("Its text is too long for one post, and to.long_text says skip.")
    if config.long_text == "truncate":
        return [truncated(text, LIMITS)]
    return split(text, LIMITS)


def _cut(alt: str) -> str:
    return truncated(alt, _ALT).text
