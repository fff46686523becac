"""Damage of every sort is found, named, and told apart from what is not from decamp."""

from __future__ import annotations

import json
import os
import shutil
import tracemalloc
import unicodedata
from collections.abc import Callable
from pathlib import Path

import bagit
import pytest

from bundle_disk import begun, disk, transfer
from bundle_items import blob, conversation, post, profile, sample_items, snapshot, validate_bag
from decamp import Depth, DestinationRefused, Finding, Item, Receipt

FOLDER = "data/posts/2023/2023-05-01T120000Z"
DEPTHS: tuple[Depth, ...] = ("exists", "size", "digest")
TAGS = [
    *("bag-info.txt", "bagit.txt", "decamp.json", "index.html", "manifest-sha256.txt"),
    "tagmanifest-sha256.txt",
]


def two_photos() -> Item:
    """A post of which one file has a name that is not kept."""
    photos = (blob("1.jpg", b"one", "image/jpeg"), blob("CON.jpg", b"two", "image/jpeg"))
    media = [{"name": one.name, "media_type": one.media_type, "size": 3} for one in photos]
    item = post()
    return item.evolve(record={**item.record, "type": "photos", "media": media}, blobs=photos)


def look(root: Path, receipts: list[Receipt], depth: Depth) -> list[Finding]:
    """All findings; those of the receipts come first, one each, in order."""
    before = snapshot(root)
    found = list(disk(root).verify(receipts, depth))
    assert snapshot(root) == before
    assert [one.item_id for one in found[: len(receipts)]] == [one.item_id for one in receipts]
    assert all(one.item_id == "" for one in found[len(receipts) :])
    assert all((one.proof is None) == bool(one.problem) for one in found)
    assert all(one.places for one in found if one.problem)
    return found


def problems(root: Path, receipts: list[Receipt], depth: Depth) -> set[tuple[str, str, object]]:
    """What is wrong, as (item, problem, blobs); for what is no item, with its place."""
    found = [one for one in look(root, receipts, depth) if one.problem]
    return {
        (one.item_id, one.problem, one.blobs if one.item_id else within(root, one)) for one in found
    }


def within(root: Path, finding: Finding) -> str:
    (place,) = finding.places
    return Path(place).relative_to(root).as_posix()


def flip(path: Path) -> None:
    """Turn one bit, and leave length and times as they were, as a bad disk does."""
    status, data = path.stat(), bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 2)


def as_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def as_link(path: Path) -> None:
    kept = path.with_name(f"moved-{path.name}")
    path.rename(kept)
    path.symlink_to(kept)


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_sound_bundle_is_proved_and_not_changed(tmp_path: Path, depth: Depth) -> None:
    receipts = transfer(tmp_path, sample_items())
    assert [one.proof for one in look(tmp_path, receipts, depth)] == [depth] * len(receipts)


DAMAGE: dict[str, tuple[Callable[[Path], object], dict[Depth, str]]] = {
    "flipped bit": (flip, {"exists": "", "size": "", "digest": "changed"}),
    "truncated": (truncate, {"exists": "", "size": "changed", "digest": "changed"}),
    "deleted": (Path.unlink, dict.fromkeys(DEPTHS, "missing")),
    "folder": (as_folder, {"exists": "", "size": "replaced", "digest": "replaced"}),
    "link": (as_link, {"exists": "", "size": "replaced", "digest": "replaced"}),
}


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("name", ["post.json", "1.jpg", "_CON*"])
def test_damage_to_each_file(tmp_path: Path, damage: str, name: str, depth: Depth) -> None:
    item = two_photos()
    receipts = transfer(tmp_path, [item, profile()])
    do, expected = DAMAGE[damage]
    (path,) = (tmp_path / FOLDER).glob(name)
    do(path)
    mine = [one for one in look(tmp_path, receipts, depth) if one.item_id == item.id]
    blobs = {"post.json": None, "1.jpg": ("1.jpg",), "_CON*": ("CON.jpg",)}[name]
    if expected[depth]:
        assert mine == [Finding(item.id, problem=expected[depth], blobs=blobs, places=(str(path),))]
    else:
        assert mine == [Finding(item.id, depth)]
    others = [one for one in look(tmp_path, receipts, depth) if one.item_id == "profile"]
    assert others == [Finding("profile", depth)]


def test_of_several_problems_the_gravest_is_named(tmp_path: Path) -> None:
    item = two_photos()
    receipts = transfer(tmp_path, [item])
    truncate(tmp_path / FOLDER / "post.json")
    (tmp_path / FOLDER / "1.jpg").unlink()
    assert problems(tmp_path, receipts, "size") == {(item.id, "missing", ("1.jpg",))}
    (tmp_path / FOLDER / "1.jpg").write_bytes(b"0ne")
    assert problems(tmp_path, receipts, "digest") == {(item.id, "changed", None)}


def test_a_file_in_the_place_of_the_items_folder(tmp_path: Path) -> None:
    receipts = transfer(tmp_path, [post()])
    shutil.rmtree(tmp_path / FOLDER)
    (tmp_path / FOLDER).write_bytes(b"mine")
    assert problems(tmp_path, receipts, "digest") == {
        (post().id, "missing", None),
        ("", "added", FOLDER),
    }


@pytest.mark.parametrize("depth", ["size", "digest"])
def test_what_is_not_from_decamp_is_listed(tmp_path: Path, depth: Depth) -> None:
    receipts = transfer(tmp_path, [post(), conversation("Ålice")])
    (tmp_path / FOLDER / "mine.txt").write_text("mine")
    (tmp_path / "data/link").symlink_to("/nowhere")
    (tmp_path / "data/empty").mkdir()
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "more").mkdir()
    for clutter in (".DS_Store", ".decamp.lock", ".decamp-tmp-1234", "Thumbs.db"):
        (tmp_path / clutter).touch()
    (composed,) = (tmp_path / "data/messages").iterdir()
    composed.rename(composed.with_name(unicodedata.normalize("NFD", composed.name)))
    added = [f"{FOLDER}/mine.txt", "data/link", "notes.txt", "more"]
    found = {one for one in problems(tmp_path, receipts, depth) if not one[0]}
    assert found == {("", "added", path) for path in added}
    assert not [one for one in look(tmp_path, receipts, "exists") if not one.item_id]


def test_a_strangers_file_that_the_manifest_lists_and_that_is_gone(tmp_path: Path) -> None:
    receipts = transfer(tmp_path, [post()])
    mine = tmp_path / "data/100% mine.txt"
    mine.write_text("mine")
    with begun(tmp_path) as importer:
        receipts = [importer.import_item(profile()), *receipts]
        importer.finish(receipts[::-1])
    mine.unlink()
    for depth in DEPTHS[1:]:
        assert problems(tmp_path, receipts, depth) == {("", "missing", "data/100% mine.txt")}


@pytest.mark.parametrize("name", TAGS)
@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_to_the_files_beside_the_payload(tmp_path: Path, name: str, damage: str) -> None:
    receipts = transfer(tmp_path, [post()])
    do, expected = DAMAGE[damage]
    do(tmp_path / name)
    if (name, damage) == ("decamp.json", "folder"):
        for refuses in (disk(tmp_path).check, lambda: problems(tmp_path, receipts, "size")):
            with pytest.raises(DestinationRefused):
                refuses()
        return
    found = {one for one in problems(tmp_path, receipts, "digest") if one[1] != "added"}
    if (name, damage) == ("tagmanifest-sha256.txt", "flipped bit"):
        assert found  # a file differs from what it says, or it is no manifest any more
    else:
        assert found == {("", expected["digest"], name)}


@pytest.mark.parametrize("name", TAGS)
@pytest.mark.parametrize("damage", ["flipped bit", "truncated", "deleted"])
def test_whatever_bagit_objects_to_is_found(tmp_path: Path, name: str, damage: str) -> None:
    receipts = transfer(tmp_path, [post()])
    DAMAGE[damage][0](tmp_path / name)
    try:
        validate_bag(tmp_path)
    except bagit.BagError:
        assert problems(tmp_path, receipts, "digest")
    else:  # a tag manifest need not be there
        assert name == "tagmanifest-sha256.txt"


def test_every_bit_of_the_tag_manifest_counts(tmp_path: Path) -> None:
    receipts = transfer(tmp_path, [post()])
    path = tmp_path / "tagmanifest-sha256.txt"
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert problems(tmp_path, receipts, "digest"), at


def test_missing_tag_files_show_without_reading(tmp_path: Path) -> None:
    receipts = transfer(tmp_path, [post()])
    (tmp_path / "bag-info.txt").unlink()
    (tmp_path / "index.html").write_text("another")
    assert problems(tmp_path, receipts, "size") == {("", "missing", "bag-info.txt")}


def test_a_lost_marker_is_said_once(tmp_path: Path) -> None:
    receipts = transfer(tmp_path, [post()])
    (tmp_path / "decamp.json").unlink()
    assert problems(tmp_path, receipts, "digest") == {("", "missing", "decamp.json")}


def test_an_unfinished_bag_has_no_tag_files_to_miss(tmp_path: Path) -> None:
    with begun(tmp_path) as importer:
        receipts = [importer.import_item(post())]
        receipts = [importer.update_item(post(caption="new"), receipts[0])]
        assert (tmp_path / ".decamp-former").is_dir()
        assert problems(tmp_path, receipts, "digest") == set()


def test_a_bundle_that_is_gone(tmp_path: Path) -> None:
    receipts = transfer(tmp_path / "b", [post()])
    shutil.rmtree(tmp_path / "b")
    assert problems(tmp_path / "b", receipts, "digest") == {
        (post().id, "missing", None),
        ("", "missing", "decamp.json"),
    }
    assert list(disk(tmp_path / "b").verify([], "digest")) == []


def test_an_edit_that_the_manifest_lists_is_still_a_change(tmp_path: Path) -> None:
    receipts = transfer(tmp_path, [post(), profile()])
    record = tmp_path / FOLDER / "post.json"
    record.write_text(json.dumps({"caption": "my own"}))
    with begun(tmp_path) as importer:
        receipts.append(importer.import_item(conversation()))
        importer.finish(receipts)
    validate_bag(tmp_path)
    assert problems(tmp_path, receipts, "digest") == {(post().id, "changed", None)}


def test_contents_stay_out_of_memory(tmp_path: Path) -> None:
    film = post(data=bytes(32 << 20))
    receipts = transfer(tmp_path, [film])
    del film
    tracemalloc.start()
    try:
        assert [one.problem for one in disk(tmp_path).verify(receipts, "digest")] == [""]
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()
