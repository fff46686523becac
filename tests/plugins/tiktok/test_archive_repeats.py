"""A key that comes twice, at any level of an archive: both of its values come out.

The judge is Python's own reader, which hands over each pair of an object.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive_leaves import leaves
from archives import Exported, export
from decamp_tiktok.sandbox import ArchiveOptions, Counts, generate

SEARCHES = "Your Activity/Searches/SearchList"
TWICE = "It names a key twice."


class Pairs(list[tuple[str, Any]]):
    """An object of JSON, with each of its pairs."""


def parsed(text: str) -> Any:
    """Read JSON without losing a pair."""
    return json.loads(text, object_pairs_hook=Pairs)


def values(value: Any) -> Any:
    """Give what `leaves` can count."""
    if isinstance(value, Pairs):
        return [values(inner) for _, inner in value] or {}
    return [values(inner) for inner in value] if isinstance(value, list) else value


def within(place: str, inner: str) -> str:
    """Write an archive that has a value at one place, with some text before and after it."""
    for key in reversed(place.split("/")):
        inner = f"{{{json.dumps(key)}: {inner}}}"
    return inner


def searches(*words: str) -> str:
    return json.dumps([{"Date": "2024-01-01 00:00:00", "SearchTerm": word} for word in words])


def exported(text: str) -> Exported:
    """Export an archive, and hold each pair of it against what came out."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "user_data.json")
        path.write_text(text, encoding="utf-8")
        found = export(path, Path(folder))
    arrived: Counter[str] = Counter()
    for record in found.everything():
        if isinstance(record, dict) and "reason" in record:
            arrived += leaves(values(parsed(record["value"])))
        else:
            arrived += leaves(record)
    missing = leaves(values(parsed(text))) - arrived
    assert not missing
    ids = [(item.id, item.match) for item in found.items if item.kind != "post"]
    assert len(ids) == len(set(ids))
    return found


def kept(found: Exported) -> list[tuple[str, str, Any]]:
    """Give what could not be read: where it was, why, and what it was."""
    records = [item.record for item in found.kind("section")]
    return [(one["path"], one["reason"], one["value"]) for one in records if "reason" in one]


@pytest.mark.parametrize(
    ("place", "good", "bad"),
    [
        (SEARCHES, '{"Date":"","SearchTerm":"x"}', '{"Date":"","SearchTerm":"y","SearchTerm":"y"}'),
        (SEARCHES, '{"Date":"2024-01-01 00:00:00","SearchTerm":"\\"}"}',
         r'{"Date":"2024-01-01 00:00:00","SearchTerm":"a","\u0053earchTerm":"\"b\""}'),
        ("Likes/Like List/ItemFavoriteList", '{"date":"2024-01-01 00:00:00","link":"https://x"}',
         '{"date":"2024-01-01 00:00:00","date":"2024-01-01 00:00:01","link":"https://x"}'),
        ("Direct Messages/ChatHistory/Chat History with bob:",
         '{"Date":"2024-01-01 00:00:00","From":"bob","Content":"\\u0022"}',
         '{"Date":"2024-01-01 00:00:00","From":"a","From":"bob","Content":"hi"}'),
        ("Direct Message/Group Chat/GroupChat/Us", '{"From":"a","Content":"hi"}',
         '{"From":"a","Content":{"text":"one","text":"two"}}'),
        ("Post/Posts/VideoList", '{"Date":"2024-01-01 00:00:00","Likes":"1"}',
         '{"Date":"2024-01-01 00:00:00","Likes":"1","Likes":"1"}'),
        ("Your Activity/New/NewList", '{"a":[{"b":1}]}', '{"a":[{"b":1,"b":[]}]}'),
        ("Tiktok Live/Watch Live History/WatchLiveMap/7/Comments", '{"CommentTime":""}',
         '{"":1,"":2}'),
    ],
)  # fmt: skip
def test_an_entry_is_kept_as_text_and_the_others_go_on(place: str, good: str, bad: str) -> None:
    found = exported(within(place, f"[{good}, {good}, {bad}, {good}]"))
    assert kept(found) == [(f"{place}/2", TWICE, bad)]


def test_two_equal_lists_are_both_read() -> None:
    text = f'{{"SearchList": {searches("a", "b")}, "App": 1, "SearchList": {searches("a")}}}'
    found = exported(within("Your Activity/Searches", text))
    assert [row["text"] for row in found.rows("searched")] == ["a", "b", "a"]
    assert not kept(found)


def test_two_equal_sections_are_both_read() -> None:
    first, second = within(SEARCHES, searches("a")), within(SEARCHES, searches("b"))
    found = exported(f"{first[:-1]}, {second[1:]}")
    assert [row["text"] for row in found.rows("searched")] == ["a", "b"]


def test_two_chats_of_one_name_are_one_conversation_with_all_messages() -> None:
    first, second = '[{"From": "bob", "Content": "a"}]', '[{"From": "bob", "Content": "b"}]'
    chats = [f'"Chat History with bob:": {one}' for one in (first, "null", '"odd"', second, "null")]
    found = exported(within("Direct Messages/ChatHistory", f"{{{', '.join(chats)}}}"))
    assert [row["text"] for row in found.rows("bob")] == ["a", "b"]
    assert [item.id for item in found.kind("conversation")] == ["conversation:bob"]


def test_posts_and_watched_videos_in_two_equal_lists_are_told_apart() -> None:
    watched = '[{"Date": "2024-01-01 00:00:00", "Link": "https://www.tiktokv.com/share/video/1/"}]'
    posts = '[{"Date": "2024-01-01 00:00:00", "Likes": "1"}]'
    text = f'{{"VideoList": {watched}, "VideoList": {posts}}}'
    found = exported(within("Post/Renamed", text))
    assert (len(found.rows("watched")), len(found.kind("post"))) == (1, 1)


def test_equal_entries_that_cannot_be_read_are_as_many_as_there_were() -> None:
    bad = '{"a": 1, "a": 1}'
    lists = ", ".join(f'"SearchList": {one}' for one in (f'["x", {bad}]', f'["x", {bad}]', '["x"]'))
    found = exported(within("Your Activity/Searches", f"{{{lists}}}"))
    assert kept(found) == [(f"{SEARCHES}/1", TWICE, bad)] * 2


def test_equal_halves_of_an_emoji_are_as_many_as_there_were() -> None:
    half = r'"bio": "\ud83d"'
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "user_data.json")
        path.write_text(within("Profile/Profile Info/ProfileMap", f"{{{half}, {half}}}"))
        found = export(path, Path(folder))
    assert [value for _, _, value in kept(found)] == [r'"\ud83d"'] * 2
    assert len({item.id for item in found.items}) == len(found.items)


@pytest.mark.parametrize(
    "pairs",
    [
        '"a": 1, "a": 1',
        '"a": null, "a": null, "a": []',
        '"a": {}, "a": {"b": 2}',
        '"a": {"b": 2}, "a": {}',
        '"a": [1], "a": [2], "a": [], "a": {"b": 3}',
        '"userName": "one", "App": 1, "userName": "two"',
    ],
)
@pytest.mark.parametrize(
    "place",
    [
        *("Post", "Your Activity/New", "Your Activity/New/deep/deeper", "Post/Posts/VideoList"),
        *("Profile/Profile Info/ProfileMap", "Direct Messages/ChatHistory"),
        *("WatchLiveMap", "WatchLiveMap/7", "WatchLiveMap/7/Comments"),
    ],
)
def test_values_outside_of_lists_all_come(place: str, pairs: str) -> None:
    exported(f"{within(place, f'{{{pairs}}}')[:-1]}, {within('Post/x', '1')[1:]}")


# --- archives as TikTok makes them, but for a key here and there


@cache
def archive(generation: Any) -> str:
    few = {"watched": 8, "liked": 4, "messages": 8, "chats": 2, "comments": 4, "searches": 4}
    counts = evolve(Counts(), **few)
    return json.dumps(generate(ArchiveOptions(generation=generation, seed=2, counts=counts)))


def objects(value: Any) -> Iterator[Pairs]:
    """Give all objects that name a key."""
    if isinstance(value, Pairs):
        if value:
            yield value
        for _, inner in value:
            yield from objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from objects(inner)


def text_of(value: Any) -> str:
    """Write JSON in which any key may come twice; some keys are spelled in escapes."""
    if isinstance(value, list) and not isinstance(value, Pairs):
        return f"[{', '.join(map(text_of, value))}]"
    if not isinstance(value, Pairs):
        return json.dumps(value)
    fields = []
    for place, (key, inner) in enumerate(value):
        name = json.dumps(key)
        if place and key in (earlier for earlier, _ in value[:place]):
            name = '"' + "".join(f"\\u{ord(char):04x}" for char in key if char < "\U00010000") + '"'
            name = name if json.loads(name) == key else json.dumps(key)
        fields.append(f"{name}: {text_of(inner)}")
    return f"{{{', '.join(fields)}}}"


OTHERS = st.sampled_from(["again", "", 7, None, [], Pairs(), [Pairs([("a", "b")])], ["stray"]])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_key_of_an_archive_may_come_twice(data: st.DataObject) -> None:
    document = parsed(archive(data.draw(st.sampled_from("ABCD"))))
    for _ in range(data.draw(st.integers(1, 4))):
        pairs = data.draw(st.sampled_from(list(objects(document))))
        key, value = data.draw(st.sampled_from(pairs))
        again = data.draw(st.just(value) | OTHERS)
        pairs.insert(data.draw(st.integers(0, len(pairs))), (key, parsed(text_of(again))))
    exported(text_of(document))
