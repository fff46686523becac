"""The archives that the sandbox makes: what they promise to tests, and what they are like."""

from __future__ import annotations

import json
import tracemalloc
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest

from decamp_tiktok.sandbox.archive import Archive, generate, write_archive
from decamp_tiktok.sandbox.layout import PLACES
from decamp_tiktok.sandbox.options import REFERENCE, ArchiveOptions, Counts, Generation

GENERATIONS = get_args(Generation)


def at(document: Any, path: str) -> Any:
    for key in path.split("/"):
        document = document[key]
    return document


def lists(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], list[Any]]]:
    """Yield every list that lies in objects only."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from lists(value, (*path, key))
    elif isinstance(node, list):
        yield path, node


def texts(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield key
            yield from texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from texts(value)
    elif isinstance(node, str):
        yield node


def frozen_rows(rows: list[Any], *, without: tuple[str, ...] = ()) -> Counter[str]:
    return Counter(json.dumps({key: row[key] for key in row if key not in without}) for row in rows)


def test_same_options_give_same_bytes_and_another_seed_another_person(tmp_path: Path) -> None:
    first = write_archive(tmp_path / "first.zip", ArchiveOptions(seed=5))
    second = write_archive(tmp_path / "second.zip", ArchiveOptions(seed=5))
    other = write_archive(tmp_path / "other.zip", ArchiveOptions(seed=6))
    assert first.path.read_bytes() == second.path.read_bytes()
    assert first.path.read_bytes() != other.path.read_bytes()
    assert first.rows == second.rows


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("compact", [False, True])
def test_bytes_are_the_json_that_the_standard_library_would_write(
    generation: Any, compact: bool
) -> None:
    options = ArchiveOptions(generation=generation, seed=3, compact=compact)
    data = b"".join(Archive(options).chunks())
    layout: dict[str, Any] = {"separators": (",", ":")} if compact else {"indent": 2}
    assert data.decode() == json.dumps(json.loads(data), ensure_ascii=False, **layout)


@pytest.mark.parametrize("generation", GENERATIONS)
def test_counts_are_kept_at_the_reference_time(generation: Any) -> None:
    archive = Archive(ArchiveOptions(generation=generation, seed=1))
    document = json.loads(b"".join(archive.chunks()))
    counts = Counts()
    assert archive.rows["watched"] == counts.watched
    assert archive.rows["liked"] == counts.liked
    assert archive.rows["posts"] == counts.posts
    assert archive.rows["chats"] == counts.chats
    assert abs(archive.rows["messages"] - counts.messages) <= counts.chats
    by_path = {place.name: place.path(generation) for place in PLACES}
    for name in ("watched", "liked", "posts", "comments", "searches", "followers", "logins"):
        path = by_path[name]
        assert path is not None
        assert len(at(document, "/".join(path))) == archive.rows[name]
    chats = at(document, "/".join(by_path["messages"] or ()))
    assert sum(map(len, chats.values())) == archive.rows["messages"]


def test_generations_have_their_roots() -> None:
    roots = {name: set(generate(ArchiveOptions(generation=name))) for name in GENERATIONS}
    assert {"Activity", "Video", "Direct Messages", "App Settings"} <= roots["A"] & roots["B"]
    assert "Poi Review" in roots["B"] - roots["A"]
    assert {"Your Activity", "Post", "Direct Message", "Profile"} <= roots["C"]
    assert {"Likes and Favorites", "Profile And Settings", "Income+ Wallet"} <= roots["D"]
    assert not roots["D"] & {"Activity", "Profile", "App Settings", "Ads and data", "Video"}
    for names in roots.values():
        assert "Comment" in names
    assert list(generate(ArchiveOptions())) == sorted(roots["D"])


@pytest.mark.parametrize(
    ("generation", "path", "keys"),
    [
        ("A", "Activity/Like List/ItemFavoriteList", ["Date", "Link"]),
        ("C", "Your Activity/Like List/ItemFavoriteList", ["date", "link"]),
        ("D", "Likes and Favorites/Like List/ItemFavoriteList", ["date", "link"]),
        ("A", "Activity/Video Browsing History/VideoList", ["Date", "Link"]),
        ("D", "Your Activity/Watch History/VideoList", ["Date", "Link", "Title"]),
        ("A", "Comment/Comments/CommentsList", ["Date", "Comment"]),
        ("B", "Comment/Comments/CommentsList", ["date", "comment", "photo", "url"]),
        ("A", "Video/Videos/VideoList", ["Date", "Link", "Likes"]),
        ("D", "Profile And Settings/Follower/FansList", ["Date", "UserName"]),
        ("D", "Profile And Settings/ProfileViews/ProfileViewList", ["Date", "Username"]),
        ("D", "Likes and Favorites/Favorite Effects/FavoriteEffectsList", ["Date", "EffectLink"]),
    ],
)
def test_rows_have_the_keys_of_their_generation(
    generation: Any, path: str, keys: list[str]
) -> None:
    rows = at(generate(ArchiveOptions(generation=generation)), path)
    assert rows
    assert {tuple(row) for row in rows} == {tuple(keys)}


def test_likes_have_capitals_in_half_of_generation_b() -> None:
    spellings = set()
    for seed in range(2):
        likes = at(
            generate(ArchiveOptions(generation="B", seed=seed)),
            "Activity/Like List/ItemFavoriteList",
        )
        spellings.add(tuple(likes[0]))
    assert spellings == {("Date", "Link"), ("date", "link")}


def test_quirks_of_generation_d() -> None:
    document = generate(ArchiveOptions(seed=2))
    comment = at(document, "Comment/Comments/CommentsList")[0]
    assert list(comment) == [
        "date", "comment", "photo", "video", "sticker", "originalPostUrl", "original post link",
    ]  # fmt: skip
    assert comment["date"].endswith(" UTC")
    twice = "Off TikTok Activity/OffTikTokActivityDataList"
    assert at(document, f"Your Activity/{twice}") == at(document, f"Profile And Settings/{twice}")
    settings = at(document, "Profile And Settings/Settings/SettingsMap")
    assert "Who can see your following list::" in settings
    assert at(document, "Profile And Settings/Follower")["IsFastLane"] is False
    assert at(document, "Likes and Favorites/Like List")["App"] == 1233
    devices = at(document, "Your Activity/Status/Status List")
    assert all(device["UID"] > 2**53 for device in devices)
    tako = at(document, "Direct Message/Tako Chat History/TakoChatHistoryList")
    assert isinstance(tako[0]["Messages"][0]["Content"], dict)
    rooms = at(document, "TikTok Live/Watch Live History/WatchLiveMap")
    assert all(len(room) == 19 and room.isdecimal() for room in rooms)
    assert isinstance(at(document, "TikTok Shop/Order History/OrderHistories"), dict)
    assert isinstance(at(document, "Your Activity/Ad Interests/AdInterestCategories"), str)


def test_chats_are_a_map_with_one_deleted_partner() -> None:
    chats = at(generate(ArchiveOptions()), "Direct Message/Direct Messages/ChatHistory")
    assert all(key.startswith("Chat History with ") and key.endswith(":") for key in chats)
    senders = [{message["From"] for message in chat} for chat in chats.values()]
    assert sum("" in names for names in senders) == 1
    for chat in chats.values():
        dates = [message["Date"] for message in chat]
        assert dates == sorted(dates)


def test_photo_posts_hold_several_links_in_one_string() -> None:
    posts = at(generate(ArchiveOptions()), "Post/Posts/VideoList")
    photos = [post for post in posts if "\n" in post["Link"]]
    assert len(photos) == 2
    assert all(".jpeg?" in link for post in photos for link in post["Link"].split("\n"))
    assert all("mime_type=video_mp4" in post["Link"] for post in posts if post not in photos)


@pytest.mark.parametrize("seed", range(5))
def test_an_account_with_twenty_posts_has_two_in_one_second(seed: int) -> None:
    options = ArchiveOptions(seed=seed, counts=Counts(posts=20))
    posts = at(generate(options), "Post/Posts/VideoList")
    dates = [post["Date"] for post in posts]
    assert len(dates) > len(set(dates))
    assert len({post["Link"] for post in posts}) == len(posts)
    assert dates == sorted(dates, reverse=True)


def test_some_rows_are_equal() -> None:
    watched = at(generate(ArchiveOptions()), "Your Activity/Watch History/VideoList")
    assert max(frozen_rows(watched).values()) == 2


def test_texts_are_hard_to_read() -> None:
    every = "".join(texts(generate(ArchiveOptions(counts=0.002))))
    for wanted in ("\n", "\t", '"', "\\", "}", "{", "\u2028", "שלום", "日", "🏽", "\U00020bb7"):
        assert wanted in every


def test_nothing_could_be_somebodys() -> None:
    hosts = ("tiktok.com/", "tiktokv.com/", ".example/", "example.com")
    for text in texts(generate(ArchiveOptions(counts=0.001))):
        if text.startswith(("http:", "https:")) and "\n" not in text:
            assert any(host in text for host in hosts), text


def test_links_carry_their_expiry() -> None:
    document = generate(ArchiveOptions())
    due = int((REFERENCE + timedelta(days=4)).timestamp())
    for post in at(document, "Post/Posts/VideoList"):
        for link in post["Link"].split("\n"):
            until = int(link.partition("expires=")[2].partition("&")[0])
            assert due - 270 < until <= due
    photo = at(document, "Profile And Settings/Profile Info/ProfileMap/profilePhoto")
    assert int(photo.partition("x-expires=")[2].partition("&")[0]) < REFERENCE.timestamp()


@pytest.mark.parametrize("generation", GENERATIONS)
def test_newer_archive_has_the_same_rows_and_new_ones(generation: Any) -> None:
    older = generate(ArchiveOptions(generation=generation, seed=9))
    later = REFERENCE + timedelta(days=200)
    newer = generate(ArchiveOptions(generation=generation, seed=9, exported_at=later))
    compared = 0
    for path, rows in lists(older):
        if not rows or not isinstance(rows[0], dict):
            continue
        # Links to the person's own media are signed anew, and likes are counted anew.
        own = ("Link", "Likes", "CoverImage", "CoverUri") if path[0] in _OWN_MEDIA else ()
        before = frozen_rows(rows, without=own)
        after = frozen_rows(at(newer, "/".join(path)), without=own)
        assert before <= after, path
        compared += before < after
    assert compared > 10
    assert len(_chats(newer)) == len(_chats(older)) + 1


_OWN_MEDIA = ("Video", "Post", "Tiktok Live", "TikTok Live")


def _chats(document: dict[str, Any]) -> dict[str, Any]:
    root = document.get("Direct Message") or document["Direct Messages"]
    section = root.get("Direct Messages") or root["Chat History"]
    chats: dict[str, Any] = section["ChatHistory"]
    return chats


def test_posts_keep_their_media_paths_only_if_asked() -> None:
    def paths(**changes: Any) -> set[str]:
        posts = at(generate(ArchiveOptions(**changes)), "Post/Posts/VideoList")
        return {post["Link"].partition("?")[0] for post in posts}

    later = REFERENCE + timedelta(days=1)
    assert paths() <= paths(exported_at=later)
    assert not paths() & paths(exported_at=later, stable_media_paths=False)


def test_trimmed_archive_has_lost_the_oldest_rows_of_histories() -> None:
    since = datetime(2025, 1, 1, tzinfo=UTC)
    whole = generate(ArchiveOptions())
    trimmed = generate(ArchiveOptions(trim_before=since))
    for path in ("Your Activity/Watch History/VideoList", "Your Activity/Searches/SearchList"):
        kept = [row for row in at(whole, path) if row["Date"] >= "2025-01-01"]
        assert at(trimmed, path) == kept
        assert 0 < len(kept) < len(at(whole, path))
    assert trimmed["Post"] == whole["Post"]


def test_every_generation_tells_of_the_same_person() -> None:
    old = generate(ArchiveOptions(generation="A", seed=4))
    new = generate(ArchiveOptions(generation="D", seed=4))
    comments = at(new, "Comment/Comments/CommentsList")
    assert [(row["Date"], row["Comment"]) for row in at(old, "Comment/Comments/CommentsList")] == [
        (row["date"].removesuffix(" UTC"), row["comment"]) for row in comments
    ]
    assert _chats(old) == _chats(new)


def test_limited_exports_move_sections() -> None:
    def limited(*categories: Any, generation: Any = "B") -> dict[str, Any]:
        return generate(ArchiveOptions(generation=generation, categories=frozenset(categories)))

    profile = limited("profile", "video")
    assert set(profile) == {"Profile", "App Settings", "Video"}
    assert {"Following List", "Follower List"} <= set(profile["Profile"])
    activity = limited("activity")
    assert {"Comments", "POI Review"} <= set(activity["Activity"])
    assert "Comment" not in activity
    assert set(limited("direct_message")) == {"Direct Messages"}
    latest = limited("activity", generation="D")
    assert "Likes and Favorites" not in latest
    assert "Comment" not in latest


@pytest.mark.parametrize("generation", GENERATIONS)
def test_unused_account_says_nothing_in_many_ways(generation: Any) -> None:
    ways = set()
    for seed in range(6):
        options = ArchiveOptions(generation=generation, seed=seed, counts=Counts.none())
        archive = Archive(options)
        document = json.loads(b"".join(archive.chunks()))
        assert not archive.rows
        for section in _sections(document):
            ways |= {json.dumps(value) for value in section.values() if not value}
            ways |= {"no list"} if not section else set()
    assert {"null", "[]", "{}", "no list"} <= ways


def _sections(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for root in document.values():
        yield from (section for section in root.values() if isinstance(section, dict))


@pytest.mark.parametrize(
    ("generation", "seed", "name"),
    [
        ("A", 1, "user_data.json"),
        ("B", 0, "user_data.json"),
        ("B", 1, "user_data_tiktok.json"),
        ("D", 0, "user_data_tiktok.json"),
    ],
)
def test_zip_holds_one_file(tmp_path: Path, generation: Any, seed: int, name: str) -> None:
    options = ArchiveOptions(generation=generation, seed=seed)
    summary = write_archive(tmp_path / "export.zip", options)
    with zipfile.ZipFile(summary.path) as file:
        assert file.namelist() == [name]
        assert file.testzip() is None
        assert json.loads(file.read(name)) == generate(options)
        assert file.infolist()[0].date_time == (2026, 11, 20, 12, 0, 0)


def test_folder_and_bare_file(tmp_path: Path) -> None:
    folder = write_archive(tmp_path / "export", ArchiveOptions(container="folder"))
    bare = write_archive(tmp_path / "export.json", ArchiveOptions(container="json"))
    data = bare.path.read_bytes()
    assert (folder.path / "user_data_tiktok.json").read_bytes() == data
    assert bare.size == folder.size == len(data)


@pytest.mark.parametrize(
    "make",
    [
        lambda: ArchiveOptions(exported_at=datetime(2026, 1, 1)),
        lambda: ArchiveOptions(exported_at=datetime(1990, 1, 1, tzinfo=UTC)),
        lambda: ArchiveOptions(trim_before=datetime(2026, 1, 1)),
        lambda: ArchiveOptions(generation="E"),  # type: ignore[arg-type]
    ],
)
def test_options_that_make_no_sense_are_refused(make: Callable[[], object]) -> None:
    with pytest.raises(ValueError):
        make()


def test_memory_does_not_grow_with_the_archive() -> None:
    def peak(scale: float) -> tuple[int, int]:
        tracemalloc.start()
        try:
            size = sum(map(len, Archive(ArchiveOptions(counts=scale)).chunks()))
            return size, tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(0.001)  # what is made once per account and kept
    small, small_peak = peak(0.01)
    large, large_peak = peak(0.05)
    assert large > 4 * small
    assert large_peak < small_peak + 500_000
