"""Exports written by hand, in shapes that people have and that no generator makes.

Each function gives the export as TikTok's JSON; ``later=True`` gives the next export of the
same account: some rows older than before have gone, some are new, some values have changed.
Texts that occur once are unique, so that a count of values tells what was lost or doubled.
"""

from __future__ import annotations

from typing import Any

__all__ = ["clip", "films", "half_an_export", "odd_shapes", "slides"]

Json = dict[str, Any]

_EXPIRES = 4_000_000_000


def clip(base: str, number: int) -> str:
    """Link to a video as posts have it: signed, on a media server."""
    return (
        f"{base}/storage/v1/tos-no1a-ve-0068c001-no/{number:032x}/"
        f"?mime_type=video_mp4&x-tos-expires={_EXPIRES}&x-tos-signature=by-hand-{number}"
    )


def films(base: str, count: int) -> Json:
    """Give posts with a film each, as the export's root ``Post``."""
    posts = [
        {"Date": f"2024-01-01 00:00:0{n}", "Link": clip(base, n), "Title": f"Post {n}"}
        for n in range(count)
    ]
    return {"Posts": {"VideoList": posts}}


def slides(base: str, *numbers: int) -> str:
    """Link to the photos of one post: one text, a line for each."""
    return "\n".join(
        f"{base}/tos-no1a-i-photomode-no/{number:032x}~photo.jpeg?x-expires={_EXPIRES}"
        for number in numbers
    )


def half_an_export(base: str, *, later: bool = False) -> Json:
    """Give an export of some categories: its sections lie under the wrong roots.

    Followers are in ``Profile``, comments and reviews in ``Activity``; there are posts without
    a date, several in one second, and numbers where texts are usual.
    """
    posts: list[Json] = [
        {
            "Date": "2024-02-03 04:05:06",
            "Link": clip(base, 1),
            "Likes": 17,
            "Title": "first of two",
        },
        {
            "Date": "2024-02-03 04:05:06",
            "Link": slides(base, 2, 3),
            "Likes": "18",
            "Title": "second of two",
        },
        {"Date": "2024-02-03 04:05:06", "Link": slides(base, 4), "Likes": "0", "Title": ""},
        {"Date": "", "Link": clip(base, 5), "Likes": "3", "Title": "no date"},
        {"Date": None, "Link": clip(base, 6), "Likes": None, "Title": "null for a date"},
        {
            "Link": clip(base, 7),
            "Likes": "4",
            "Title": "no date at all",
            "New Field": {"deep": [1]},
        },
        {"Date": "0", "Link": "", "Likes": "None", "Title": "N/A", "Sound": "N/A"},
        {"Date": "2024-02-30 25:61:61", "Likes": "5", "Title": "a day that never was"},
        {
            "Date": "2023-01-01 00:00:00 UTC",
            "Link": clip(base, 8),
            "Likes": "6",
            "WhoCanView": "Friends",
            "AllowComments": "Sometimes",
            "AllowDuets": "No",
            "Title": "zone in the date",
            "CoverImage": slides(base, 9),
        },
    ]
    watched = [
        {
            "Date": "2024-01-01 10:00:00",
            "Link": "https://www.tiktokv.com/share/video/7000000000000000001/",
        },
        {
            "Date": "2024-01-01 10:00:00",
            "Link": "https://www.tiktokv.com/share/video/7000000000000000001/",
        },
        {
            "Date": "2024-01-01 10:00:00",
            "Link": "https://www.tiktokv.com/share/video/7000000000000000001/",
        },
        {"Date": "2024-01-02 10:00:00", "Link": 7000000000000000002},
        {"Date": "", "Link": "https://www.tiktokv.com/share/video/7000000000000000003/"},
        {"Link": "https://www.tiktokv.com/share/video/7000000000000000004/", "Title": "seen"},
    ]
    followers = [
        {"Date": "2022-05-05 05:05:05", "UserName": "N/A"},
        {"Date": "2022-05-05 05:05:05", "UserName": None},
        {"Date": "2022-05-05 05:05:05", "UserName": ""},
        {"Date": "2022-05-05 05:05:05", "UserName": 12345},
        {"Date": "2022-05-06 05:05:05", "Username": "lower.case.n"},
    ]
    if later:
        posts = [post for post in posts if post.get("Title") != "zone in the date"]
        posts.insert(0, {"Date": "2025-06-06 06:06:06", "Link": clip(base, 10), "Likes": "1"})
        posts[1] = posts[1] | {"Likes": "1700"}
        watched = [
            *watched[1:],
            {
                "Date": "2025-01-02 10:00:00",
                "Link": "https://www.tiktokv.com/share/video/7000000000000000005/",
            },
        ]
        followers.append({"Date": "2025-05-06 05:05:05", "UserName": "brand.new"})
    return {
        "Profile": {
            "Profile Information": {
                "ProfileMap": {
                    "userName": "hand.one",
                    "likesReceived": "None",
                    "bioDescription": "line one\nline two \u2028 and a third",
                    "birthDate": "01-Jan-1990",
                    "emailAddress": "hand.one@example.org",
                    "profilePhoto": slides(base, 11),
                    "profileVideo": "None",
                    "PlatformInfo": [
                        {
                            "Platform": "Kite",
                            "Name": "flyer",
                            "Description": "",
                            "Profile Photo": "",
                        }
                    ],
                }
            },
            "Follower List": {"App": 1233, "IsFastLane": True, "FansList": followers},
            "Following List": {"Following": {}},
        },
        "Activity": {
            "Video Browsing History": {"App": "1", "VideoList": watched},
            "Comments": {
                "CommentsList": [
                    {"Date": "2024-03-03 03:03:03", "Comment": "upper case"},
                    {
                        "date": "2024-03-03 03:03:03",
                        "comment": "lower case",
                        "photo": "",
                        "url": "",
                    },
                    {"date": "2024-03-04 03:03:03 UTC", "comment": "", "sticker": "wave.webp"},
                ]
            },
            "POI Review": {
                "ReviewsList": [
                    {
                        "PlaceName": "Café Zürich",
                        "Date": "2024-04-04 04:04:04",
                        "Rating": 5,
                        "Status": "Published",
                        "Likes": "2",
                        "ReviewText": "good cake",
                    }
                ]
            },
            "Like List": {"ItemFavoriteList": {}},
            "Favorite Videos": None,
            "Favorite Hashtags": {"FavoriteHashtagList": None},
            "Search History": {"SearchList": [{"Date": "2024-05-05 05:05:05", "SearchTerm": 42}]},
            "Status": {"Status List": [{"App Version": "34.1.2", "UID": 7412345678901234567}]},
        },
        "Video": {"Videos": {"VideoList": posts}, "RecentlyDeletedPosts": {"PostList": None}},
    }


def odd_shapes(base: str, *, later: bool = False) -> Json:
    """Give an export of 2026 with lists where maps are usual, maps where lists are, and more.

    Group chats, stories and deleted posts are filled, as no published export has them; a root
    is unknown; ids are beyond 2^64; texts are in many scripts.
    """
    big = 123_456_789_012_345_678_901_234_567_890
    group = [
        {"Date": "2026-01-01 01:00:00", "From": "hand.two", "Content": "to all"},
        {"Date": "2026-01-01 01:00:01", "From": "ada", "Content": "from ada"},
        {"Date": "2026-01-01 01:00:02", "From": "", "Content": "from nobody"},
    ]
    deleted = [
        {
            "Date": "2025-12-01 12:00:00",
            "DateDeleted": "2025-12-24 18:00:00",
            "Link": clip(base, 21),
            "Likes": "9",
            "Title": "deleted by hand",
            "Sound": "original",
        },
        {"Date": "2025-12-02 12:00:00", "Date Deleted": "2025-12-25", "Title": "deleted, no link"},
    ]
    posts: list[Json] = [
        {"Date": "2026-02-02 02:02:02", "Link": slides(base, 22, 23, 24), "Title": "three photos"},
        {"Date": "2026-02-02 02:02:02", "Link": slides(base, 25), "Title": "one photo"},
        {
            "Date": "2026-02-02 02:02:03",
            "Link": clip(base, 26),
            "Title": "日本語 العربية עברית हिन्दी",
        },
        {
            "Date": "2026-02-02 02:02:04",
            "Link": clip(base, 27),
            "Title": "👩‍👩‍👧 a\u0301 á \u202e rtl \x7f",
        },
    ]
    orders: Any = [{"order": "1001", "total": "€ 12,50"}, {"order": "1002", "total": "€ 13,50"}]
    if later:
        group = [*group[1:], {"Date": "2026-09-01 01:00:02", "From": "ada", "Content": "new"}]
        deleted = deleted[1:]
        posts.append({"Date": "2026-09-09 09:09:09", "Link": clip(base, 28), "Title": "newest"})
        orders = [*orders, {"order": "1003", "total": "€ 14,50"}]
    return {
        "AAA Brand New Root": {
            "Some Section": {"List": [{"a": 1}, [2, [3, {"b": None}]], "four", 5.5, True, {}, []]},
            "Number": big,
            "Truth": False,
            "Nothing": None,
            "Empty name": {"": {"": "value under two empty keys"}},
        },
        "Direct Message": {
            "Direct Messages": {
                "ChatHistory": [
                    {"Date": "2026-01-02 00:00:00", "From": "x", "Content": "a list, not a map"}
                ]
            },
            "Group Chat": {
                "GroupChat": {
                    "Family 🎉": group,
                    "": [{"Date": "2026-01-01 02:00:00", "From": "ada", "Content": "unnamed"}],
                    "As a map": {
                        "GroupName": "inner name",
                        "Messages": [{"Date": "2026-01-03 00:00:00", "Content": "nested group"}],
                    },
                }
            },
            "Tako Chat History": {
                "TakoChatHistoryList": [
                    {
                        "Chat Title": "A talk",
                        "Messages": [
                            {"Date": "2026-01-04 00:00:00 UTC", "Content": {"text": "hi", "n": 1}}
                        ],
                    }
                ]
            },
        },
        "Likes and Favorites": {
            "Like List": {
                "ItemFavoriteList": {
                    "0": {"date": "2026-03-03 03:03:03", "link": "https://example.org/map-not-list"}
                }
            }
        },
        "Post": {
            "Posts": {"VideoList": posts},
            "Recently Deleted Posts": {"PostList": deleted},
            "Story": {"StoryList": [{"Date": "2026-04-04 04:04:04", "Title": "a story"}]},
        },
        "Profile And Settings": {
            "Profile Info": {
                "ProfileMap": {
                    "userName": "hand.two",
                    "displayName": "Hand “Two” 🙌",
                    "followerCount": "12",
                    "followingCount": 13,
                    "likesReceived": big,
                    "inferredGender": {"value": "unknown", "shown": False},
                    "profilePhoto": "N/A",
                }
            },
            "Follower": {"FansList": {"Date": "2026-01-01 00:00:00", "UserName": "a.map"}},
            "Following": {"Following": ["just", "names"]},
            "Block List": {"BlockList": "none at all"},
            "Settings": {
                "SettingsMap": {
                    "Who can see your following list::": "Only me",
                    "Interests": "Cats | Kites",
                    "Filter": {"keywords": ["a | b"], "on": "enabled"},
                }
            },
        },
        "TikTok Live": {
            "Watch Live History": {
                "WatchLiveMap": {
                    "-1": {"WatchTime": "", "Link": "", "Comments": None, "Questions": None},
                    "7412345678901234567": {
                        "WatchTime": "2026-05-05 05:05:05",
                        "Link": "https://example.org/live",
                        "Comments": [
                            {
                                "CommentTime": "2026-05-05 05:06:05",
                                "CommentContent": "wow",
                                "RawTime": 1,
                            }
                        ],
                        "Questions": [
                            {"QuestionTime": "2026-05-05 05:07:05", "QuestionContent": "why?"}
                        ],
                        "Gifts": {"rose": 3},
                    },
                }
            }
        },
        "TikTok Shop": {
            "Order History": {"OrderHistories": orders},
            "Customer Communication History": {
                "CommunicationHistories": {
                    "Kite Shop": [{"send_time": "2026-06-06 06:06:06", "content": "where is it"}]
                }
            },
            "Saved Address Information": {"SavedAddress": {"adress_info": "Example Street 1"}},
        },
        "Your Activity": {
            "Watch History": {
                "VideoList": {
                    "2026-07-07": [
                        {"Date": "2026-07-07 07:07:07", "Link": "https://example.org/by-day"}
                    ]
                }
            },
            "Searches": {
                "SearchList": [{"Date": 1767225600, "SearchTerm": "epoch"}, "bare", None, 7]
            },
            "Share History": {
                "ShareHistoryList": [
                    {
                        "Date": "2026-08-08 08:08:08",
                        "SharedContent": ["not", "a", "text"],
                        "Link": {"href": "https://example.org/nested"},
                        "Method": None,
                    }
                ]
            },
            "Off TikTok Activity": {
                "OffTikTokActivityDataList": [
                    {
                        "TimeStamp": "2026-01-01 00:00:00",
                        "Source": "shop.example",
                        "Event": "ViewContent",
                    },
                    {
                        "TimeStamp": "2026-01-01 00:00:00",
                        "Source": "shop.example",
                        "Event": "ViewContent",
                    },
                ]
            },
        },
    }
