"""An older export fills gaps, and takes nothing newer away."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bundle_disk import begun, transfer
from bundle_items import blob, post, profile, snapshot, validate_bag, watched
from decamp import Conflict, Item
from decamp.bundle import fill_record

RECORD = "data/posts/2023/2023-05-01T120000Z/post.json"


def record(root: Path, path: str = RECORD) -> dict[str, Any]:
    held: dict[str, Any] = json.loads((root / path).read_bytes())
    return held


def test_what_only_the_older_one_has_is_added(tmp_path: Path) -> None:
    [first] = transfer(tmp_path, [post(caption="New", allows={"comments": True})])
    older = post(caption="Old", place="Rotterdam", allows={"comments": False, "duets": True})
    with begun(tmp_path) as importer:
        receipt = importer.fill_item(older, first)
        again = importer.fill_item(older, receipt)
        importer.finish([again])
    held = record(tmp_path)
    assert (held["caption"], held["place"]) == ("New", "Rotterdam")
    assert held["allows"] == {"comments": True, "duets": True}
    assert receipt.superseded and again.superseded
    assert again.data["files"] == receipt.data["files"]
    validate_bag(tmp_path)


def test_less_of_the_same_changes_no_byte(tmp_path: Path) -> None:
    [first] = transfer(tmp_path, [post(place="Rotterdam", counts={"likes": 9}, source={"a": 1})])
    before = snapshot(tmp_path)
    with begun(tmp_path) as importer:
        receipt = importer.fill_item(post(counts={"likes": 3}, source={"a": 2}), first)
    assert not receipt.superseded
    assert receipt.data == first.data
    assert snapshot(tmp_path) == before


def test_a_file_that_was_missing_is_added_and_none_is_doubled(tmp_path: Path) -> None:
    newer = post(missing=[{"name": "2.mp4", "code": "expired"}])
    [first] = transfer(tmp_path, [newer])
    second = blob("2.mp4", b"second")
    media = [
        *post().record["media"],
        {"name": "2.mp4", "media_type": "video/mp4", "size": second.size},
    ]
    older = post(caption="Sunrise")
    older = older.evolve(record={**older.record, "media": media}, blobs=(*older.blobs, second))
    with begun(tmp_path) as importer:
        receipt = importer.fill_item(older, first)
        importer.finish([receipt])
    held = record(tmp_path)
    assert [entry["name"] for entry in held["media"]] == ["1.mp4", "2.mp4"]
    assert "missing" not in held
    assert not receipt.superseded
    assert sorted(path.name for path in (tmp_path / RECORD).parent.glob("*.mp4")) == [
        "1.mp4",
        "2.mp4",
    ]
    validate_bag(tmp_path)


def test_another_file_of_the_same_name_gives_way(tmp_path: Path) -> None:
    [first] = transfer(tmp_path, [post(data=b"new film")])
    before = snapshot(tmp_path)
    with begun(tmp_path) as importer:
        receipt = importer.fill_item(post(data=b"old film"), first)
    assert receipt.superseded
    assert snapshot(tmp_path) == before


def test_an_edit_wins(tmp_path: Path) -> None:
    [first] = transfer(tmp_path, [post()])
    (tmp_path / RECORD).write_text(json.dumps(record(tmp_path) | {"caption": "mine"}))
    with begun(tmp_path) as importer, pytest.raises(Conflict):
        importer.fill_item(post(place="Rotterdam"), first)
    assert record(tmp_path)["caption"] == "mine"


def test_the_profile_and_rows(tmp_path: Path) -> None:
    first, rows = transfer(tmp_path, [profile(), watched()])[::-1]
    first, rows = (first, rows) if first.item_id == "profile" else (rows, first)
    before = snapshot(tmp_path)
    with begun(tmp_path) as importer:
        assert importer.fill_item(watched(), rows).existed
        assert importer.fill_item(profile(bio="Older words"), first).superseded
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize(
    ("there", "older", "filled", "gave_way"),
    [
        ({"a": 1}, {"a": 2}, {"a": 1}, True),
        ({"a": None}, {"a": 2}, {"a": 2}, False),
        ({"a": 1}, {"a": None, "b": 2}, {"a": 1, "b": 2}, False),
        ({"a": [1]}, {"a": [1, 2]}, {"a": [1]}, True),
        ({"a": {"x": 1}}, {"a": {"x": 1, "y": 2}}, {"a": {"x": 1, "y": 2}}, False),
        ({"counts": {"x": 1}}, {"counts": {"x": 0, "y": 2}}, {"counts": {"x": 1, "y": 2}}, False),
        ({"media": []}, {"media": []}, {"media": []}, False),
    ],
)
def test_filling(
    there: dict[str, Any], older: dict[str, Any], filled: dict[str, Any], gave_way: bool
) -> None:
    assert fill_record(there, older) == (filled, gave_way)
    assert fill_record(filled, older) == (filled, gave_way)


def test_an_item_whose_record_was_removed(tmp_path: Path) -> None:
    [first] = transfer(tmp_path, [post()])
    (tmp_path / RECORD).unlink()
    item: Item = post(caption="Old")
    with begun(tmp_path) as importer:
        receipt = importer.fill_item(item, first)
    assert record(tmp_path)["caption"] == "Old"
    assert not receipt.superseded
