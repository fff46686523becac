"""The profile map to the record of the account."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from decamp import Blob, Item, Missing
from decamp_tiktok.archive import links
from decamp_tiktok.archive.values import SENTINELS, number, portable

__all__ = ["dead_on_arrival", "profile_item", "user_name"]

_TEXTS = {
    "username": "username",
    "displayname": "display_name",
    "biodescription": "bio",
    "emailaddress": "email",
    "telephonenumber": "phone",
    "inferredgender": "gender",
    "gender": "gender",
}
_COUNTS = {
    "likesreceived": "likes_received",
    "followercount": "followers",
    "followingcount": "following",
}
_LINKS = {"instagramlink": "instagram", "youtubelink": "youtube", "lemon8link": "lemon8"}
_MEDIA = {
    "profilephoto": ("avatar", "image/jpeg"),
    "profilevideo": ("avatar", "video/mp4"),
    "aiself": ("ai-self", "image/jpeg"),
}
_DEAD = (
    "TikTok's link to it had already expired when the export was made; only the app can give it "
    "to you."
)
_PLATFORM = {"Platform": "platform", "Name": "name", "Description": "description"}


def user_name(fields: Mapping[str, Any]) -> str | None:
    """Find the own user name in a profile map."""
    for name, value in fields.items():
        if name.lower() == "username" and _says(value):
            return str(value)
    return None


def profile_item(fields: Mapping[str, Any], path: str) -> Item:
    """Make the item. Fields that it cannot hold exactly stay in ``source``, raw."""
    record: dict[str, Any] = {}
    source: dict[str, Any] = {}
    blobs: list[Blob] = []
    for name, value in fields.items():
        if not _map(name.lower(), value, record):
            source[name] = portable(value)
        blobs += _blobs(name.lower(), value, {blob.name for blob in blobs})
    record["source"] = {"path": path, "fields": source} if source else {"path": path}
    return Item("profile", "profile", record, tuple(blobs))


def dead_on_arrival(profile: Item, made: datetime) -> Item:
    """List the pictures whose links had expired before the export was made, as missing.

    TikTok signs the links of posts when it makes an export, but was seen to give a link to the
    profile photo that had expired days before. Another export brings no better one, so there is
    nothing that the person could repair.

    Args:
        made: A time before which the export was surely not made.
    """
    dead = [blob for blob in profile.blobs if _expired(blob, made)]
    return profile.evolve(
        blobs=tuple(blob for blob in profile.blobs if blob not in dead),
        missing=tuple(Missing(blob.name, "dead-on-arrival", _DEAD) for blob in dead),
    )


def _expired(blob: Blob, time: datetime) -> bool:
    until = blob.link.expires_at if blob.link else None
    return until is not None and until < time


def _map(name: str, value: Any, record: dict[str, Any]) -> bool:
    """Put a value where it belongs; tell whether nothing of it is lost by that."""
    if (field := _TEXTS.get(name)) and field not in record and _says(value):
        record[field] = value
    elif (field := _COUNTS.get(name)) and (count := number(value)) is not None:
        counts = record.setdefault("counts", {})
        return bool(counts.setdefault(field, count) == count)
    elif (service := _LINKS.get(name)) and _says(value):
        record.setdefault("links", []).append({"service": service, "address": value})
    elif name == "accountregion" and _is_region(value):
        return bool(record.setdefault("region", value) == value)
    elif name == "birthdate" and (day := _day(value)):
        record.setdefault("birth_date", day)
        return False
    elif name == "platforminfo" and isinstance(value, list):
        return _platforms(value, record)
    else:
        return False
    return True


def _platforms(entries: list[Any], record: dict[str, Any]) -> bool:
    found = record.setdefault("platforms", [])
    exact = bool(entries)
    for entry in entries:
        texts = entry if isinstance(entry, dict) else {}
        kept = {
            field: texts[name]
            for name, field in _PLATFORM.items()
            if isinstance(texts.get(name), str)
        }
        if kept:
            found.append(kept)
        exact = exact and bool(kept) and len(kept) == len(texts)
    if not found:
        del record["platforms"]
    return exact


def _blobs(name: str, value: Any, taken: set[str]) -> list[Blob]:
    if name not in _MEDIA:
        return []
    stem, default = _MEDIA[name]
    blobs = (links.blob(url, stem, default) for url in links.urls(value)[:1])
    return [blob for blob in blobs if blob.name not in taken]


def _says(value: Any) -> bool:
    return isinstance(value, str) and value not in SENTINELS


def _is_region(value: Any) -> bool:
    return (
        isinstance(value, str)
        and len(value) == 2
        and value.isascii()
        and value.isalpha()
        and value.isupper()
    )


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _day(value: Any) -> str | None:
    """Turn ``31-Jan-1990`` into ISO 8601. No strptime: it reads months in the user's language."""
    parts = value.split("-") if isinstance(value, str) else []
    if len(parts) != 3 or parts[1] not in _MONTHS:
        return None
    day, month, year = parts[0], _MONTHS.index(parts[1]) + 1, parts[2]
    if not (value.isascii() and day.isdigit() and year.isdigit() and len(year) == 4):
        return None
    try:
        return date(int(year), month, int(day)).isoformat()
    except ValueError:
        return None
