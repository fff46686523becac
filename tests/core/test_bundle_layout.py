from __future__ import annotations

import re

import pytest

from bundle_items import blob, messages, post, sample_items, section, segment, watched
from decamp import Blob, Item, ItemError
from decamp.bundle import is_segment, names_of, parts, place


def path_of(item: Item) -> str:
    where = place(item)
    return f"{where.folder}/{where.record}"


@pytest.mark.parametrize(
    ("item", "path"),
    [
        (Item("profile", "profile", {}), "data/profile/profile.json"),
        (post(), "data/posts/2023/2023-05-01T120000Z/post.json"),
        (post(mark="#2"), "data/posts/2023/2023-05-01T120000Z-2/post.json"),
        (Item("post:draft-7", "post", {}), "data/posts/undated/draft-7/post.json"),
        (Item("conversation:alice", "conversation", {}), "data/messages/alice/conversation.json"),
        (Item("album:7", "album", {}), "data/other/album/7/record.json"),
        (Item("7", "album", {}), "data/other/album/7/record.json"),
    ],
)
def test_places(item: Item, path: str) -> None:
    assert path_of(item) == path


def test_a_segment_is_named_by_its_span_and_digest() -> None:
    digest = watched().blobs[0].sha256
    assert digest
    assert path_of(watched()) == f"data/activity/watched/2024-02-01_2024-02-05_{digest[:12]}.jsonl"
    assert path_of(messages()).startswith("data/messages/alice/2024-01-01_2024-01-03_")


@pytest.mark.parametrize("header", [{}, {"since": "../x", "until": "../y"}])
def test_a_segment_without_times_is_undated(header: dict[str, str]) -> None:
    item = segment("event", "liked", [{"object": "x"}], **header)
    assert re.fullmatch(r"data/activity/liked/undated_[0-9a-f]{12}\.jsonl", path_of(item))


def test_a_segment_needs_a_digest() -> None:
    bare = Blob("rows.jsonl", "application/x-ndjson", rows="event")
    with pytest.raises(ItemError, match="digest"):
        place(Item("event:x:1", "event", {"collection": "x"}, (bare,)))


def test_messages_lie_beside_their_conversation_whatever_it_is_called() -> None:
    for key in ("alice", "Alice", "../..", "gruppe: ÄÖ", "a" * 300):
        there = place(Item(f"conversation:{key}", "conversation", {"key": key})).folder
        assert place(messages(key)).folder == there


def test_sections_of_one_name_stay_apart() -> None:
    one, other = section(value={"a": 1}), section(value={"a": 2})
    assert path_of(one) != path_of(other)
    assert re.fullmatch(r"data/sections/Settings~[a-z2-7]{16}-[0-9a-f]{12}\.json", path_of(one))


def test_every_path_stays_inside_and_is_its_own() -> None:
    paths = [part.path for item in sample_items() for part in parts(item)]
    assert len({path.casefold() for path in paths}) == len(paths)
    for path in paths:
        assert path.startswith("data/")
        assert not {"", ".", ".."} & set(path.split("/"))


def test_the_names_of_an_item_are_those_in_its_paths() -> None:
    """Of a segment the folders alone, whose names are known before its rows are."""
    for item in sample_items():
        names = {name for part in parts(item) for name in part.path.split("/")}
        own = {place(item).record} if is_segment(item) else set()
        assert set(names_of(item)) == names - own
    bare = Blob("rows.jsonl", "application/x-ndjson", rows="event")
    item = Item("event:x:1", "event", {"collection": "X"}, (bare,))
    assert [*names_of(item)][:2] == ["data", "activity"]


def test_the_record_comes_last_and_a_blob_cannot_take_its_name() -> None:
    item = Item("post:x", "post", {"type": "video"}, (blob("post.json", b"no"), blob("A", b"yes")))
    *blobs, record = parts(item)
    assert record.path.endswith("/post.json")
    assert record.head == b'{\n  "item_id": "post:x",\n  "type": "video"\n}\n'
    assert [part.path == record.path for part in blobs] == [False, False]


def test_a_segment_is_a_header_line_and_its_rows() -> None:
    (part,) = parts(watched(1))
    assert part.head.startswith(b'{"kind":"event","collection":"watched"')
    assert part.head.count(b"\n") == 1
    assert b"".join(part.body()).count(b"\n") == 1


def test_a_source_that_cannot_be_read_is_an_error_of_the_item() -> None:
    def broken() -> object:
        raise OSError(5, "Input/output error")

    item = Item("post:x", "post", {}, (Blob("1.mp4", "video/mp4", broken),))  # type: ignore[arg-type]
    with pytest.raises(ItemError, match="Input/output error"):
        list(parts(item)[0].body())


def test_what_fits_a_part() -> None:
    item = post(data=b"film")
    video, record = parts(item)
    digest = item.blobs[0].sha256
    assert digest
    assert video.fits(4, b"", digest)
    assert not video.fits(5, b"", digest)
    assert not video.fits(4, b"", "0" * 64)
    assert record.fits(len(record.head), record.head, "")
    assert not record.fits(len(record.head) + 1, record.head, "")
    assert not record.fits(len(record.head), b"{}", "")
    unknown = parts(Item("post:x", "post", {}, (Blob.from_bytes("1.mp4", "video/mp4", b"film"),)))
    assert unknown[0].fits(4, b"", "any")
    assert not unknown[0].known
