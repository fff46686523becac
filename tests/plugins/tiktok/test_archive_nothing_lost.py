"""Every value that goes in comes out: mapped, or raw."""

from __future__ import annotations

import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import decamp_schemas
from archive_leaves import leaves
from archives import export, written
from decamp_tiktok.sandbox import ArchiveOptions, Counts, generate

OLD = {
    "Activity": {
        "Video Browsing History": {
            "VideoList": [
                {"Date": "2021-05-01 10:00:00", "Link": "https://www.tiktokv.com/share/video/1/"},
                {"Date": "2021-05-01 10:00:00", "Link": "https://www.tiktokv.com/share/video/1/"},
                {"Date": "2021-13-01 10:00:00", "Link": ""},
                {"Date": None, "Link": None, "Note": [1, {"deep": "N/A"}]},
                "stray",
            ]
        },
        "Like List": {"ItemFavoriteList": [{"Date": "2021-05-02 00:00:00", "Link": "x" * 9}]},
        "Follower List": {},
        "Following List": {"Following": [{"Date": "2020-01-01 00:00:00", "UserName": "N/A"}]},
        "Login History": {
            "LoginHistoryList": [
                {
                    "Date": "2021-01-01 00:00:00 UTC",
                    "IP": "192.0.2.7",
                    "DeviceModel": "Pixel",
                    "DeviceSystem": "None",
                    "NetworkType": "",
                    "Carrier": None,
                }
            ]
        },
        "Status": {"Status List": [{"App Version": "1.2", "UID": 2**63 + 11}], "App": 1233},
        "Purchase History": {"SendGifts": {"SendGifts": None}, "BuyGifts": {"BuyGifts": []}},
    },
    "Video": {"Videos": {"VideoList": None}},
    "Direct Messages": {
        "Chat History": {
            "ChatHistory": {
                "Chat History with bob": [
                    {"Date": "2021-05-01 10:00:00", "From": "bob", "Content": "hi\n: there"},
                    {"Date": "2021-05-01 10:00:00", "From": "ada", "Content": "", "Image": 7},
                ],
                "Chat History with :": [{"Date": "", "From": "", "Content": {"text": "odd"}}],
                "Chat History with eve:": None,
            }
        }
    },
}
NEW = {
    "Direct Message": {
        "Group Chat": {
            "GroupChat": {
                "Birdwatchers": [
                    {"Date": "2026-01-01 10:00:00", "From": "ada", "Content": "mine"},
                    {"Date": "2026-01-01 10:00:01", "From": "bob", "Content": "theirs"},
                ]
            }
        },
        "Tako Chat History": {
            "TakoChatHistoryList": [
                {
                    "Chat Title": "soup",
                    "Messages": [{"Date": "2026-01-01 10:00:00 UTC", "Content": {"text": "how?"}}],
                }
            ]
        },
    },
    "Profile And Settings": {
        "Profile Info": {
            "ProfileMap": {
                "userName": "ada",
                "displayName": "",
                "likesReceived": "None",
                "followerCount": 12,
                "birthDate": "31-Jan-1990",
                "accountRegion": "NL",
                "PlatformInfo": [{"Platform": "Google", "Name": "Ada", "Profile Photo": ""}],
                "nested": {"a": {"b": []}},
            },
            "App": 1,
        },
        "Settings": {
            "SettingsMap": {
                "Who can see your following list::": "Only me",
                "Push Notification": {"Likes": "On", "x": None},
            }
        },
    },
    "TikTok Live": {
        "Watch Live History": {
            "WatchLiveMap": {
                "7300000000000000001": {
                    "WatchTime": "2026-02-02 10:00:00",
                    "Link": "",
                    "Comments": [
                        {
                            "CommentTime": "2026-02-02 10:00:05",
                            "CommentContent": "hello",
                            "RawTime": 1769990405,
                        }
                    ],
                    "Questions": None,
                },
                "-1": {"WatchTime": "N/A", "Link": "https://live.example/", "Comments": []},
            }
        }
    },
    "TikTok Shop": {
        "Order History": {"OrderHistories": {"5771": {"products": [{"name": "soap", "n": 1}]}}},
        "Vouchers": {"Vouchers": [{"ReceivedDate": "2026-01-01 10:00:00", "VoucherId": 2**60}]},
    },
}
MESSAGES_ONLY = {
    "Direct Messages": {
        "Chat History": {
            "ChatHistory": {
                "Chat History with bob::": [
                    {"Date": "2024-05-01 10:00:00", "From": "bob", "Content": "hi"},
                    {"Date": "2024-05-01 10:00:01", "From": "", "Content": "gone"},
                    {"Date": "2024-05-01 10:00:02", "From": "ada", "Content": "me"},
                ]
            }
        }
    }
}


@cache
def judge(kind: str) -> Any:
    """Give the validator of a kind."""
    return jsonschema.Draft202012Validator(decamp_schemas.load(kind))


def check(document: Any, folder: Path) -> None:
    """Export a document, and hold it against what came out."""
    exported = export(written(document, folder), folder)
    missing = leaves(document) - leaves(exported.everything())
    assert not missing
    for item in exported.items:
        judge(item.kind).validate(item.record)
    for batch in exported.batches:
        for row in batch.rows:
            judge(batch.collection.kind).validate(row)
    ids = [(item.id, item.match) for item in exported.items if item.kind != "post"]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("generation", ["A", "B", "C", "D"])
def test_every_generation(generation: Any, tmp_path: Path) -> None:
    counts = evolve(Counts(), watched=300, liked=90)
    check(generate(ArchiveOptions(generation=generation, seed=1, counts=counts)), tmp_path)


@pytest.mark.parametrize("category", ["profile", "video", "activity", "direct_message"])
def test_limited_exports(category: Any, tmp_path: Path) -> None:
    counts = evolve(Counts(), watched=100, liked=50)
    options = ArchiveOptions(generation="B", counts=counts, categories=frozenset({category}))
    check(generate(options), tmp_path)


@pytest.mark.parametrize("generation", ["A", "D"])
def test_an_empty_account(generation: Any, tmp_path: Path) -> None:
    check(generate(ArchiveOptions(generation=generation, counts=Counts.none())), tmp_path)


@pytest.mark.parametrize(
    "document", [OLD, NEW, MESSAGES_ONLY, {"Activity": {}}, {"Post": None, "x": None}]
)
def test_archives_written_by_hand(document: Any, tmp_path: Path) -> None:
    check(document, tmp_path)


def test_lists_that_no_table_knows_are_cut_into_parts(tmp_path: Path) -> None:
    entries = [{"n": number, "pad": "x" * 90} for number in range(25_000)]
    document = {"New": {"Thing": {"ThingList": entries, "App": 1}}, "Post": None}
    exported = export(written(document, tmp_path), tmp_path)
    parts = [item.record for item in exported.items if item.record["path"] == "New/Thing"]
    assert [part["part"] for part in parts] == list(range(1, len(parts) + 1))
    assert len(parts) >= 3
    joined = [entry for part in parts for entry in part["value"].get("ThingList", [])]
    assert joined == entries
    assert parts[-1]["value"]["App"] == 1


def test_an_entry_that_python_cannot_hold_is_kept_as_text(tmp_path: Path) -> None:
    good = '{"Date": "2023-01-01 00:00:00", "SearchTerm": "gull"}'
    bad = '{"Date": "2023-01-01 00:00:00", "SearchTerm": "\\ud83d"}'
    path = tmp_path / "user_data.json"
    entries = ",".join((good, bad, good))
    path.write_text('{"Activity":{"Searches":{"SearchList":[' + entries + "]}}}")
    exported = export(path, tmp_path)
    assert [row["text"] for row in exported.rows("searched")] == ["gull", "gull"]
    (kept,) = (item.record for item in exported.kind("section") if "reason" in item.record)
    assert kept["value"] == bad
    assert kept["path"] == "Activity/Searches/SearchList/1"
    assert kept["name"] == "SearchList"


@pytest.mark.parametrize(
    "twice",
    [
        '{"Date": "2023-01-01 00:00:00", "Method": "first", "Method": "second"}',
        r'{"Date": "2023-01-01 00:00:00", "Method": "first", "\u004dethod": "second"}',
        '{"Date": "2023-01-01 00:00:00", "Method": "first", "More": {"a": 1, "a": "second"}}',
    ],
)
def test_an_entry_that_names_a_key_twice_is_kept_as_text(twice: str, tmp_path: Path) -> None:
    good = r'{"Date": "2023-01-01 00:00:00", "Link": "\"a\": \u0022b\u0022"}'
    path = tmp_path / "user_data.json"
    entries = ",".join([good] * 500 + [twice] + [good] * 500)
    path.write_text('{"Activity":{"Share History":{"ShareHistoryList":[' + entries + "]}}}")
    exported = export(path, tmp_path)
    assert [row["object"] for row in exported.rows("shared")] == ['"a": "b"'] * 1000
    (kept,) = (item.record for item in exported.kind("section") if "reason" in item.record)
    assert kept["value"] == twice
    assert kept["path"] == "Activity/Share History/ShareHistoryList/500"
    assert kept["reason"] == "It names a key twice."


KEYS = st.sampled_from(
    [
        *("Activity", "Profile", "Watch History", "VideoList", "Like List", "ItemFavoriteList"),
        *("Direct Messages", "ChatHistory", "Chat History with bob:", "Group Chat", "GroupChat"),
        *("Profile Info", "ProfileMap", "userName", "PlatformInfo", "likesReceived", "birthDate"),
        *("WatchLiveMap", "71", "Comments", "Questions", "WatchTime", "CommentContent"),
        *("Posts", "PostList", "Recently Deleted Posts", "Date", "date", "Link", "link", "Title"),
        *("From", "Content", "Likes", "WhoCanView", "CoverImage", "AllowDuets", "SearchList"),
        *("Following", "UserName", "Vouchers", "VoucherId", "profilePhoto", "accountRegion"),
    ]
) | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
    | st.sampled_from(
        [
            *("", "N/A", "None", "Yes", "No", "12", "007", "bob", "Everyone", "Only You", "NL"),
            *("2023-01-01 10:00:00", "2023-01-01 10:00:00 UTC", "2023-02-30 10:00:00"),
            *("https://v.example/a.mp4?x-expires=1790000000", "https://[", "31-Jan-1990"),
            *(
                "https://a.example/1.jpeg\nhttps://a.example/2.jpeg",
                "http://x/?expires=99999999999",
            ),
        ]
    )
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=30,
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(KEYS, TREES, max_size=4))
def test_any_tree(document: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        check({**json.loads(json.dumps(document)), "Post": {}}, Path(folder))
