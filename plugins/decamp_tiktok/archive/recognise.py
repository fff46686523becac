"""Which file is the export, what else a file may be, and which words to use about that."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from decamp import SourceUnreadable
from decamp_tiktok.archive.limits import NotAnExport, shown

__all__ = [
    "EXPORT_NAMES",
    "HEAD_BYTES",
    "LEMON8_NAME",
    "ambiguous",
    "base_name",
    "explain_absence",
    "find_by_content",
    "find_by_name",
    "is_export_name",
    "is_export_text",
    "is_json_object",
    "lemon8_only",
    "looks_like",
    "mentions_export",
    "text_format",
    "without_sections",
]

EXPORT_NAMES = ("user_data_tiktok.json", "user_data.json")
"""What TikTok calls the JSON file: since December 2024, and before."""

LEMON8_NAME = "user_data_lemon8.json"
"""Its sister, which holds another app's data."""

HEAD_BYTES = 1 << 16
"""How much of a file is looked at to recognise it."""

_WANTED = "Give the zip file that TikTok made, or the user_data_tiktok.json in it."
_ASK_FOR_JSON = (
    "Ask TikTok for your data again (Settings and privacy > Account > Download your data) "
    "and choose JSON as the file format."
)
_MAX_HEADS = 50
_EXPORT_NAME = re.compile(
    r"(?:TikTok_Data|user_data(?:_tiktok)?\b).*\.(?:zip|json)\Z", re.IGNORECASE
)
_BOM = b"\xef\xbb\xbf"

# Keys that only TikTok has, of all generations; one of them stands near the beginning.
_MARKER = re.compile(
    rb'"(?:Your Activity|Likes and Favorites|Profile And Settings|Direct Messages?|App Settings'
    rb"|Tik[Tt]ok (?:Live|LIVE|Shop|Shopping)|Ads and data|Watch History|Video Browsing History"
    rb"|Like List|ItemFavoriteList|Favorite (?:Videos|Sounds|Effects|Hashtags)|ChatHistory"
    rb"|FansList|ProfileMap|CommentsList|SearchList|Recently Deleted Posts"
    rb'|Income\+ Wallet)"[ \t\n\r]*+:[ \t\n\r]*+[{\[n]'
)

_TEXT_EXPORT = re.compile(
    r"(?:^|/)TikTok/[^/]+/[^/]+\.txt$"
    r"|(?:^|/)(?:Activity|Your Activity)/(?:Video Browsing|Watch|Browsing) History\.txt$"
    r"|(?:^|/)Videos?/Videos\.txt$"
)
_TEXT_ROWS = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*Date: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d")

_PLATFORMS = (
    ("Instagram", re.compile(r"(?:^|/)(?:your_)?instagram_activity/|(?:^|/)followers_1\.json$")),
    ("Facebook", re.compile(r"(?:^|/)(?:your_)?(?:facebook_activity|activity_across_facebook)/")),
    ("X (Twitter)", re.compile(r"(?:^|/)data/(?:tweets?|tweet-headers|ageinfo)\.js$")),
    ("Google Takeout", re.compile(r"(?:^|/)Takeout/|(?:^|/)archive_browser\.html$")),
    ("Snapchat", re.compile(r"(?:^|/)json/(?:snap|memories|chat)_history\.json$")),
    ("Mastodon", re.compile(r"(?:^|/)outbox\.json$")),
)

_KINDS = (
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a gzip file"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"\0\0\0", "a video"),
    (b"SQLite format 3", "a database"),
    (b"<?xml", "an XML file"),
    (b"<!doctype html", "a web page"),
    (b"<html", "a web page"),
    (b"[", "a JSON list"),
    (b"{", "JSON of something else"),
    (b"\xff\xfe", "a text file in UTF-16"),
    (b"\xfe\xff", "a text file in UTF-16"),
)


def base_name(name: str) -> str:
    """Give the last part of an entry's name; zips made on Windows may use backslashes."""
    return name.replace("\\", "/").rpartition("/")[2]


def find_by_name(names: Sequence[str], place: str) -> str | None:
    """Pick the one with the name that TikTok gives; the present name wins over the former.

    Raises:
        SourceUnreadable: More than one has it.
    """
    for wanted in EXPORT_NAMES:
        found = [name for name in names if base_name(name).lower() == wanted]
        if len(found) > 1:
            raise ambiguous(found, place)
        if found:
            return found[0]
    return None


def find_by_content(names: Sequence[str], head: Callable[[str], bytes], place: str) -> str | None:
    """Pick the one JSON file that looks like an export inside.

    Args:
        names: All names; only some of those that end in ``.json`` are looked at.
        head: Gives the first `HEAD_BYTES` of one.
        place: The zip or folder, for messages.

    Raises:
        SourceUnreadable: More than one does.
    """
    candidates = [
        name
        for name in names
        if name.lower().endswith(".json") and base_name(name).lower() != LEMON8_NAME
    ]
    found = [name for name in candidates[:_MAX_HEADS] if is_export_text(head(name))]
    if len(found) > 1:
        raise ambiguous(found, place)
    return found[0] if found else None


def ambiguous(names: Sequence[str], place: str) -> SourceUnreadable:
    """Make the error for a place that holds several exports."""
    return SourceUnreadable(
        f"{place} holds {len(names)} TikTok exports: {_list(names)}.",
        hint="Give the one that you want.",
    )


def explain_absence(names: Sequence[str], place: str, what: str) -> SourceUnreadable:
    """Say what a zip or folder without an export is instead, as well as its names tell."""
    paths = [name.replace("\\", "/") for name in names]
    if any(_TEXT_EXPORT.search(path) for path in paths):
        return text_format(place)
    if any(base_name(path).lower() == LEMON8_NAME for path in paths):
        return lemon8_only(place)
    for platform, pattern in _PLATFORMS:
        if any(pattern.search(path) for path in paths):
            return NotAnExport(f"{place} is an export of {platform}, not of TikTok.", hint=_WANTED)
    nested = [name for name in names if name.lower().endswith(".zip")]
    if nested and what == "zip file":
        return NotAnExport(
            f"{place} holds another zip file ({shown(base_name(nested[0]))}), and decamp does "
            "not open a zip within a zip.",
            hint="Unzip it, and give the one inside.",
        )
    if not names:
        return NotAnExport(f"{place} is an empty {what}.", hint=_WANTED)
    count = "1 file" if len(names) == 1 else f"{len(names):,} files"
    return NotAnExport(
        f"{place} is a {what}, but no TikTok export was found in it (looked for "
        f"{' and '.join(EXPORT_NAMES)}); it holds {count}, for example {_list(names)}.",
        hint=_WANTED,
    )


def text_format(place: str) -> SourceUnreadable:
    """Make the error for an export in the format for people to read."""
    return SourceUnreadable(
        f"{place} is a TikTok export in the text format, which leaves things out and cannot be "
        "read reliably.",
        hint=_ASK_FOR_JSON,
    )


def without_sections(place: str, *, empty: bool) -> SourceUnreadable:
    """Make the error for a JSON object that has not one section of an export."""
    if empty:
        return SourceUnreadable(
            f"{place} holds no data: it is an empty JSON object.",
            hint="TikTok may have failed to prepare it: ask for a new export.",
        )
    return NotAnExport(
        f"{place} is JSON, but not of a TikTok export: none of an export's sections is in it "
        "(looked for Your Activity, Watch History, Direct Messages, Post, Profile Info and "
        "all others that are known).",
        hint=_WANTED,
    )


def lemon8_only(place: str) -> SourceUnreadable:
    """Make the error for the sister file without TikTok's own."""
    return SourceUnreadable(
        f"{place} is the export of Lemon8, which TikTok's zip also holds.",
        hint=f"Look for {EXPORT_NAMES[0]} beside it, or give the whole zip.",
    )


def is_json_object(head: bytes) -> bool:
    """Tell whether text may be a JSON object."""
    return head.removeprefix(_BOM).lstrip().startswith(b"{")


def is_export_name(name: str) -> bool:
    """Tell whether a file is called like one that TikTok makes, whatever is in it."""
    return _EXPORT_NAME.match(name) is not None


def is_export_text(head: bytes) -> bool:
    """Tell whether text begins like an export, whatever its file is called."""
    return is_json_object(head) and _MARKER.search(head) is not None


def mentions_export(raw: bytes) -> bool:
    """Tell whether a piece of a zip names a file as TikTok does."""
    return any(name.encode() in raw for name in EXPORT_NAMES)


def looks_like(head: bytes, place: str) -> SourceUnreadable:
    """Say what a file is that is neither a zip nor an export in JSON."""
    if _TEXT_ROWS.match(head):
        return text_format(place)
    text = head.removeprefix(_BOM).lstrip()
    if not text:
        return NotAnExport(
            f"{place} is an empty file.", hint="Download it again, or ask TikTok for a new one."
        )
    start = text[:32].lower()
    kinds = [kind for sign, kind in _KINDS if start.startswith(sign.lower())]
    kind = kinds[0] if kinds else "another sort of file" if b"\0" in head else "a text file"
    return NotAnExport(
        f"{place} is not a zip file, and not a TikTok export in JSON: it looks like {kind}.",
        hint=_WANTED,
    )


def _list(names: Sequence[str]) -> str:
    some = ", ".join(shown(name) for name in sorted(names)[:3])
    return some if len(names) <= 3 else f"{some}, …"
