from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from decamp import ItemRejected
from decamp.bundle import merge_record, record_bytes

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)
RECORD = st.dictionaries(st.sampled_from(["a", "b", "media", "missing", "source"]), JSON)


def test_a_record_is_written_for_people() -> None:
    data = record_bytes("post:1", {"z": "Ärger 😀", "a": [1, {"b": None}]})
    assert data.decode() == (
        '{\n  "item_id": "post:1",\n  "z": "Ärger 😀",\n  "a": [\n    1,\n    {\n      "b": null\n    }\n  ]\n}\n'
    )


@pytest.mark.parametrize("value", [object(), {1, 2, object()}, "\ud83d"])
def test_what_is_not_json_is_rejected_without_saying_its_content(value: Any) -> None:
    with pytest.raises(ItemRejected, match="post:1") as caught:
        record_bytes("post:1", {"caption": "secret", "value": value})
    assert "secret" not in str(caught.value)


def test_new_values_win_and_absent_ones_stay() -> None:
    old = {"caption": "old", "place": "Rotterdam", "counts": {"likes": 1, "shares": 2}}
    new = {"caption": "new", "place": None, "counts": {"likes": 5}, "sound": "x"}
    assert merge_record(old, new) == {
        "caption": "new",
        "place": "Rotterdam",
        "counts": {"likes": 5, "shares": 2},
        "sound": "x",
    }


def test_media_are_never_lost_and_end_being_missing() -> None:
    old = {
        "media": [{"name": "2.jpg", "size": 2}],
        "missing": [{"name": "1.jpg", "code": "expired"}, {"name": "10.jpg", "code": "gone"}],
    }
    new = {"media": [{"name": "1.jpg", "size": 1}, {"name": "2.jpg", "size": 99}]}
    assert merge_record(old, new) == {
        "media": [{"name": "1.jpg", "size": 1}, {"name": "2.jpg", "size": 2}],
        "missing": [{"name": "10.jpg", "code": "gone"}],
    }
    new["media"].append({"name": "10.jpg", "size": 10})
    merged = merge_record(old, new)
    assert "missing" not in merged
    assert [file["name"] for file in merged["media"]] == ["1.jpg", "2.jpg", "10.jpg"]


def test_media_of_another_shape_are_a_list_like_any() -> None:
    assert merge_record({"media": ["a"]}, {"media": ["b"]}) == {"media": ["b"]}


@given(RECORD, RECORD)
def test_merging_twice_changes_nothing_more(old: dict[str, Any], new: dict[str, Any]) -> None:
    once = merge_record(old, new)
    assert merge_record(once, new) == once


@given(RECORD, RECORD)
def test_every_member_survives(old: dict[str, Any], new: dict[str, Any]) -> None:
    merged = merge_record(old, new)
    assert (old.keys() | new.keys()) - merged.keys() <= {"missing"}
    assert msgspec.json.decode(record_bytes("x", merged)) == {"item_id": "x"} | merged
