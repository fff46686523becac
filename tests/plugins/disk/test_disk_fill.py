"""An older export adds what is absent, and changes nothing that is there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bundle_disk import begun, disk, transfer
from bundle_items import (
    blob,
    conversation,
    post,
    profile,
    section,
    snapshot,
    validate_bag,
    watched,
)
from decamp import Conflict, Fills, Item, Receipt

FOLDER = "data/posts/2023/2023-05-01T120000Z"
PHOTO = blob("2.jpg", b"\xff\xd8", "image/jpeg")
NEWER = post(caption="Newer", sound={"title": "Birds"}, counts={"likes": 9}, source={"path": "b"})


def with_photo(item: Item) -> Item:
    media = [{"name": "2.jpg", "media_type": "image/jpeg", "size": 2}, *item.record["media"]]
    return item.evolve(record={**item.record, "media": media}, blobs=(*item.blobs, PHOTO))


def filled(root: Path, item: Item, previous: Receipt) -> Receipt:
    """A whole run that fills one item; repeated, it gives the same and changes nothing."""
    with begun(root) as importer:
        assert isinstance(importer, Fills)
        receipt = importer.fill_item(item, previous)
        before = snapshot(root)
        assert importer.fill_item(item, previous) == receipt
        assert snapshot(root) == before
        importer.finish([receipt])
    validate_bag(root)
    assert [one.proof for one in disk(root).verify([receipt], "digest")] == ["digest"]
    return receipt


def record_of(root: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((root / FOLDER / "post.json").read_bytes())
    return loaded


def test_what_is_absent_is_added(tmp_path: Path) -> None:
    [first] = transfer(tmp_path, [NEWER])
    older = with_photo(
        post(
            caption="Newer",
            place="Rotterdam",
            sound={"title": "Birds", "artist": "A"},
            counts={"likes": 1, "shares": 2},
        )
    )
    receipt = filled(tmp_path, older, first)
    assert not receipt.superseded
    record = record_of(tmp_path)
    assert record["place"] == "Rotterdam"
    assert record["sound"] == {"title": "Birds", "artist": "A"}
    assert record["counts"] == {"likes": 9, "shares": 2}
    assert [entry["name"] for entry in record["media"]] == ["1.mp4", "2.jpg"]
    assert (tmp_path / FOLDER / "2.jpg").read_bytes() == b"\xff\xd8"


def test_newer_values_stay(tmp_path: Path) -> None:
    [first] = transfer(tmp_path, [NEWER])
    receipt = filled(tmp_path, post(caption="Older", place="Rotterdam"), first)
    assert receipt.superseded
    assert record_of(tmp_path)["caption"] == "Newer"
    assert record_of(tmp_path)["place"] == "Rotterdam"


@pytest.mark.parametrize(
    "older",
    [
        NEWER,
        NEWER.evolve(record={"caption": "Newer"}, blobs=()),
        NEWER.evolve(record={"counts": {"likes": 1}, "source": {"path": "a"}}, blobs=()),
        NEWER.evolve(record={"missing": [{"name": "1.mp4", "code": "expired"}]}, blobs=()),
    ],
)
def test_an_older_version_with_nothing_more_changes_no_byte(tmp_path: Path, older: Item) -> None:
    [first] = transfer(tmp_path, [NEWER])
    before = snapshot(tmp_path)
    receipt = filled(tmp_path, older, first)
    assert not receipt.superseded
    assert (receipt.data, snapshot(tmp_path)) == (first.data, before)


def test_other_bytes_of_a_blob_do_not_come(tmp_path: Path) -> None:
    [first] = transfer(tmp_path, [post(data=b"newer")])
    before = snapshot(tmp_path)
    receipt = filled(tmp_path, post(data=b"older"), first)
    assert receipt.superseded
    assert snapshot(tmp_path) == before


def test_a_strangers_file_in_a_blobs_place_stays(tmp_path: Path) -> None:
    [first] = transfer(tmp_path, [NEWER])
    (tmp_path / FOLDER / "2.jpg").write_bytes(b"mine")
    with begun(tmp_path) as importer:
        receipt = importer.fill_item(with_photo(NEWER), first)
    assert receipt.superseded
    assert (tmp_path / FOLDER / "2.jpg").read_bytes() == b"mine"
    assert [entry["name"] for entry in record_of(tmp_path)["media"]] == ["1.mp4"]
    assert receipt.data == first.data


def test_the_same_bytes_in_a_blobs_place_are_adopted(tmp_path: Path) -> None:
    [first] = transfer(tmp_path, [NEWER])
    (tmp_path / FOLDER / "2.jpg").write_bytes(b"\xff\xd8")
    receipt = filled(tmp_path, with_photo(NEWER), first)
    assert not receipt.superseded
    assert [file[0] for file in receipt.data["files"]] == [
        f"{FOLDER}/{name}" for name in ("post.json", "1.mp4", "2.jpg")
    ]


def test_a_version_that_lies_beside_is_there(tmp_path: Path) -> None:
    with begun(tmp_path) as importer:
        first = importer.import_item(post(data=b"one"))
        second = importer.update_item(post(data=b"two"), first)
        assert not importer.fill_item(post(data=b"two"), second).superseded
        assert importer.fill_item(post(data=b"three"), second).superseded


def test_what_was_missing_and_comes_is_missing_no_more(tmp_path: Path) -> None:
    missing = [{"name": "2.jpg", "code": "expired"}, {"name": "3.jpg", "code": "gone"}]
    [first] = transfer(tmp_path, [post(missing=missing)])
    receipt = filled(tmp_path, with_photo(post()), first)
    assert not receipt.superseded
    assert record_of(tmp_path)["missing"] == missing[1:]


@pytest.mark.parametrize(
    ("name", "content"),
    [("post.json", b'{"caption": "mine"}'), ("post.json", b"{"), ("1.mp4", b"cut")],
)
def test_a_persons_edit_wins(tmp_path: Path, name: str, content: bytes) -> None:
    [first] = transfer(tmp_path, [NEWER])
    (tmp_path / FOLDER / name).write_bytes(content)
    before = snapshot(tmp_path / "data")
    with begun(tmp_path) as importer:
        for older in (NEWER, with_photo(post(place="Rotterdam"))):
            with pytest.raises(Conflict):
                importer.fill_item(older, first)
    assert snapshot(tmp_path / "data") == before


def test_an_edit_is_not_taken_for_our_own_fill(tmp_path: Path) -> None:
    older = post(place="Rotterdam")
    [first] = transfer(tmp_path, [post()])
    edited = {**record_of(tmp_path), "place": "Rotterdam", "caption": "mine"}
    (tmp_path / FOLDER / "post.json").write_text(json.dumps(edited, indent=2) + "\n")
    with begun(tmp_path) as importer, pytest.raises(Conflict):
        importer.fill_item(older, first)


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        (profile(bio="New"), profile(links=["https://example.org"])),
        (conversation(title="Alice B."), conversation(group=True)),
    ],
)
def test_profile_and_conversation(tmp_path: Path, newer: Item, older: Item) -> None:
    [first] = transfer(tmp_path, [newer])
    receipt = filled(tmp_path, older, first)
    held = json.loads((tmp_path / receipt.data["files"][0][0]).read_bytes())
    assert held == {"item_id": newer.id} | older.record | newer.record
    assert receipt.superseded


@pytest.mark.parametrize("item", [watched(), section()])
def test_what_is_named_by_its_content_is_added(tmp_path: Path, item: Item) -> None:
    [first] = transfer(tmp_path, [item])
    with begun(tmp_path) as importer:
        again = importer.fill_item(item, first)
    assert again.existed
    assert not again.superseded


def test_of_a_record_that_is_gone_the_older_one_stays(tmp_path: Path) -> None:
    [first] = transfer(tmp_path, [NEWER])
    (tmp_path / FOLDER / "post.json").unlink()
    receipt = filled(tmp_path, post(caption="Older"), first)
    assert record_of(tmp_path)["caption"] == "Older"
    assert not receipt.superseded


def test_a_fill_is_taken_back(tmp_path: Path) -> None:
    [first] = transfer(tmp_path, [NEWER])
    before = snapshot(tmp_path)
    receipt = filled(tmp_path, with_photo(post(place="Rotterdam")), first)
    with begun(tmp_path) as importer:
        back = importer.remove(receipt, first)
        assert back is not None
        importer.finish([back])
    assert snapshot(tmp_path) == before
    validate_bag(tmp_path)
