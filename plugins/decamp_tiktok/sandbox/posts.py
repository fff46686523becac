"""What the person published. The links are to the person's own media, and expire."""

from __future__ import annotations

from collections.abc import Mapping

from decamp_tiktok.sandbox.account import Account, Builder, each
from decamp_tiktok.sandbox.links import date, object_name
from decamp_tiktok.sandbox.texts import quoted
from decamp_tiktok.sandbox.timeline import Timeline
from decamp_tiktok.sandbox.tree import Node, Rows

__all__ = ["BUILDERS", "media_path"]

_BLOCK = 10
_PHOTO_POST = 6
"""The post of this number in each block has photos."""

_DAY = 86_400
_AUDIENCES = ("Everyone", "Everyone", "Everyone", "Only You", "Friends", "Everyone", "")
_SOUNDS = ("original sound", "Harbour Waltz (demo)", "N/A", "")
_PLACES = ("", "", "", "Example Harbour", "N/A")
_LATER_FIELDS = (
    "WhoCanView", "AllowComments", "AllowStitches", "AllowDuets", "AllowStickers",
    "AllowSharingToStory", "ContentDisclosure", "AIGeneratedContent", "Sound", "Location",
    "Title", "AddYoursText",
)  # fmt: skip


def _timeline(account: Account) -> Timeline:
    # Small blocks, so that a small account has two posts in one second, too.
    return account.timeline("posts", account.counts.posts, block=_BLOCK)


def media_path(account: Account, index: int) -> str:
    """Give the path at which the first medium of the post with this number is served.

    Post 0 is the oldest.
    """
    random = _timeline(account).at(index)[1]
    name = _object(account, random)
    if index % _BLOCK == _PHOTO_POST:
        return account.signer.image_path(name, "photo")
    return account.signer.video_path(name)


def _object(account: Account, random: int, photo: int = 0) -> str:
    if not account.options.stable_media_paths:
        random ^= account.exported
    return object_name(random, photo)


def _media(account: Account, number: int, random: int) -> str:
    """Give the value of ``Link``: one URL, or several lines with one each."""
    if number != _PHOTO_POST:
        return account.signer.video(_object(account, random), random)
    names = (_object(account, random, photo) for photo in range(2 + random % 3))
    return "\n".join(account.signer.image(name, "photo", random) for name in names)


def _caption(account: Account, random: int) -> str:
    # Captions can be missing.
    return '""' if random % 8 == 0 else account.texts[(random >> 8) % len(account.texts)]


def _likes(account: Account, time: int, random: int) -> int:
    # Counts grow from one export to the next.
    return random % 400 + (account.exported - time) // _DAY // (random % 9 + 1)


def _posts(account: Account) -> Rows | None:
    keys: tuple[str, ...] = ("Date", "Link", "Likes")
    if account.since("B"):
        keys += _LATER_FIELDS
    if account.since("C"):
        keys += ("AlternateText", "CoverImage", "NumberOfCollections")

    def make(times: list[int], randoms: list[int]) -> list[tuple[str, ...]]:
        # Posts are never trimmed, so that each batch begins with the first of a block.
        return [
            _post(account, number, time, random)
            for number, (time, random) in enumerate(zip(times, randoms, strict=True))
        ]

    return account.rows(_timeline(account), keys, make, history=False)


def _post(account: Account, number: int, time: int, random: int) -> tuple[str, ...]:
    row: tuple[str, ...] = (
        f'"{date(time)}"',
        quoted(_media(account, number, random)),
        f'"{_likes(account, time, random)}"',
    )
    if account.since("B"):
        row += (
            f'"{_AUDIENCES[random % len(_AUDIENCES)]}"',
            '"Yes"' if random >> 9 & 3 else '"No"',
            '"Yes"' if random >> 11 & 3 else '"No"',
            '"Yes"' if random >> 13 & 3 else '"No"',
            '"Yes"' if random >> 15 & 3 else '"No"',
            '"Yes"' if random >> 17 & 3 else '"No"',
            '"No"',
            '"No"' if random >> 19 & 7 else '"Yes"',
            f'"{_SOUNDS[(random >> 22) % len(_SOUNDS)]}"',
            f'"{_PLACES[(random >> 25) % len(_PLACES)]}"',
            _caption(account, random),
            '"N/A"' if random % 11 else '"Show your desk"',
        )
    if account.since("C"):
        photos = number == _PHOTO_POST
        cover = account.signer.image(_object(account, random), "cover", random)
        row += (
            '"A jetty at low tide"' if photos else '"N/A"',
            f'"{cover}"',
            f'"{random % 20}"' if photos else '"N/A"',
        )
    return row


def _deleted_posts(account: Account) -> Node:
    """Make the posts that were deleted lately; the shape follows TikTok's documentation."""
    timeline = account.timeline("deleted-posts", account.counts.deleted_posts)

    def make(time: int, random: int) -> tuple[str, ...]:
        name = _object(account, random)
        return (
            f'"{date(time)}"',
            f'"{date(time + 3_600)}"',
            f'"{account.signer.video(name, random)}"',
            f'"{account.signer.image(name, "cover", random)}"',
            f'"{random % 50}"',
            '"original sound"',
            _caption(account, random),
            '"N/A"',
            '"N/A"',
        )

    keys = (
        "Date", "DateDeleted", "Link", "CoverImage", "Likes", "Sound", "Title", "AddYoursText",
        "AlternateText",
    )  # fmt: skip
    return account.rows(timeline, keys, each(make), history=False)


def _stories(_account: Account) -> Node:
    return {}  # nobody has seen it filled


BUILDERS: Mapping[str, Builder] = {
    "posts": _posts,
    "deleted-posts": _deleted_posts,
    "stories": _stories,
}
