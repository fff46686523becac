"""The page of a bundle: opens without a server, and loads nothing from elsewhere.

All text comes from a service and from other people, so it reaches the page only through
an escaping template, under a policy (CSP Level 3) that allows one style sheet, by its
hash, and pictures beside the page. There is no script.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import msgspec
from attrs import frozen

from decamp.bundle.bag import BAG_DECLARATION, BAG_INFO, MANIFEST, TAG_MANIFEST
from decamp.bundle.entries import Entry, File
from decamp.bundle.marker import MARKER
from decamp.bundle.record import natural
from decamp.bundle.stock import Stock
from decamp.model import Account

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["INDEX", "POSTS_ON_INDEX", "is_page", "is_tag", "pages"]

INDEX = "index.html"

POSTS_ON_INDEX = 2_000
"""With more posts than this, each year gets a page of its own."""

POSTS_ON_A_PAGE = 2_000
"""With more posts than this, a year is cut into months: a page is made in memory."""

Read = Callable[[File], bytes | None]
"""Gives the content of a record; None if it cannot be had."""

_TAGS = (BAG_DECLARATION, BAG_INFO, MANIFEST, TAG_MANIFEST, MARKER)
_PAGE = re.compile(r"index\.html|posts-(?:[0-9]{4}(?:-[0-9]{2})?|undated)\.html")
_SPAN = re.compile(r"([0-9-]{10})_([0-9-]{10})_[0-9a-f]{12}(?:-[0-9]+)?\.jsonl")
_PHOTO = re.compile(r".*\.(?:jpe?g|png|gif|webp|avif)")
_POLICY = (
    "default-src 'none'; img-src 'self' file:; base-uri 'none'; form-action 'none'; "
    "style-src 'sha256-{}'"
)

T = TypeVar("T")


class _Missing(msgspec.Struct):
    name: str
    code: str


class _Post(msgspec.Struct):
    time: str = ""
    type: str = "unknown"
    caption: str = ""
    audience: str = "unknown"
    alt_text: str = ""
    deleted: str | bool = False
    missing: tuple[_Missing, ...] = ()


class _Profile(msgspec.Struct):
    username: str = ""
    display_name: str = ""
    bio: str = ""


class _Conversation(msgspec.Struct):
    key: str = ""
    title: str = ""


@frozen
class _Card:
    """One post, as the page shows it."""

    time: str
    type: str
    caption: str
    audience: str
    alt_text: str
    deleted: bool
    missing: tuple[_Missing, ...]
    photos: tuple[File, ...]
    files: tuple[File, ...]


@frozen
class _Year:
    label: str
    count: int
    page: str
    posts: Callable[[], Iterator[_Card]]


@frozen
class _Group:
    """A conversation, or one sort of activity."""

    title: str
    rows: int
    since: str
    until: str
    files: tuple[File, ...]


def pages(stock: Stock, account: Account, read: Read) -> Iterator[tuple[str, bytes]]:
    """Make the pages of a bundle, each with its name; the same content gives the same bytes.

    Args:
        stock: What the bundle holds.
        account: Whose data it is.
        read: Gives records, for captions and titles; what it cannot give is left out.
    """
    years = _years(stock, read)
    title = _owner(account, stock, read)
    yield INDEX, _render("index.html", **_overview(stock, title, years, read))
    for year in years:
        if year.page:
            page = _render("posts.html", owner=title, year=year.label, posts=year.posts())
            yield year.page, page


def is_page(name: str) -> bool:
    """Tell whether a file at the top of a bundle has a name that `pages` gives."""
    return _PAGE.fullmatch(name) is not None


def is_tag(name: str) -> bool:
    """Tell whether a name at the top of a bundle is that of a tag file or a page."""
    return name in _TAGS or is_page(name)


# --- what the pages show -----------------------------------------------------------------


def _overview(stock: Stock, owner: str, years: list[_Year], read: Read) -> dict[str, Any]:
    files, size = stock.total()
    profiles = list(stock.entries("profile"))
    profile_files = [file for entry in profiles for file in entry.files]
    conversations = _groups(stock, ("conversation", "message"), read)
    activity = _groups(stock, ("event",), read)
    known = ("profile", "post", "conversation", "message", "event")
    others = [file for entry in stock.entries_but(*known) for file in entry.files]
    dated = [year.label for year in years if year.label != "undated"]
    figures = [
        _figure(sum(year.count for year in years), "post", "posts", dated),
        _figure(len(conversations), "conversation", "conversations", []),
        _figure(_rows(conversations), "message", "messages", _dates(conversations)),
        _figure(_rows(activity), "activity entry", "activity entries", _dates(activity)),
        _figure(len(others), "other file", "other files", []),
    ]
    sections = [
        ("profile", "Profile", profile_files),
        ("posts", "Posts", years),
        ("messages", "Messages", conversations),
        ("activity", "Activity", activity),
        ("other", "Everything else", others),
    ]
    return {
        "owner": owner,
        "profile": _profile(profiles, read),
        "profile_files": profile_files,
        "avatar": next((file for file in profile_files if _PHOTO.fullmatch(file.path)), None),
        "total": {"files": files, "size": size},
        "figures": [figure for figure in figures if figure["count"]],
        "sections": [{"anchor": anchor, "label": label} for anchor, label, has in sections if has],
        "years": years,
        "conversations": conversations,
        "activity": activity,
        "others": others,
    }


def _figure(count: int, one: str, many: str, points: list[str]) -> dict[str, Any]:
    ends = sorted({min(points), max(points)}) if points else []
    return {"count": count, "label": one if count == 1 else many, "span": " \u2013 ".join(ends)}


def _rows(groups: list[_Group]) -> int:
    return sum(group.rows for group in groups)


def _dates(groups: list[_Group]) -> list[str]:
    return [date for group in groups for date in (group.since, group.until) if date]


def _owner(account: Account, stock: Stock, read: Read) -> str:
    profile = _profile(list(stock.entries("profile")), read)
    names = (*account.names, profile.username, profile.display_name, account.id or "")
    return next((name for name in names if name), "an unnamed account")


def _profile(profiles: list[Entry], read: Read) -> _Profile:
    return _decoded(read(profiles[0].record), _Profile) if profiles else _Profile()


def _years(stock: Stock, read: Read) -> list[_Year]:
    posts = Counter(map(_year, stock.records("post")))
    many = posts.total() > POSTS_ON_INDEX
    crowded = {year for year, count in posts.items() if count > POSTS_ON_A_PAGE}
    years = []
    for label, group in groupby(stock.records("post"), key=lambda path: _period(path, crowded)):
        paths = list(group)
        page = f"posts-{label}.html" if many else ""
        cards = partial(_cards, stock, paths[0], paths[-1], read)
        years.append(_Year(label, len(paths), page, cards))
    return years


def _year(path: str) -> str:
    return path.split("/")[2]


def _period(path: str, crowded: set[str]) -> str:
    """Name the page of a post by the path of its record: its year, or its month if it is crowded."""
    year, name = path.split("/")[2:4]
    return name[:7] if year in crowded and name[:5] == f"{year}-" else year


def _cards(stock: Stock, first: str, last: str, read: Read) -> Iterator[_Card]:
    for entry in stock.entries("post", first=first, last=last):
        post = _decoded(read(entry.record), _Post)
        # An update may have added a file whose name comes before that of others.
        blobs = sorted(entry.files[1:], key=lambda file: natural(file.name))
        photos = tuple(file for file in blobs if _PHOTO.fullmatch(file.path))
        others = tuple(file for file in blobs if file not in photos)
        yield _Card(
            post.time,
            post.type,
            post.caption,
            post.audience,
            post.alt_text,
            bool(post.deleted),
            post.missing,
            photos,
            (*others, entry.record),
        )


def _groups(stock: Stock, kinds: tuple[str, ...], read: Read) -> list[_Group]:
    """Bring the files of one folder together."""
    groups = []
    for folder, group in groupby(
        stock.entries(*kinds), key=lambda entry: entry.record.path.rpartition("/")[0]
    ):
        entries = list(group)
        title = folder.rpartition("/")[2]
        for entry in entries:
            if entry.kind == "conversation":
                conversation = _decoded(read(entry.record), _Conversation)
                title = conversation.title or conversation.key or title
        files = tuple(file for entry in entries for file in entry.files)
        spans = [span for file in files if (span := _SPAN.fullmatch(file.path.rpartition("/")[2]))]
        since = min((span[1] for span in spans), default="")
        until = max((span[2] for span in spans), default="")
        groups.append(_Group(title, sum(e.rows or 0 for e in entries), since, until, files))
    return groups


def _decoded(data: bytes | None, shape: type[T]) -> T:
    """Read what the page needs of a record; what is odd is left out, not an error."""
    try:
        return msgspec.json.decode(data or b"{}", type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return shape()


# --- templates ---------------------------------------------------------------------------


@cache
def _environment() -> Environment:
    # Only a run that finishes a bundle pays for these.
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    loader = PackageLoader("decamp.bundle")
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    style, _, _ = loader.get_source(environment, "page.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    environment.globals |= {"policy": _POLICY.format(digest)}
    environment.globals["style"] = Markup(style)  # noqa: S704 (our own file, not data)
    environment.filters |= {
        "bytes": _bytes,
        "href": quote,
        "moment": lambda time: f"{time[:10]} {time[11:16]} UTC",
        "name": lambda path: path.rpartition("/")[2],
        "number": lambda number: f"{number:,}",
    }
    return environment


def _render(template: str, **values: Any) -> bytes:
    return _environment().get_template(template).render(values).encode("utf-8", "replace")


def _bytes(size: int) -> str:
    """Write a size for people, in decimal units: ``1.2 MB``."""
    if size < 1000:
        return f"{size} bytes"
    power = min((len(str(size)) - 1) // 3, 4)
    return f"{size / 1000**power:.1f} {('kB', 'MB', 'GB', 'TB')[power - 1]}"
