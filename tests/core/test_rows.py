"""Rows: what is new against a multiset, under trimming, growing, repeating and shuffling."""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from decamp.identity import row_digester, row_keys
from decamp.model import Collection, Item
from decamp.rows import Delivered, RowSpool, collection_id, read_rows

SALT = b"0123456789abcdef"
WATCHED = Collection("event", "watched", {"verb": "watched"})

times = st.sampled_from(
    [
        f"202{year}-0{month}-01T00:00:0{second}Z"
        for year in "34"
        for month in "12"
        for second in "012"
    ]
    + [""]
)
rows = st.lists(st.tuples(times, st.sampled_from("abc")), max_size=30)


def as_rows(pairs: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"time": time, "object": what} if time else {"object": what} for time, what in pairs]


def as_pairs(item: Item) -> list[tuple[str, str]]:
    return [(row.get("time", ""), row["object"]) for row in read_rows(item.blobs[0])]


def more(held: Delivered | None, keys: array[int], total: int) -> Delivered:
    if held is None:
        return Delivered(len(keys), total, lambda: keys)
    both = held.keys() + keys
    return Delivered(len(both), (held.total + total) % 2**48, lambda: both)


class Oracle:
    """Remembers what was delivered as a journal does, and as a plain multiset."""

    def __init__(self) -> None:
        self.buckets: dict[str, Delivered] = {}
        self.rows: Counter[tuple[str, str]] = Counter()

    def export(
        self, *paths: list[tuple[str, str]], max_rows: int = 5, batch: int = 4
    ) -> list[Item]:
        items = []
        with TemporaryDirectory() as folder:
            spool = RowSpool(Path(folder), SALT)
            for number, pairs in enumerate(paths):
                for start in range(0, len(pairs), batch):
                    spool.add(WATCHED, as_rows(pairs[start : start + batch]), f"p{number}")
            for collection in spool.collections():
                assert collection_id(collection) == "event:watched"
                for segment in spool.segments(collection, self.buckets, max_rows=max_rows):
                    items.append(segment.item)
                    assert segment.count == len(as_pairs(segment.item)) <= max_rows
                    self.rows.update(as_pairs(segment.item))
                    for bucket, (keys, total) in segment.buckets.items():
                        self.buckets[bucket] = more(self.buckets.get(bucket), keys, total)
            spool.close()
            assert list(Path(folder).iterdir()) == []
        return items


@given(st.lists(rows, max_size=4))
def test_what_is_delivered_is_the_highest_count_of_any_export(
    exports: list[list[tuple[str, str]]],
) -> None:
    oracle, expected = Oracle(), Counter[tuple[str, str]]()
    for export in exports:
        oracle.export(export)
        expected |= Counter(export)
        assert oracle.rows == expected


@given(rows, rows)
def test_places_that_repeat_each_other_count_once(
    first: list[tuple[str, str]], second: list[tuple[str, str]]
) -> None:
    oracle = Oracle()
    oracle.export(first, second)
    assert oracle.rows == Counter(first) | Counter(second)


@given(rows, st.integers(1, 7), st.integers(1, 9))
def test_rows_come_in_order_of_time_and_segments_say_their_span(
    export: list[tuple[str, str]], max_rows: int, batch: int
) -> None:
    items = Oracle().export(export, max_rows=max_rows, batch=batch)
    spans = []
    for item in items:
        seen = [time for time, _ in as_pairs(item)]
        assert seen == sorted(seen)
        assert item.record["rows"] == len(seen)
        spans += seen
        if "since" in item.record:
            assert (item.record["since"], item.record["until"]) == (seen[0], seen[-1])
    assert spans == sorted(spans)


@given(rows, st.data())
def test_cutting_again_gives_the_missing_segments_unchanged(
    export: list[tuple[str, str]], data: st.DataObject
) -> None:
    whole = {item.id: item.record for item in Oracle().export(export, max_rows=3, batch=1000)}
    again = Oracle()
    kept = []

    with TemporaryDirectory() as folder:
        spool = RowSpool(Path(folder), SALT)
        spool.add(WATCHED, as_rows(export), "p0")
        for collection in spool.collections():
            for segment in list(spool.segments(collection, {}, max_rows=3)):
                if data.draw(st.booleans()):
                    kept.append(segment.item.id)
                    for bucket, (keys, total) in segment.buckets.items():
                        again.buckets[bucket] = more(again.buckets.get(bucket), keys, total)
        spool.close()
    rest = again.export(export, max_rows=3, batch=1000)
    assert {item.id for item in rest} | set(kept) == set(whole)


def test_a_digest_covers_identity_fields_only_and_needs_the_salt() -> None:
    digest = row_digester("event", SALT)
    plain = digest([{"time": "2024-01-01T00:00:00Z", "object": "o"}])
    richer = digest(
        [{"time": "2024-01-01T00:00:00Z", "object": "o", "about": "x", "source": {"a": 1}}]
    )
    other = row_digester("event", SALT[::-1])([{"time": "2024-01-01T00:00:00Z", "object": "o"}])
    assert plain == richer
    assert plain != other


@given(st.lists(st.dictionaries(st.sampled_from(["time", "object", "text", "about"]), st.text())))
def test_the_fast_way_digests_like_the_slow_one(batch: list[dict[str, str]]) -> None:
    digest = row_digester("event", SALT)
    one_by_one = array("Q")
    for row in batch:
        one_by_one.extend(digest([row]))
    assert digest(batch) == one_by_one


def test_digests_are_those_that_journals_hold() -> None:
    row = {"time": "2024-01-01T00:00:00Z", "object": "o\ud800", "about": "not part of it"}
    text = b"time object\n2024-01-01T00:00:00Z\0o\xed\xa0\x80"
    wanted = hashlib.blake2b(text, digest_size=8, salt=SALT).digest()
    assert row_digester("event", SALT)([row, row]).tobytes() == wanted * 2


@given(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 3), max_size=20))
def test_the_nth_of_equal_rows_gets_its_key_by_counting(digests: list[int]) -> None:
    seen: Counter[int] = Counter()
    wanted = []
    for digest in digests:
        wanted.append((digest + seen[digest] * 0x9E3779B97F4A7C15) % 2**64)
        seen[digest] += 1
    assert list(row_keys(array("Q", digests))) == wanted


def test_keys_tell_equal_rows_apart_and_keep_the_first() -> None:
    keys = row_keys(array("Q", [7, 7, 9, 7, 2**64 - 1, 2**64 - 1]))
    assert len(set(keys)) == 6
    assert (keys[0], keys[2], keys[4]) == (7, 9, 2**64 - 1)
