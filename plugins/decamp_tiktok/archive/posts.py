"""Entries of the post lists to posts.

A post of the archive has no id and no permanent address. Its second of publication is the
only thing that every export repeats, so that is its id; several posts of one second are told
apart by `Item.match`. Its links are signed anew for each export, so no id depends on them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from decamp import Blob, Item, Missing
from decamp_tiktok.archive import links, times
from decamp_tiktok.archive.values import SENTINELS, number, portable, switch

__all__ = ["expires", "is_post", "post_item", "post_time"]

_TEXTS = {
    "title": "caption",
    "sound": "sound",
    "location": "place",
    "alternatetext": "alt_text",
    "addyourstext": "add_yours",
}
_SWITCHES = {"contentdisclosure": "content_disclosure", "aigeneratedcontent": "ai_generated"}
_ALLOWS = {
    "allowcomments": "comments",
    "allowstitches": "stitches",
    "allowduets": "duets",
    "allowstickers": "stickers",
    "allowsharingtostory": "sharing_to_story",
}
_COUNTS = {"likes": "likes", "numberofcollections": "collections"}
_AUDIENCES = {
    "everyone": "public",
    "public": "public",
    "friends": "friends",
    "only you": "private",
    "private": "private",
    "only me": "private",
}
_LINKS = ("link", "coverimage")
_DATES = ("date",)
_DELETED = ("datedeleted", "date deleted", "deleteddate", "deletedate", "deletiondate")
_STABLE = (*_DATES, *_DELETED, *_TEXTS)
"""Fields that every export repeats, as far as its generation has them."""

_NO_ADDRESS = "What the export gives as its link is no web address."
_LEGAL_SENTINEL = "N/A"  # a caption may say so; a caption is never a sentinel but ""


def is_post(entry: Mapping[str, Any]) -> bool:
    """Tell a post from a watched video, both of which lie in a ``VideoList``."""
    fields = {name.lower(): value for name, value in entry.items()}
    if "likes" in fields or "whocanview" in fields:
        return True
    return any(links.expires(url) is not None for url in links.urls(fields.get("link")))


def post_time(entry: Mapping[str, Any]) -> str | None:
    """Read when it was posted."""
    for name, value in entry.items():
        if name.lower() in _DATES and (time := times.parse(value)[0]):
            return time
    return None


def expires(entry: Mapping[str, Any]) -> int | None:
    """Tell when the first link to its media stops working, in Unix seconds."""
    found = [
        time
        for name, value in entry.items()
        if name.lower() in _LINKS
        for time in map(links.expires, links.urls(value))
        if time is not None
    ]
    return min(found, default=None)


def post_item(entry: Mapping[str, Any], path: str, *, deleted: bool) -> Item:
    """Make the item.

    Args:
        path: Where the list lies.
        deleted: It comes from the list of recently deleted posts, so nobody may see it.
    """
    found: dict[str, Any] = {}
    source: dict[str, Any] = {}
    media: list[Blob] = []
    missing: list[Missing] = []
    cover: list[Blob] = []
    for name, value in entry.items():
        lower = name.lower()
        if not _map(lower, value, found):
            source[name] = portable(value)
        if lower == "link" and not media:
            media, missing = _media(value)
        elif lower == "coverimage" and not cover:
            cover = [links.blob(url, "cover", "image/jpeg") for url in links.urls(value)[:1]]
    audience = "private" if deleted else found.pop("audience", "unknown")
    record = {**_ordered(found), "type": _type(media), "audience": audience}
    record["source"] = {"path": path, "fields": source} if source else {"path": path}
    first = media[0].link.key if media and media[0].link else ""
    match = (first, found.get("caption", ""))
    return Item(
        _id(found.get("time"), entry), "post", record, (*media, *cover), tuple(missing), match
    )


def _ordered(found: dict[str, Any]) -> dict[str, Any]:
    found.pop("audience", None)
    time = {"time": found["time"]} if "time" in found else {}
    return time | found


def _map(name: str, value: Any, found: dict[str, Any]) -> bool:
    """Put a value where it belongs; tell whether nothing of it is lost by that."""
    if name in _DATES and "time" not in found:
        return _time(value, "time", found)
    if name in _DELETED and "deleted" not in found:
        return _time(value, "deleted", found)
    if (field := _TEXTS.get(name)) and field not in found and _says(value, field):
        found[field] = value
        return True
    if (field := _COUNTS.get(name)) and (count := number(value)) is not None:
        return bool(found.setdefault("counts", {}).setdefault(field, count) == count)
    on = switch(value)
    if (field := _ALLOWS.get(name)) and on is not None:
        return found.setdefault("allows", {}).setdefault(field, on) is on
    if (field := _SWITCHES.get(name)) and on is not None:
        return found.setdefault(field, on) is on
    if name == "whocanview" and isinstance(value, str):
        found.setdefault("audience", _AUDIENCES.get(value.strip().lower(), "unknown"))
    return False


def _time(value: Any, field: str, found: dict[str, Any]) -> bool:
    time, exact = times.parse(value)
    if time is not None:
        found[field] = time
    return exact


def _says(value: Any, field: str) -> bool:
    if not isinstance(value, str):
        return False
    return value not in SENTINELS or (field == "caption" and value == _LEGAL_SENTINEL)


def _media(value: Any) -> tuple[list[Blob], list[Missing]]:
    """Describe the files that a ``Link`` leads to, and those that it should lead to."""
    found = links.addresses(value)
    default, suffix = ("image/jpeg", ".jpg") if len(found) > 1 else ("video/mp4", ".mp4")
    media = [links.blob(url, str(place), default) for place, url in enumerate(found, 1) if url]
    missing = [
        Missing(f"{place}{suffix}", "refused", _NO_ADDRESS)
        for place, url in enumerate(found, 1)
        if not url
    ]
    return media, missing


def _type(media: list[Blob]) -> str:
    if not media:
        return "unknown"
    kinds = {blob.media_type.partition("/")[0] for blob in media}
    return "video" if "video" in kinds else "photos" if "image" in kinds else "unknown"


def _id(time: str | None, entry: Mapping[str, Any]) -> str:
    """Make the id. Posts without a time that say the same share one, as those of one second do."""
    if time is not None:
        return f"post:{time}"
    fields = {name.lower(): value for name, value in entry.items()}
    stable = "\0".join(_stable(fields.get(name)) for name in _STABLE)
    digest = hashlib.sha256(stable.encode("utf-8", "surrogatepass")).hexdigest()
    return f"post:undated:{digest[:16]}"


def _stable(value: Any) -> str:
    """Write a value so that one without content is the same as a field that is not there."""
    return "" if value is None or value in SENTINELS else str(value)
