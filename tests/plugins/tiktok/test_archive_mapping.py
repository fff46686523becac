"""What the parts of an archive become."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

import decamp_schemas
from archive_leaves import leaves
from archives import Exported, export, opened, written
from decamp import SourceUnreadable
from decamp_tiktok.archive import hot, posts, times
from decamp_tiktok.archive.conversations import chat_partner
from decamp_tiktok.archive.rows import event, message
from decamp_tiktok.archive.spool import Waiting
from decamp_tiktok.archive.tables import LISTS
from decamp_tiktok.sandbox import ArchiveOptions, Counts, generate

IDENTITY = {
    kind: [
        name
        for name, field in decamp_schemas.load(kind)["properties"].items()
        if field.get("x-identity")
    ]
    for kind in ("event", "message")
}
SIGNED = "https://v.example/storage/v1/{name}?mime_type=video_mp4&x-tos-expires={at}"


def identities(exported: Exported) -> dict[str, Counter[Any]]:
    found: dict[str, Counter[Any]] = {}
    for batch in exported.batches:
        fields = IDENTITY[batch.collection.kind]
        counter = found.setdefault(batch.collection.key, Counter())
        counter.update(tuple(row.get(name, "") for name in fields) for row in batch.rows)
    return found


def post(date: str, link: str, **more: str) -> dict[str, str]:
    return {"Date": date, "Link": link, "Likes": "3", **more}


def posts_of(entries: list[Any], folder: Path) -> Exported:
    return export(written({"Post": {"Posts": {"VideoList": entries}}}, folder), folder)


def rows_of(section: str, key: str, entries: list[Any], folder: Path) -> Exported:
    return export(written({"Your Activity": {section: {key: entries}}}, folder), folder)


def test_the_same_person_is_the_same_in_every_generation(tmp_path: Path) -> None:
    rows, ids = [], []
    for generation in ("A", "B", "C", "D"):
        options = ArchiveOptions(generation=generation, seed=5)
        exported = export(written(generate(options), tmp_path), tmp_path)
        rows.append(identities(exported))
        ids.append({item.id for item in exported.items if item.kind == "post"})
    for older, newer in pairwise(rows):
        common = older.keys() & newer.keys()
        assert {"watched", "liked", "searched", "commented", "followers", "logged-in"} <= common
        for key in common:
            # The newest format has this one list twice; the engine counts it once.
            twice = key == "off-tiktok"
            assert older[key].keys() == newer[key].keys(), key
            assert twice or older[key] == newer[key], key
    live = [{name for name in found if "undated" not in name} for found in ids]
    assert live[0] <= live[1] == live[2] == live[3]


@pytest.mark.parametrize(
    ("raw", "time"),
    [
        ("2023-05-01 12:00:00", "2023-05-01T12:00:00Z"),
        ("2023-05-01 12:00:00 UTC", "2023-05-01T12:00:00Z"),
        ("2024-02-29 23:59:59", "2024-02-29T23:59:59Z"),
        *((bad, None) for bad in ("", "N/A", "2023-02-29 12:00:00", "2023-05-01 24:00:00")),
        *((bad, None) for bad in ("2023-05-01 12:00:60", "2023-05-01T12:00:00", "2023-05-01")),
        *((bad, None) for bad in ("2023-W18-1 12:00:00", "0999-01-01 00:00:00", None, 5)),
        *((bad, None) for bad in ("2023-05-01 12:00:00  UTC", "٢٠٢٣-05-01 12:00:00")),
    ],
)
def test_times(raw: Any, time: str | None) -> None:
    assert times.parse(raw) == (time, time is not None and not raw.endswith("UTC"))


def test_both_letter_cases_mean_the_same(tmp_path: Path) -> None:
    exported = rows_of(
        "Like List",
        "ItemFavoriteList",
        [
            {"date": "2024-01-01 00:00:00", "link": "https://t.example/1"},
            {"Date": "2024-01-01 00:00:00", "Link": "https://t.example/1"},
        ],
        tmp_path,
    )
    first, second = exported.rows("liked")
    assert first == second == {"time": "2024-01-01T00:00:00Z", "object": "https://t.example/1"}


def test_a_bad_date_stops_nothing(tmp_path: Path) -> None:
    exported = rows_of(
        "Searches",
        "SearchList",
        [
            {"Date": "2024-01-01 00:00:00", "SearchTerm": "a"},
            {"Date": "2024-99-01 00:00:00", "SearchTerm": "N/A"},
            {"Date": "2024-01-01 00:00:01", "SearchTerm": ""},
        ],
        tmp_path,
    )
    assert exported.rows("searched") == [
        {"time": "2024-01-01T00:00:00Z", "text": "a"},
        {"text": "N/A", "source": {"Date": "2024-99-01 00:00:00"}},
        {"time": "2024-01-01T00:00:01Z", "text": ""},
    ]


def test_new_comments_keep_what_they_are_about(tmp_path: Path) -> None:
    entry = {
        "date": "2026-01-01 00:00:00 UTC",
        "comment": "nice",
        "photo": "N/A",
        "video": "",
        "sticker": "",
        "originalPostUrl": "",
        "original post link": "https://t.example/9",
    }
    (row,) = rows_of("Comments", "CommentsList", [entry], tmp_path).rows("commented")
    assert (row["time"], row["text"], row["about"]) == (
        "2026-01-01T00:00:00Z",
        "nice",
        "https://t.example/9",
    )
    assert row["source"]["date"] == "2026-01-01 00:00:00 UTC"


@pytest.mark.parametrize(
    "rule",
    [rule for rule in LISTS if rule.collection.key in hot.HOT],
    ids=lambda rule: rule.collection.key,
)
def test_hot_shapes_map_like_the_general_way(rule: Any) -> None:
    date, long_date, link = "2024-01-01 00:00:00", "2024-01-01 00:00:00 UTC", "https://t.example/1"
    for shape in hot.HOT[rule.collection.key]:
        fields = hot.plain([_filled(shape.type, link, date)])[0]
        variants = [fields]
        for name in fields:
            for value in ("", "N/A", long_date, link):
                variants.append({**fields, name: value})
        decode = hot.HotDecoder([shape.type])
        fitted = 0
        for entry in variants:
            try:
                rows = shape.rows(decode(msgspec.json.encode([entry])))
            except (msgspec.ValidationError, KeyError, hot.Unusual):
                continue  # goes the general way
            assert rows == [event(entry, rule)], entry
            fitted += 1
        assert fitted >= 1


def _filled(kind: Any, text: str, date: str) -> Any:
    values = [
        date if field.encode_name.lower() == "date" else text
        for field in msgspec.structs.fields(kind)
    ]
    return kind(*values)


def test_hot_messages_map_like_the_general_way() -> None:
    for sender in ("bob", "ada", ""):
        entry = {"Date": "2024-01-01 00:00:00", "From": sender, "Content": "x"}
        batch = hot.HotDecoder(hot.CHAT)(msgspec.json.encode([entry]))
        assert hot.message_rows(batch, "bob") == [message(entry, "bob")]


@pytest.mark.parametrize(
    ("key", "partner"),
    [
        ("Chat History with alice:", "alice"),
        ("Chat History with alice::", "alice"),
        ("Chat History with alice", "alice"),
        (">>> Chat History with alice.b_1::", "alice.b_1"),
        ("Chat History with :", "Chat History with :"),
        ("alice", "alice"),
    ],
)
def test_partners(key: str, partner: str) -> None:
    assert chat_partner(key) == partner


def test_sides_of_a_chat_need_no_own_name(tmp_path: Path) -> None:
    chat = [
        {"Date": "2024-01-01 00:00:00", "From": name, "Content": name}
        for name in ("bob", "ada", "")
    ]
    chats = {"Chat History with bob:": chat}
    document = {"Direct Messages": {"Chat History": {"ChatHistory": chats}}}
    exported = export(written(document, tmp_path), tmp_path)
    assert [row["side"] for row in exported.rows("bob")] == ["them", "me", "them"]
    assert [item.id for item in exported.kind("conversation")] == ["conversation:bob"]


def test_sides_of_a_group_are_told_by_the_profile_that_comes_later(tmp_path: Path) -> None:
    chat = [
        {"Date": "2024-01-01 00:00:00", "From": name, "Content": name} for name in ("ada", "bob")
    ]
    document = {
        "Direct Message": {"Group Chat": {"GroupChat": {"Birds": chat}}},
        "Profile": {"Profile Info": {"ProfileMap": {"userName": "ada"}}},
    }
    exported = export(written(document, tmp_path), tmp_path)
    assert [row["side"] for row in exported.rows("group:Birds")] == ["me", "them"]
    del document["Profile"]
    exported = export(written(document, tmp_path), tmp_path)
    assert [row["side"] for row in exported.rows("group:Birds")] == ["them", "them"]


def test_a_photo_post(tmp_path: Path) -> None:
    link = "https://a.example/1.jpeg?x-expires=1790000000\nhttps://a.example/2.webp"
    entry = post("2024-01-01 00:00:00", link, Title="Two gulls")
    (item,) = posts_of([entry], tmp_path).kind("post")
    assert item.id == "post:2024-01-01T00:00:00Z"
    assert item.record["type"] == "photos"
    assert [blob.name for blob in item.blobs] == ["1.jpg", "2.webp"]
    assert item.match == ("/1.jpeg", "Two gulls")
    assert item.record["source"]["fields"]["Link"] == link


def test_a_video_post(tmp_path: Path) -> None:
    entry = post(
        "2024-01-01 00:00:00",
        SIGNED.format(name="one", at=1790000000),
        WhoCanView="Only You",
        AllowDuets="No",
        AllowComments="maybe",
        CoverImage="https://a.example/c.webp?x-expires=1790000000",
        Location="N/A",
        Sound="original sound",
        NumberOfCollections="04",
    )
    (item,) = posts_of([entry], tmp_path).kind("post")
    record = item.record
    assert [(blob.name, blob.media_type) for blob in item.blobs] == [
        ("1.mp4", "video/mp4"),
        ("cover.webp", "image/webp"),
    ]
    assert record["audience"] == "private"
    assert record["allows"] == {"duets": False}
    assert record["counts"] == {"likes": 3}
    assert "place" not in record
    kept = record["source"]["fields"]
    assert kept["NumberOfCollections"] == "04"
    assert kept["AllowComments"] == "maybe"
    assert kept["Location"] == "N/A"
    assert "x-tos-expires" not in repr(item.blobs)


@pytest.mark.parametrize(
    ("said", "audience"),
    [("Everyone", "public"), ("Friends", "friends"), ("Only me", "private"), ("Aliens", "unknown")],
)
def test_audiences(said: str, audience: str) -> None:
    item = posts.post_item({"WhoCanView": said}, "p", deleted=False)
    assert item.record["audience"] == audience
    assert posts.post_item({"WhoCanView": said}, "p", deleted=True).record["audience"] == "private"


def test_the_soonest_link_comes_first_and_seconds_stay_together(tmp_path: Path) -> None:
    entries = [
        post(f"2024-01-01 00:{n // 60:02}:{n % 60:02}", SIGNED.format(name=n, at=1790000000 - n))
        for n in range(450)
    ]
    entries.append(post("2024-01-01 00:00:00", SIGNED.format(name="twin", at=1)))
    entries.append(post("2024-01-01 00:04:10", "", Title="no link"))
    exported = posts_of(entries, tmp_path)
    found = exported.kind("post")
    assert len(found) == 452
    assert [item.id for item in found[:3]] == [
        "post:2024-01-01T00:00:00Z",
        "post:2024-01-01T00:00:00Z",
        "post:2024-01-01T00:07:29Z",
    ]
    for page in exported.pages:
        assert len(page) <= 205
    homes: dict[str, set[int]] = {}
    for number, page in enumerate(exported.pages):
        for item in page:
            homes.setdefault(item.id, set()).add(number)
    assert all(len(numbers) == 1 for numbers in homes.values())


def test_deleted_posts_are_private_and_dated(tmp_path: Path) -> None:
    entry = {"Date": "2024-01-01 00:00:00", "DateDeleted": "2024-02-01 00:00:00", "Link": ""}
    document = {"Post": {"Recently Deleted Posts": {"PostList": [entry]}}}
    (item,) = export(written(document, tmp_path), tmp_path).kind("post")
    assert item.record["deleted"] == "2024-02-01T00:00:00Z"
    assert item.record["audience"] == "private"
    assert item.record["source"]["path"] == "Post/Recently Deleted Posts/PostList"


def test_undated_posts_keep_their_id_when_links_are_signed_anew() -> None:
    first, again, other = (
        posts.post_item({"Date": "?", "Link": SIGNED.format(name=name, at=at)}, "p", deleted=False)
        for name, at in (("one", 1), ("one", 2), ("two", 1))
    )
    assert first.id == again.id == other.id
    assert first.match == again.match != other.match


def test_undated_posts_are_known_by_what_every_generation_says() -> None:
    old = {"Date": "", "Link": SIGNED.format(name="one", at=1), "Likes": "3"}
    new = {**old, "Likes": "4", "Title": "", "Sound": "N/A", "WhoCanView": "Friends"}
    ids = {posts.post_item(entry, "p", deleted=False).id for entry in (old, new)}
    assert len(ids) == 1
    for more in ({"Title": "gulls"}, {"Sound": "waves"}, {"Date": "soon"}):
        ids.add(posts.post_item({**old, **more}, "p", deleted=False).id)
    assert len(ids) == 4


@pytest.mark.parametrize(
    ("link", "here", "missing"),
    [
        ("file:///etc/passwd", [], ["1.mp4"]),
        ("gone, sorry", [], ["1.mp4"]),
        (7, [], ["1.mp4"]),
        ("https://a.example/1.jpeg\nlost\nhttps://a.example/3.jpeg", ["1.jpg", "3.jpg"], ["2.jpg"]),
        ("https://a.example/1.mp4 (HD)", ["1.mp4"], []),
        *((nothing, [], []) for nothing in ("", "N/A", "None", " \n", None, [])),
    ],
)
def test_a_link_without_an_address_is_listed(
    link: Any, here: list[str], missing: list[str]
) -> None:
    item = posts.post_item({"Date": "2024-01-01 00:00:00", "Link": link}, "p", deleted=False)
    assert [blob.name for blob in item.blobs] == here
    assert [one.name for one in item.missing] == missing
    assert item.record["source"]["fields"]["Link"] == link
    assert all(str(link) not in one.reason for one in item.missing)


@pytest.mark.parametrize(
    ("expires", "entries", "dead"),
    [
        ("2024-05-01", {"Searches": ["2024-05-02 00:00:00"]}, True),
        ("2024-05-01", {"Searches": ["2024-05-02 00:00:00", "2020-01-01 00:00:00"]}, True),
        ("2024-05-01", {"Searches": ["2024-04-30 00:00:00"]}, False),
        ("2024-05-01", {"Searches": ["2999-05-02 00:00:00"]}, False),
        ("2024-05-01", {"Searches": ["2999-05-02 00:00:00", "2024-05-02 00:00:00"]}, True),
        ("2024-05-01", {"Posts": ["2024-05-05T00:00:01+00:00"]}, True),
        ("2024-05-01", {"Posts": ["2024-05-04T00:00:00+00:00"]}, False),
        ("2024-05-01", {}, False),
    ],
)
def test_a_picture_whose_link_was_dead_before_the_export(
    expires: str, entries: dict[str, list[str]], dead: bool, tmp_path: Path
) -> None:
    until = int(datetime.fromisoformat(expires + "T00:00:00+00:00").timestamp())
    profile = {"userName": "ada", "profilePhoto": f"https://p.example/a.jpeg?x-expires={until}"}
    searches = [{"Date": date, "SearchTerm": "a"} for date in entries.get("Searches", [])]
    signed = [int(datetime.fromisoformat(at).timestamp()) for at in entries.get("Posts", [])]
    document = {
        "Profile": {"Profile Info": {"ProfileMap": profile}},
        "Your Activity": {"Searches": {"SearchList": searches}},
        "Post": {
            "Posts": {
                "VideoList": [
                    post("2024-01-01 00:00:00", SIGNED.format(name="a", at=at)) for at in signed
                ]
            }
        },
    }
    path = written(document, tmp_path)
    (item,) = export(path, tmp_path).kind("profile")
    assert [blob.name for blob in item.blobs] == ([] if dead else ["avatar.jpg"])
    told = [(one.name, one.code) for one in item.missing]
    assert told == ([("avatar.jpg", "dead-on-arrival")] if dead else [])
    assert item.record["source"]["fields"]["profilePhoto"] == profile["profilePhoto"]
    with opened(path, tmp_path) as exporter:
        assert exporter.inspect()["media_links"]["total"] == len(signed) + (not dead)


def test_half_an_emoji_in_the_name_of_a_group_is_written_out(tmp_path: Path) -> None:
    path = tmp_path / "user_data.json"
    entries = '[{"Date":"2024-01-01 00:00:00","From":"bob","Content":"hi"}]'
    path.write_text(
        r'{"Direct Message":{"Group Chat":{"GroupChat":{"Us \ud83d":' + entries + "}}}}"
    )
    exported = export(path, tmp_path)
    (item,) = exported.kind("conversation")
    assert item.record["title"] == r"Us \ud83d"
    assert [row["text"] for row in exported.rows(r"group:Us \ud83d")] == ["hi"]


@pytest.mark.parametrize("number", [2, 500])
def test_entries_that_are_no_objects_are_kept_and_are_no_fault(number: int, tmp_path: Path) -> None:
    good = {"Date": "2024-01-01 00:00:00", "SearchTerm": "a"}
    exported = rows_of("Searches", "SearchList", [good, *range(number)], tmp_path)
    assert len(exported.rows("searched")) == 1
    kept = [item.record for item in exported.kind("section") if item.record["path"]]
    assert not [record for record in kept if "reason" in record]
    assert leaves([record["value"] for record in kept]) == leaves(list(range(number)))


def test_what_has_no_section_of_an_export_is_refused(tmp_path: Path) -> None:
    for document, said in (({}, "holds no data"), ({"a": {"b": [1]}}, "Your Activity")):
        path = written(document, tmp_path)
        with opened(path, tmp_path) as exporter, pytest.raises(SourceUnreadable, match=said):
            next(iter(exporter.export_pages(None)))
        with opened(path, tmp_path) as exporter, pytest.raises(SourceUnreadable, match=said):
            exporter.inspect()


@pytest.mark.parametrize("nothing", [None, {}, []])
def test_an_export_with_sections_but_nothing_in_them_is_read(nothing: Any, tmp_path: Path) -> None:
    exported = export(written({"Your Activity": nothing, "Post": nothing}, tmp_path), tmp_path)
    assert [item.record["name"] for item in exported.items] == ["contents"]
    assert exported.batches == []


@pytest.mark.parametrize(
    ("entry", "key"),
    [
        ({"Date": "2024-01-01 00:00:00", "Link": "https://t.example/share/video/1/"}, "watched"),
        ({"Date": "2024-01-01 00:00:00", "Link": SIGNED.format(name="x", at=1790000000)}, None),
        ({"Date": "2024-01-01 00:00:00", "Link": "", "Likes": "1"}, None),
    ],
)
def test_a_renamed_video_list_is_known_by_its_entries(
    entry: Any, key: str | None, tmp_path: Path
) -> None:
    exported = rows_of("Something New", "VideoList", [entry], tmp_path)
    assert len(exported.rows("watched")) == (key == "watched")
    assert len(exported.kind("post")) == (key is None)


def test_a_renamed_section_is_known_by_its_list(tmp_path: Path) -> None:
    entry = {"Date": "2024-01-01 00:00:00", "SearchTerm": "a"}
    assert len(rows_of("Looked For", "SearchList", [entry], tmp_path).rows("searched")) == 1


def test_rooms_become_rows(tmp_path: Path) -> None:
    room = {
        "WatchTime": "2024-01-01 00:00:00",
        "Link": "https://l.example/",
        "Comments": [{"CommentTime": "2024-01-01 00:00:01", "CommentContent": "hi"}],
    }
    document = {"Tiktok Live": {"Watch Live History": {"WatchLiveMap": {"71": room, "72": room}}}}
    exported = export(written(document, tmp_path), tmp_path)
    assert [row["object"] for row in exported.rows("live-watched")] == ["71", "72"]
    assert [row["object"] for row in exported.rows("live-comments")] == ["71", "72"]
    assert {batch.path for batch in exported.batches} == {
        "Tiktok Live/Watch Live History/WatchLiveMap/*",
        "Tiktok Live/Watch Live History/WatchLiveMap/*/Comments",
    }


def test_the_profile(tmp_path: Path) -> None:
    fields = {
        "userName": "ada",
        "bioDescription": "N/A",
        "birthDate": "31-Feb-1990",
        "likesReceived": "12",
        "followerCount": 2**60,
        "accountRegion": "Netherlands",
        "profilePhoto": "https://p.example/a.jpeg?x-expires=1",
        "profileVideo": "None",
        "instagramLink": "https://i.example/ada",
    }
    document = {"Profile": {"Profile Information": {"ProfileMap": fields}}}
    path = written(document, tmp_path)
    (item,) = export(path, tmp_path).kind("profile")
    assert (item.id, item.record["username"], item.record["counts"]) == (
        "profile",
        "ada",
        {"likes_received": 12},
    )
    assert [blob.name for blob in item.blobs] == ["avatar.jpg"]
    assert {"bioDescription", "birthDate", "followerCount", "accountRegion", "profilePhoto"} < set(
        item.record["source"]["fields"]
    )
    with opened(path, tmp_path) as exporter:
        assert exporter.account().names == ("ada",)


def test_the_table_of_contents_accounts_for_everything(tmp_path: Path) -> None:
    document = {
        "Your Activity": {
            "Searches": {"SearchList": [{"Date": "", "SearchTerm": "a"}, 7]},
            "Watch History": {"VideoList": None},
            "Follower": {},
            "New": {"Thing": 1},
        }
    }
    exported = export(written(document, tmp_path), tmp_path)
    (contents,) = (item for item in exported.items if item.record.get("path") == "")
    assert contents.record["value"] == {
        "Your Activity/Searches/SearchList": {"kept": 1, "becomes": "event:searched", "entries": 1},
        "Your Activity/Watch History/VideoList": {"empty": None},
        "Your Activity/Follower": {"empty": {}},
        "Your Activity/New": {"sections": 1},
    }


def test_exporting_twice_gives_the_same(tmp_path: Path) -> None:
    path = written(generate(ArchiveOptions(seed=3)), tmp_path)
    with opened(path, tmp_path) as exporter:
        first, second = (
            [(page.items, page.rows) for page in exporter.export_pages(None)] for _ in range(2)
        )
    assert [page[0] for page in first] == [page[0] for page in second]
    assert [batch.rows for page in first for batch in page[1]] == [
        batch.rows for page in second for batch in page[1]
    ]


def test_the_time_of_the_export_is_read_from_the_links(tmp_path: Path) -> None:
    options = ArchiveOptions(seed=3, counts=Counts())
    path = written(generate(options), tmp_path)
    with opened(path, tmp_path) as exporter:
        for _ in exporter.export_pages(None):
            pass
        found = exporter.as_of()
    assert found is not None
    assert abs((found - options.exported_at).total_seconds()) < 3600


def test_a_batch_of_structs_is_never_seen_outside(tmp_path: Path) -> None:
    exported = export(written(generate(ArchiveOptions(seed=2)), tmp_path), tmp_path)
    assert {type(row) for batch in exported.batches for row in batch.rows} == {dict}


def test_importing_the_plugin_loads_no_reader() -> None:
    code = (
        "import sys, decamp_tiktok; (spec,) = decamp_tiktok.decamp_exporters();"
        "heavy = {'msgspec', 'zipfile', 'decamp_tiktok.archive'} & set(sys.modules);"
        "sys.exit(repr(heavy) if heavy or spec.name != 'tiktok' else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_posts_wait_outside_of_memory(tmp_path: Path) -> None:
    waiting = Waiting(tmp_path)
    for number in range(3_000):
        waiting.add({"n": number, "pad": "x" * 1_000}, number // 3, -number)
    batches = list(waiting.batches(100))
    waiting.close()
    found = [value["n"] for batch in batches for value in batch]
    assert sorted(found) == list(range(3_000))
    assert found[:3] == [2997, 2998, 2999]
    assert all(len(batch) in (100, 101, 102) for batch in batches[:-1])
    assert list(tmp_path.iterdir()) == []
