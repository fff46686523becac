"""What the person did in the app: watched, liked, kept, searched, shared, signed in."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from decamp_tiktok.sandbox.account import Account, Builder, each
from decamp_tiktok.sandbox.links import date, video_link
from decamp_tiktok.sandbox.texts import search_terms
from decamp_tiktok.sandbox.tree import Node, Rows

__all__ = ["BUILDERS"]


def _linked(times: list[int], randoms: list[int]) -> list[tuple[str, ...]]:
    return [
        (f'"{date(time)}"', f'"{video_link(time, random)}"')
        for time, random in zip(times, randoms, strict=True)
    ]


def _watched(account: Account) -> Rows | None:
    timeline = account.timeline("watched", account.counts.watched, repeats=True)
    texts = account.texts
    size = len(texts)

    def titled(times: list[int], randoms: list[int]) -> list[tuple[str, ...]]:
        return [
            (
                f'"{date(time)}"',
                f'"{video_link(time, random)}"',
                '""' if random % 50 else texts[random % size],
            )
            for time, random in zip(times, randoms, strict=True)
        ]

    if account.since("D"):
        return account.rows(timeline, ("Date", "Link", "Title"), titled)
    return account.rows(timeline, ("Date", "Link"), _linked)


def _liked(account: Account) -> Rows | None:
    # The keys lost their capitals while generation B was in use.
    lower = account.since("C") or (account.since("B") and account.seed % 2 == 1)
    timeline = account.timeline("liked", account.counts.liked, repeats=True)
    return account.rows(timeline, ("date", "link") if lower else ("Date", "Link"), _linked)


def _favourite_videos(account: Account) -> Rows | None:
    timeline = account.timeline("favourite-videos", account.counts.favourites)
    return account.rows(timeline, ("Date", "Link"), _linked, history=False)


def _favourites(name: str, key: str, address: str) -> Builder:
    def build(account: Account) -> Rows | None:
        return account.rows(
            account.timeline(name, account.counts.favourites_other),
            ("Date", key),
            each(
                lambda time, random: (
                    f'"{date(time)}"',
                    f'"https://{address}"'.replace("*", str(random >> 8)),
                )
            ),
            history=False,
        )

    return build


def _favourite_collections(account: Account) -> Rows | None:
    # A name only: which videos are in it is not exported.
    return account.rows(
        account.timeline("favourite-collections", account.counts.favourites_other),
        ("Date", "FavoriteCollection"),
        each(lambda time, random: (f'"{date(time)}"', f'"Ideas {random % 90}"')),
        history=False,
    )


def _reposts(account: Account) -> Rows | None:
    timeline = account.timeline("reposts", account.counts.reposts)
    return account.rows(timeline, ("Date", "Link"), _linked)


def _searches(account: Account) -> Rows | None:
    terms = search_terms(account.seed)
    return account.rows(
        account.timeline("searches", account.counts.searches, repeats=True),
        ("Date", "SearchTerm"),
        each(lambda time, random: (f'"{date(time)}"', terms[random % len(terms)])),
    )


_METHODS = ("copy_link", "whatsapp", "system_message", "Chat", "N/A", "")


def _share(time: int, random: int) -> tuple[str, ...]:
    video = random % 4
    return (
        f'"{date(time)}"',
        '"video"' if video else '"profile"',
        f'"{video_link(time, random)}"' if video else '""',
        f'"{_METHODS[(random >> 8) % len(_METHODS)]}"',
    )


def _shares(account: Account) -> Rows | None:
    timeline = account.timeline("shares", account.counts.shares)
    return account.rows(timeline, ("Date", "SharedContent", "Link", "Method"), each(_share))


# Addresses that RFC 5737 and RFC 3849 keep for documentation.
_ADDRESSES = ("192.0.2.", "198.51.100.", "203.0.113.", "2001:db8::")
_PHONES = (("Pixel 8", "Android 15"), ("iPhone15,4", "iOS 18.1"), ("N/A", ""))


def _login(time: int, random: int) -> tuple[str, ...]:
    model, system = _PHONES[(random >> 16) % len(_PHONES)]
    return (
        f'"{date(time)}"',
        f'"{_ADDRESSES[random % 4]}{(random >> 8) % 250 + 1}"',
        f'"{model}"',
        f'"{system}"',
        '"Wi-Fi"' if random >> 20 & 1 else '"4G"',
        '"Example Mobile"' if random >> 21 & 1 else '""',
    )


def _logins(account: Account) -> Rows | None:
    return account.rows(
        account.timeline("logins", account.counts.logins),
        ("Date", "IP", "DeviceModel", "DeviceSystem", "NetworkType", "Carrier"),
        each(_login),
        newest_first=False,
    )


def _devices(account: Account) -> Node:
    timeline = account.timeline("devices", account.counts.devices)
    randoms = (timeline.at(index)[1] for index in range(account.total(timeline)))
    return [_device(account, random) for random in randoms]


def _device(account: Account, random: int) -> dict[str, str | int]:
    apple = random & 1
    identifier = str(UUID(int=random << 64 | random, version=4))
    device: dict[str, str | int] = {
        "Resolution": "1170*2532" if apple else "1080*2400",
        "App Version": f"{30 + random % 9}.{random % 5}.0",
        "IDFA": identifier.upper() if apple else "",
        "GAID": "" if apple else identifier,
        "Android ID": "" if apple else f"{random:016x}",
        "IDFV": identifier.upper() if apple else "",
        "Web ID": "",
    }
    if account.since("D"):
        # A number that a double cannot hold, and a string of digits.
        device["UID"] = 6_800_000_000_000_000_001 + random % 10**15 * 2
        device["DID"] = f"7{random % 10**18:018}"
    return device


def _hashtags(account: Account) -> Rows | None:
    return account.rows(
        account.timeline("hashtags", account.counts.hashtags),
        ("HashtagName", "HashtagLink"),
        each(
            lambda _, random: (
                f'"tag{random % 997}"',
                f'"https://www.tiktok.com/share/challenge/{random % 10**16}"',
            )
        ),
        history=False,
    )


def _summary(account: Account) -> Node:
    def total(name: str, pace: int) -> int:
        return account.total(account.timeline(name, pace))

    watched = total("watched", account.counts.watched)
    commented = total("comments", account.counts.comments)
    shared = total("shares", account.counts.shares)
    if not account.since("C"):
        return {"videoCount": watched, "commentVideoCount": commented, "sharedVideoCount": shared}
    return {
        "note": "Counts begin with the day the account was opened.",
        "videosCommentedOnSinceAccountRegistration": commented,
        "videosSharedSinceAccountRegistration": shared,
        "videosWatchedToTheEndSinceAccountRegistration": watched // 2,
    }


def _favourites_unseen(_account: Account) -> Node:
    """Give the sections that nobody has seen filled."""
    return {
        "Collection": {},
        "Favorite Comment": {"FavoriteCommentList": []},
        "Favorite Drama": {},
        "Favorite Location": {"FavoriteLocationList": []},
        "Favorite Movies and TV": {"FavoriteMoviesAndTVList": []},
        "Favorite Playlists": {"FavoritePlaylistList": []},
    }


def _activity_unseen(_account: Account) -> Node:
    return {
        "Donation": {"DonationList": None},
        "Fundraiser": {"FundraiserList": None},
        "Mini Drama Watch History": {},
        "Stickers": {"StickerList": None},
    }


BUILDERS: Mapping[str, Builder] = {
    "watched": _watched,
    "liked": _liked,
    "favourite-videos": _favourite_videos,
    "favourite-sounds": _favourites(
        "favourite-sounds", "Link", "m.tiktok.com/h5/share/music/*.html"
    ),
    "favourite-hashtags": _favourites(
        "favourite-hashtags", "Link", "m.tiktok.com/h5/share/tag/*.html"
    ),
    "favourite-effects": _favourites(
        "favourite-effects", "EffectLink", "m.tiktok.com/share/stickers/detail/*.html"
    ),
    "favourite-collections": _favourite_collections,
    "favourites-unseen": _favourites_unseen,
    "reposts": _reposts,
    "searches": _searches,
    "shares": _shares,
    "logins": _logins,
    "devices": _devices,
    "hashtags": _hashtags,
    "summary": _summary,
    "activity-unseen": _activity_unseen,
}
