from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from decamp import ItemRejected
from decamp.bundle import fill_record, merge_record, record_bytes

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


def test_an_older_record_fills_gaps_and_nothing_else() -> None:
    there = {"caption": "new", "place": None, "sound": {"title": "x"}, "tags": ["a"]}
    older = {"caption": "old", "place": "Rotterdam", "sound": {"title": "x", "artist": "y"}}
    assert fill_record(there, older) == (
        {
            "caption": "new",
            "place": "Rotterdam",
            "sound": {"title": "x", "artist": "y"},
            "tags": ["a"],
        },
        True,
    )


@pytest.mark.parametrize(
    ("older", "superseded"),
    [
        ({"caption": "new"}, False),
        ({"caption": None, "bio": None}, False),
        ({"place": "Rotterdam"}, False),
        ({"caption": "old"}, True),
        ({"sound": {"title": "other"}}, True),
        ({"sound": {"artist": "y"}}, False),
        ({"sound": "other"}, True),
        ({"tags": ["a", "b"]}, True),
        ({"tags": []}, True),
        ({"counts": {"likes": 1, "shares": 2}}, False),
        ({"source": {"path": "b"}, "item_id": "post:2"}, False),
        ({"media": [{"name": "1.jpg", "size": 2}], "missing": [{"name": "1.jpg"}]}, False),
    ],
)
def test_what_counts_as_another_value(older: dict[str, Any], superseded: bool) -> None:
    there = {
        "item_id": "post:1",
        "caption": "new",
        "sound": {"title": "x"},
        "tags": ["a"],
        "counts": {"likes": 9},
        "source": {"path": "a"},
        "media": [{"name": "1.jpg", "size": 1}],
    }
    filled, said = fill_record(there, older)
    assert said is superseded
    for name in ("item_id", "caption", "tags", "media"):
        assert filled[name] == there[name]
    assert filled["counts"]["likes"] == 9
    assert filled["source"] == {"path": "a"}
    assert "missing" not in filled


@pytest.mark.parametrize(
    ("there", "older", "filled", "superseded"),
    [
        ({"a": 1}, {"a": None, "b": 2}, {"a": 1, "b": 2}, False),
        ({"a": {"x": 1}}, {"a": {"x": 1, "y": 2}}, {"a": {"x": 1, "y": 2}}, False),
        ({"a": {"x": True}}, {"a": {"x": False, "y": 1}}, {"a": {"x": True, "y": 1}}, True),
        ({"media": []}, {"media": []}, {"media": []}, False),
    ],
)
def test_filling(
    there: dict[str, Any], older: dict[str, Any], filled: dict[str, Any], superseded: bool
) -> None:
    assert fill_record(there, older) == (filled, superseded)
    assert fill_record(filled, older) == (filled, superseded)


def test_what_is_ignored_can_be_said() -> None:
    assert fill_record({"a": 1, "counts": 1}, {"a": 2, "counts": 2}, ("a", "counts"))[1] is False
    assert fill_record({"counts": 1}, {"counts": 2}, ())[1] is True


def test_files_of_an_older_record_join_those_that_are_there() -> None:
    there = {
        "media": [{"name": "10.jpg"}, {"name": "2.jpg", "size": 2}],
        "missing": [{"name": "1.jpg", "code": "gone"}, {"name": "3.jpg", "code": "gone"}],
    }
    older = {
        "media": [{"name": "1.jpg"}, {"name": "2.jpg", "size": 99}],
        "missing": [{"name": "3.jpg", "code": "expired"}, {"name": "10.jpg", "code": "expired"}],
    }
    assert fill_record(there, older)[0] == {
        "media": [{"name": "1.jpg"}, {"name": "2.jpg", "size": 2}, {"name": "10.jpg"}],
        "missing": [{"name": "3.jpg", "code": "gone"}],
    }
    assert fill_record({"media": ["odd"]}, older)[0]["media"] == ["odd"]


@given(RECORD, RECORD)
def test_filling_twice_changes_nothing_more(there: dict[str, Any], older: dict[str, Any]) -> None:
    filled, superseded = fill_record(there, older)
    assert fill_record(filled, older) == (filled, superseded)


@given(RECORD, st.data())
def test_a_part_of_a_record_has_nothing_more(there: dict[str, Any], data: st.DataObject) -> None:
    names = data.draw(st.sets(st.sampled_from(sorted(there) or ["a"])))
    filled, superseded = fill_record(there, {n: there[n] for n in there if n in names})
    assert not superseded
    assert record_bytes("x", filled) == record_bytes("x", there)


@given(RECORD, RECORD)
def test_filling_changes_no_value_that_is_there(
    there: dict[str, Any], older: dict[str, Any]
) -> None:
    filled, _ = fill_record(there, older)
    for name in there.keys() - {"media", "missing"}:
        assert _contains(filled[name], there[name])


def _contains(filled: Any, there: Any) -> bool:
    if isinstance(there, dict) and isinstance(filled, dict):
        return all(_contains(filled[name], there[name]) for name in there)
    return there is None or filled == there
