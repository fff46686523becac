"""Facets, limits and cuts; keys and names, held to a library that is not ours."""

from __future__ import annotations

import hashlib
import io
from datetime import UTC, datetime

import libipld
import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from bluesky_runs import mp4, png
from decamp_bluesky.cids import blob_cid, record_cid
from decamp_bluesky.shape import is_page, looks, size_of
from decamp_bluesky.text import Limits, facets, fits, graphemes, mentions, split, truncated
from decamp_bluesky.tid import part_time, tids

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
LIMITS = Limits()
TEXTS = st.text(st.sampled_from("ab #@.,\n\u0301\u05d0\u4e2d\U0001f600\u200d")) | st.text()


def named(text: str) -> list[tuple[str, str]]:
    """Give what each facet covers, by its bytes, and what it means."""
    data = text.encode()
    return [
        (
            data[one["index"]["byteStart"] : one["index"]["byteEnd"]].decode(),
            one["features"][0].get("uri") or one["features"][0]["tag"],
        )
        for one in facets(text)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no facet", []),
        ("\U0001f426 #birds and #\u9ce5", [("#birds", "birds"), ("#\u9ce5", "\u9ce5")]),
        ("see https://example.org/a.", [("https://example.org/a",) * 2]),
        ("(https://example.org/a_(b))", [("https://example.org/a_(b)",) * 2]),
        ("https://example.org/#top #1 #1st", [("https://example.org/#top",) * 2, ("#1st", "1st")]),
        ("a#b ##c http:// https://", []),
        (
            "\u05e9\u05dc\u05d5\u05dd #\u05e9\u05dc\u05d5\u05dd",
            [("#\u05e9\u05dc\u05d5\u05dd", "\u05e9\u05dc\u05d5\u05dd")],
        ),
        ("#" + "x" * 65, []),
        ("#one#two", [("#one", "one")]),
        ("#end.", [("#end", "end")]),
    ],
)
def test_facets_cover_links_and_hashtags_by_bytes(text: str, expected: list) -> None:
    assert named(text) == expected


def test_mentions_stay_text_and_are_counted() -> None:
    assert facets("with @river.otter7 and me@example.org") == []
    assert mentions("with @river.otter7 and me@example.org") == 1


@given(TEXTS)
def test_graphemes_are_those_of_unicode(text: str) -> None:
    assert graphemes(text) == len(regex.findall(r"\X", text))


@given(TEXTS, st.integers(3, 12))
def test_a_split_loses_white_space_alone_and_each_piece_fits(text: str, room: int) -> None:
    limits = Limits(room, 4 * room)
    chunks = split(text, limits)
    assert "".join("".join(chunk.text.split()) for chunk in chunks) == "".join(text.split())
    assert all(len(chunk.text.encode()) <= limits.bytes for chunk in chunks)
    assert all(graphemes(chunk.text) <= limits.graphemes for chunk in chunks)
    for chunk in chunks:
        data = chunk.text.encode()
        for one in chunk.facets:
            start, end = one["index"]["byteStart"], one["index"]["byteEnd"]
            assert 0 <= start < end <= len(data)
            data[start:end].decode()  # never in the middle of a letter


def test_three_hundred_families_are_more_than_the_bytes_allow() -> None:
    text = FAMILY * 300
    assert graphemes(text) == 300
    assert not fits(text, LIMITS)
    chunks = split(text, LIMITS)
    assert [graphemes(chunk.text) for chunk in chunks] == [120, 120, 60]


def test_a_cut_does_not_go_through_a_link_but_where_it_must() -> None:
    near = "x" * 290 + " https://example.org/a-rather-long-address"
    first, second = split(near, LIMITS)
    assert first.text == "x" * 290
    assert second.facets[0]["index"] == {"byteStart": 0, "byteEnd": len(second.text)}

    address = "https://example.org/" + "y" * 400
    pieces = split(address, LIMITS)
    assert "".join(piece.text for piece in pieces) == address
    assert {piece.facets[0]["features"][0]["uri"] for piece in pieces} == {address}


def test_a_hashtag_that_is_cut_is_none() -> None:
    chunks = split("#" + "y" * 63 + "z" * 400, Limits(60, 3_000))
    assert not any(chunk.facets for chunk in chunks)


def test_a_truncated_text_fits_and_says_so() -> None:
    chunk = truncated("word " * 100, LIMITS)
    assert fits(chunk.text, LIMITS)
    assert chunk.text.endswith("word\u2026")
    assert truncated("short", LIMITS).text == "short"


def test_keys_follow_from_the_item_and_sort_by_time() -> None:
    moment = datetime(2019, 5, 1, 12, tzinfo=UTC)
    keys = tids("post:2019-05-01T12:00:00Z", moment, 3)
    assert keys == tids("post:2019-05-01T12:00:00Z", moment, 3)
    assert list(keys) == sorted(keys)
    assert all(regex.fullmatch("[234567abcdefghij][2-7a-z]{12}", key) for key in keys)
    other = tids("post:2019-05-01T12:00:00Z#2", moment, 1)
    assert other[0] not in keys
    later = tids("post:2019-05-01T12:00:01Z", datetime(2019, 5, 1, 12, 0, 1, tzinfo=UTC), 1)
    assert later > keys
    assert later > other
    assert part_time(moment, 2) == "2019-05-01T12:00:00.002Z"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text().filter(lambda key: key != "$link"), inner)
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.text().filter(lambda key: key != "$link"), JSON))
def test_names_of_records_are_those_of_the_library(record: dict) -> None:
    digest = hashlib.sha256(libipld.encode_dag_cbor(record)).digest()
    assert record_cid(record) == libipld.encode_cid(b"\x01\x71\x12\x20" + digest)


def test_a_link_is_named_as_the_library_names_it() -> None:
    name = blob_cid(hashlib.sha256(b"bytes").hexdigest())
    block = libipld.decode_cid(name)
    assert block["codec"] == 0x55
    assert bytes(block["hash"]["digest"]) == hashlib.sha256(b"bytes").digest()


@pytest.mark.parametrize(
    ("data", "media_type", "shape"),
    [
        (png(40, 30), "image/png", (40, 30)),
        (mp4(), "video/mp4", (576, 1024)),
        (b"GIF89a\x10\0\x20\0", "image/gif", (16, 32)),
        (b"\xff\xd8\xff\xe0\0\4ab\xff\xc0\0\x0b\x08\0\x10\0\x20\x01", "image/jpeg", (32, 16)),
        (b"\xff\xd8\xff\xe0", "image/jpeg", None),
        (b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x0f\0\0\x1f\0\0", "image/webp", (16, 32)),
        (b"<!doctype html>", "", None),
        (b"", "", None),
        (b"\0\0\0\x08ftypisom\0\0\0\x08moov", "video/mp4", None),
        (b"\0\0\0\x18ftypqt  ", "", None),
    ],
)
def test_types_and_shapes(data: bytes, media_type: str, shape: tuple[int, int] | None) -> None:
    assert looks(data) == media_type
    assert size_of(media_type, data, io.BytesIO(data)) == shape
    assert is_page(data) == data.startswith(b"<")


@given(st.binary(max_size=200))
def test_odd_bytes_have_no_shape_and_raise_nothing(tail: bytes) -> None:
    for head in (
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        b"GIF8",
        b"RIFF0000WEBP",
        b"\0\0\0\x08ftypisom",
    ):
        data = head + tail
        size_of(looks(data), data, io.BytesIO(data))
