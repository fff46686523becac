"""An export written by hand, with names of other people wherever TikTok might put one."""

from __future__ import annotations

from typing import Any

__all__ = ["OTHERS", "OWNER", "export_with_people"]

Json = dict[str, Any]

OWNER = "ada.example"
OTHERS = (
    *("alice.wonder", "bob_builder", "Zoë Quinn", "carol.comments", "dan.duets", "erin_pairs"),
    *("frank.moderates", "gina.gifts", "heidi.follows", "ivan.unread", "judy_views", "kim.shared"),
    *("mallory.blocked", "niaj.sounds", "olivia_live", "peggy.raw", "rupert.lists"),
)


def export_with_people(*, later: bool = False) -> Json:
    """Give the export; a later one has a message, a follower and a post more."""
    alice: list[Json] = [
        _said("2025-01-01 10:00:00", "alice.wonder", "hello ada, says alice.wonder"),
        _said("2025-01-01 10:01:00", OWNER, "hello"),
        _said("2025-01-01 10:02:00", "alice.wonder", "a reply") | {"ReplyTo": "alice.wonder"},
        _said("no date at all", "alice.wonder", "when was this?"),
    ]
    followers: list[Json] = [
        {"Date": "2025-01-01 00:00:00", "UserName": "heidi.follows"},
        {"Date": "2025-01-02 00:00:00", "UserName": "alice.wonder", "Nickname": "Zoë Quinn"},
    ]
    posts: list[Json] = [
        {
            "Date": "2025-03-01 12:00:00",
            "Link": "",
            "Likes": "3",
            "WhoCanView": "Public",
            "Title": "with @dan.duets",
            "Sound": "original sound - niaj.sounds",
            "TaggedUser": "dan.duets",
        }
    ]
    if later:
        alice.append(_said("2025-09-01 10:00:00", "alice.wonder", "new"))
        followers.append({"Date": "2025-09-01 00:00:00", "UserName": "rupert.lists"})
        posts.append({"Date": "2025-09-01 12:00:00", "Likes": "1", "Title": "new"})
    return {
        "Profile": {
            "Profile Information": {"ProfileMap": {"userName": OWNER, "bioDescription": "hi"}}
        },
        "Direct Messages": {
            "Chat History": {
                "ChatHistory": {
                    "Chat History with alice.wonder:": alice,
                    "Chat History with bob_builder::": [
                        _said("2025-02-01 00:00:00", OWNER, "bob?")
                    ],
                    "Chat History with Zoë Quinn:": [
                        _said("2025-02-02 00:00:00", "Zoë Quinn", "yes")
                    ],
                    "Chat History with ivan.unread:": ["not an object", 7],
                    "Chat History with peggy.raw:": "this conversation cannot be shown",
                }
            },
            "Group Chat": {
                "GroupChat": {
                    "dan.duets, kim.shared": [
                        _said("2025-02-03 00:00:00", "kim.shared", "hi all"),
                        _said("2025-02-03 00:01:00", OWNER, "hi"),
                    ]
                }
            },
        },
        "Activity": {
            "Follower List": {"FansList": followers},
            "Following List": {
                "Following": [{"Date": "2025-01-03 00:00:00", "UserName": "niaj.sounds"}]
            },
            "Block List": {
                "BlockList": [{"Date": "2025-01-03 00:00:00", "UserName": "mallory.blocked"}]
            },
            "ProfileViews": {
                "ProfileViewList": [{"Date": "2025-01-04 00:00:00", "UserName": "judy_views"}]
            },
            "Share History": {
                "ShareHistoryList": [
                    {
                        "Date": "2025-01-05 00:00:00",
                        "SharedContent": "profile",
                        "Link": "https://www.tiktok.com/@kim.shared?from=heidi.follows",
                        "Method": "Chat",
                    }
                ]
            },
            "Video Browsing History": {
                "VideoList": [
                    {
                        "Date": "2025-01-06 00:00:00",
                        "Link": "https://www.tiktok.com/@olivia_live/video/7000000000000000001",
                        "Creator": "olivia_live",
                    },
                    {
                        "Date": "2025-01-06 00:01:00",
                        "Link": f"https://www.tiktok.com/@{OWNER}/video/7",
                    },
                ]
            },
        },
        "Comment": {
            "Comments": {
                "CommentsList": [
                    {
                        "date": "2025-01-07 00:00:00",
                        "comment": "nice, bob_builder",
                        "photo": "N/A",
                        "url": "https://www.tiktok.com/@carol.comments/video/7000000000000000002",
                    }
                ]
            }
        },
        "Gifts": {
            "SendGifts": {
                "SendGifts": [
                    {"Date": "2025-01-08 00:00:00", "GiftAmount": "1", "UserName": "gina.gifts"}
                ]
            }
        },
        "Video": {"Videos": {"VideoList": posts}},
        "App Settings": {
            "Settings": {
                "SettingsMap": {
                    "App Language": "en",
                    "Moderators": ["frank.moderates"],
                    "Last shared with": "kim.shared",
                }
            },
            "Family Pairing": {
                "Pairs": [
                    {"UserName": "erin_pairs", "Status": "On"},
                    {"UserName": OWNER, "Status": "On"},
                ],
                "alice.wonder": {"Since": "2025-01-09"},
                "Notes about mallory.blocked:": 1,
            },
        },
    }


def _said(date: str, sender: str, text: str) -> Json:
    return {"Date": date, "From": sender, "Content": text}
