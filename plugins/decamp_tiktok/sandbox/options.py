"""What an archive is to be like."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args

import attrs
from attrs import field, frozen

__all__ = ["BORN", "REFERENCE", "ArchiveOptions", "Category", "Container", "Counts", "Generation"]

Generation = Literal["A", "B", "C", "D"]
"""The shapes that TikTok has given its JSON: A 2021 to 2023, B to early 2025, C in 2025, D 2026."""

Category = Literal["profile", "video", "activity", "direct_message"]
"""What a person can tick instead of everything; the words of the Data Portability API."""

Container = Literal["zip", "folder", "json"]

BORN = datetime(2019, 3, 3, 9, 0, tzinfo=UTC)
"""When every made-up account was opened."""

REFERENCE = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
"""When an account has as many rows as its `Counts` say. Earlier it has fewer, later more."""

_END = datetime(2100, 1, 1, tzinfo=UTC)

LINK_LIFETIME = timedelta(days=4)
"""How long TikTok's own links to media work."""


@frozen(kw_only=True)
class Counts:
    """How many rows each list holds at `REFERENCE`. The defaults make a small, full account."""

    watched: int = 1_400
    liked: int = 320
    favourites: int = 60
    favourites_other: int = 4
    """Each of sounds, hashtags, effects and collections."""
    reposts: int = 9
    searches: int = 70
    comments: int = 45
    shares: int = 30
    logins: int = 40
    messages: int = 150
    chats: int = 6
    """One more begins shortly after `REFERENCE`."""
    tako_chats: int = 2
    posts: int = 25
    deleted_posts: int = 2
    followers: int = 24
    following: int = 31
    blocked: int = 3
    profile_views: int = 12
    devices: int = 3
    hashtags: int = 5
    gifts: int = 4
    """Each of sent and bought."""
    coins: int = 3
    ads: int = 6
    off_tiktok: int = 20
    lives_watched: int = 8
    lives_hosted: int = 2
    reviews: int = 3
    shop: int = 3
    """Each list of the shop, and the wallet's transactions."""

    @classmethod
    def none(cls) -> Counts:
        """Make the counts of an account that was opened and never used."""
        return cls(**dict.fromkeys(_count_names(), 0))

    @classmethod
    def at_scale(cls, scale: float) -> Counts:
        """Make the counts of a heavy account.

        Args:
            scale: 1.0 has a million watched videos, 300 000 likes, 300 000 messages in 600
                chats, 60 000 comments, 30 000 searches and 20 000 posts.
        """
        return cls(
            **{name: max(1, round(_HEAVY.get(name, 200) * scale)) for name in _count_names()}
        )


_HEAVY = {
    "watched": 1_000_000,
    "liked": 300_000,
    "favourites": 20_000,
    "searches": 30_000,
    "comments": 60_000,
    "shares": 10_000,
    "logins": 3_000,
    "messages": 300_000,
    "chats": 600,
    "posts": 20_000,
    "followers": 5_000,
    "following": 2_000,
    "off_tiktok": 5_000,
    "lives_watched": 1_000,
}


def _count_names() -> tuple[str, ...]:
    return tuple(item.name for item in attrs.fields(Counts))


def _aware(_options: ArchiveOptions, attribute: attrs.Attribute[Any], value: Any) -> None:
    if value is not None and value.utcoffset() is None:
        raise ValueError(f"{attribute.name} must say its time zone")


def _later_than_birth(options: ArchiveOptions, attribute: attrs.Attribute[Any], value: Any) -> None:
    _aware(options, attribute, value)
    if not BORN < value < _END:
        raise ValueError(f"{attribute.name} must lie between {BORN:%Y-%m-%d} and {_END:%Y-%m-%d}")


def _count_of_scale(counts: Counts | float) -> Counts:
    return counts if isinstance(counts, Counts) else Counts.at_scale(counts)


@frozen(kw_only=True)
class ArchiveOptions:
    """Everything that decides the bytes of an archive: the same options, the same bytes.

    The same seed and counts with a later `exported_at` are a newer archive of the same
    account: it has the same rows, and new ones.
    """

    generation: Generation = field(
        default="D", validator=attrs.validators.in_(get_args(Generation))
    )
    seed: int = 0
    counts: Counts = field(factory=Counts, converter=_count_of_scale)
    """Numbers, or a scale for `Counts.at_scale`."""

    exported_at: datetime = field(default=REFERENCE, validator=_later_than_birth)
    trim_before: datetime | None = field(default=None, validator=_aware)
    """Histories have lost their rows before this time, as happens in real exports."""

    links_expire_at: datetime | None = field(default=None, validator=_aware)
    """When links to media stop working; None for four days after the export."""

    media_base: str | None = None
    """Where a `MediaServer` serves the media; None for hosts that cannot exist."""

    stable_media_paths: bool = True
    """Whether a post's media keep their path from one export to the next. Nobody knows what
    TikTok does, so both are worth a test."""

    username: str = "example.user"
    region: str = "IE"
    """Where the account is: two letters (ISO 3166-1)."""

    categories: frozenset[Category] | None = None
    """A limited export, which moves some sections; None for the full archive."""

    container: Container = "zip"
    compact: bool = False
    """Without the line breaks and indents that real archives have."""

    @property
    def expires_at(self) -> datetime:
        """When the links to media stop working."""
        return self.links_expire_at or self.exported_at + LINK_LIFETIME

    @property
    def file_name(self) -> str:
        """Name of the JSON file, which changed in the middle of generation B."""
        old = self.generation == "A" or (self.generation == "B" and self.seed % 2 == 0)
        return "user_data.json" if old else "user_data_tiktok.json"
