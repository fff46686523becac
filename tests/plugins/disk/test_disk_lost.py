"""What a person takes out of a bundle is noticed, and can be brought again."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bundle_disk import begun, disk, transfer
from bundle_items import blob, post, sample_items, snapshot, validate_bag, watched
from decamp import DestinationRefused, Item, Receipt, Verifies

FOLDER = "data/posts/2023/2023-05-01T120000Z"


def two_photos(**fields: object) -> Item:
    """A post of which one file has a name that is not kept."""
    photos = (blob("1.jpg", b"one", "image/jpeg"), blob("CON.jpg", b"two", "image/jpeg"))
    media = [{"name": one.name, "media_type": one.media_type, "size": 3} for one in photos]
    item = post(**fields)
    return item.evolve(record={**item.record, "type": "photos", "media": media}, blobs=photos)


def names_in(root: Path) -> list[str]:
    media = json.loads((root / FOLDER / "post.json").read_bytes()).get("media", [])
    return [entry["name"] for entry in media]


def digests(receipt: Receipt) -> dict[str, str]:
    return {path: digest for path, _, digest, *_ in receipt.data["files"]}


Lost = tuple[str, tuple[str, ...] | None]


def look(root: Path, receipts: list[Receipt]) -> list[Lost]:
    importer = disk(root)
    assert isinstance(importer, Verifies)
    found = list(importer.verify(receipts, "exists"))
    assert [one.item_id for one in found] == [one.item_id for one in receipts]
    assert all((one.proof == "exists") == (one.problem == "") for one in found)
    return [(one.item_id, one.blobs) for one in found if one.problem == "missing"]


def test_nothing_is_lost_and_nothing_changes(tmp_path: Path) -> None:
    receipts = transfer(tmp_path, sample_items())
    before = snapshot(tmp_path)
    assert look(tmp_path, receipts) == []
    assert snapshot(tmp_path) == before


def test_a_whole_bundle_is_lost(tmp_path: Path) -> None:
    receipts = transfer(tmp_path / "b", sample_items())
    shutil.rmtree(tmp_path / "b")
    assert look(tmp_path / "b", receipts) == [(one.item_id, None) for one in receipts]
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize(
    ("take", "blobs"),
    [
        (shutil.rmtree, None),
        (lambda folder: (folder / "post.json").unlink(), None),
        (lambda folder: (folder / "1.jpg").unlink(), ("1.jpg",)),
        (lambda folder: next(folder.glob("_CON*")).unlink(), ("CON.jpg",)),
        (lambda folder: [path.unlink() for path in folder.glob("*.jpg")], ("1.jpg", "CON.jpg")),
    ],
)
def test_what_is_lost_of_a_post_and_brought_again(
    tmp_path: Path, take: Callable[[Path], object], blobs: tuple[str, ...] | None
) -> None:
    item = two_photos(place="Rotterdam")
    receipts = transfer(tmp_path, [item, watched()])
    before = snapshot(tmp_path)
    take(tmp_path / FOLDER)
    assert look(tmp_path, receipts) == [(item.id, blobs)]
    mine = next(one for one in receipts if one.item_id == item.id)
    with begun(tmp_path) as importer:
        again = importer.update_item(item, mine)
        assert digests(importer.update_item(item, mine)) == digests(again) == digests(mine)
        importer.finish([again, *(one for one in receipts if one is not mine)])
    assert snapshot(tmp_path) == before
    validate_bag(tmp_path)


def test_a_file_in_the_place_of_a_folder_leaves_the_item_lost(tmp_path: Path) -> None:
    receipts = transfer(tmp_path, [post()])
    shutil.rmtree(tmp_path / FOLDER)
    (tmp_path / FOLDER).write_bytes(b"mine")
    assert look(tmp_path, receipts) == [(post().id, None)]


def test_an_edit_is_not_a_loss(tmp_path: Path) -> None:
    receipts = transfer(tmp_path, [post()])
    (tmp_path / FOLDER / "1.mp4").write_bytes(b"")
    (tmp_path / FOLDER / "post.json").write_text("my own words")
    assert look(tmp_path, receipts) == []


def test_a_disk_that_does_not_tell_has_not_lost_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipts = transfer(tmp_path, [post()])

    def fail(path: str) -> os.stat_result:
        raise OSError(errno.EIO, os.strerror(errno.EIO), path)

    with monkeypatch.context() as broken:  # a disk that fails in this moment cannot be had
        broken.setattr(os, "lstat", fail)
        with pytest.raises(DestinationRefused):
            look(tmp_path, receipts)


def test_what_cannot_be_brought_again_is_not_said_to_be_there(tmp_path: Path) -> None:
    [receipt] = transfer(tmp_path, [two_photos()])
    (tmp_path / FOLDER / "1.jpg").unlink()
    item = two_photos(caption="Later")
    missing = [{"name": "1.jpg", "code": "expired"}]
    media = [entry for entry in item.record["media"] if entry["name"] != "1.jpg"]
    later = item.evolve(record={**item.record, "media": media, "missing": missing}, blobs=())
    with begun(tmp_path) as importer:
        receipt = importer.update_item(later, receipt)
        importer.finish([receipt])
    record = json.loads((tmp_path / FOLDER / "post.json").read_bytes())
    assert (names_in(tmp_path), record["missing"]) == (["CON.jpg"], missing)
    assert len(receipt.data["files"]) == 2
    assert look(tmp_path, [receipt]) == []
    validate_bag(tmp_path)


def test_the_last_file_leaves_no_empty_list(tmp_path: Path) -> None:
    [receipt] = transfer(tmp_path, [post()])
    (tmp_path / FOLDER / "1.mp4").unlink()
    later = post(caption="Later")
    record = {key: value for key, value in later.record.items() if key != "media"}
    with begun(tmp_path) as importer:
        importer.update_item(later.evolve(record=record, blobs=()), receipt)
    held = json.loads((tmp_path / FOLDER / "post.json").read_bytes())
    assert held == {"item_id": later.id} | record


@pytest.mark.parametrize("taken", [0, 1])
def test_one_of_two_versions_of_a_blob(tmp_path: Path, taken: int) -> None:
    with begun(tmp_path) as importer:
        first = importer.import_item(post(data=b"film"))
        second = importer.update_item(post(data=b"FILM2"), first)
        versions = sorted((tmp_path / FOLDER).glob("*.mp4"), key=lambda path: len(path.name))
        versions[taken].unlink()
        assert look(tmp_path, [second]) == [(post().id, ("1.mp4",))]
        third = importer.update_item(post(data=b"FILM2", caption="x"), second)
        assert names_in(tmp_path) == [path.name for path in versions]
        assert look(tmp_path, [third]) == []
    assert all(path.exists() for path in versions)
