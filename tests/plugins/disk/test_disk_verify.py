"""What became of a bundle since it was written: found, file by file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bundle_disk import begun, disk, transfer
from bundle_items import post, sample_items, snapshot, watched
from decamp import Depth, Finding, Receipt

FOLDER = "data/posts/2023/2023-05-01T120000Z"
VIDEO = f"{FOLDER}/1.mp4"


def look(root: Path, receipts: list[Receipt], depth: Depth) -> list[Finding]:
    before = snapshot(root)
    found = list(disk(root).verify(receipts, depth))
    assert snapshot(root) == before
    assert [one.item_id for one in found[: len(receipts)]] == [one.item_id for one in receipts]
    return found


@pytest.mark.parametrize("depth", ["exists", "size", "digest"])
def test_all_is_well(tmp_path: Path, depth: Depth) -> None:
    receipts = transfer(tmp_path, sample_items())
    found = look(tmp_path, receipts, depth)
    assert [(one.proof, one.problem) for one in found] == [(depth, "")] * len(receipts)


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def replace_by_link(path: Path) -> None:
    path.rename(path.with_name("moved"))
    path.symlink_to("moved")


def replace_by_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("harm", "problem", "noticed"),
    [
        (flip, "changed", {"digest"}),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "changed", {"size", "digest"}),
        (Path.unlink, "missing", {"exists", "size", "digest"}),
        (replace_by_link, "replaced", {"size", "digest"}),
        (replace_by_folder, "replaced", {"size", "digest"}),
    ],
    ids=["flipped", "truncated", "deleted", "link", "folder"],
)
@pytest.mark.parametrize("depth", ["exists", "size", "digest"])
def test_each_harm_is_found(
    tmp_path: Path, harm: Callable[[Path], object], problem: str, noticed: set[str], depth: Depth
) -> None:
    receipts = transfer(tmp_path, [post(), watched()])
    harm(tmp_path / VIDEO)
    found = look(tmp_path, receipts, depth)
    bad = [one for one in found if one.problem and one.item_id]
    if depth not in noticed:
        assert bad == []
        return
    [one] = bad
    assert (one.item_id, one.proof, one.problem) == (post().id, None, problem)
    assert one.blobs == ("1.mp4",)
    assert one.places == (os.fspath(tmp_path / VIDEO),)
    assert [one.proof for one in found if one.item_id == watched().id] == [depth]


def test_a_record_that_is_gone_makes_the_item_missing(tmp_path: Path) -> None:
    receipts = transfer(tmp_path, [post()])
    (tmp_path / FOLDER / "post.json").unlink()
    [one] = look(tmp_path, receipts, "exists")
    assert (one.problem, one.blobs) == ("missing", None)
    [one] = look(tmp_path, receipts, "digest")
    assert (one.problem, one.blobs) == ("missing", None)


@pytest.mark.parametrize("name", ["data/x.txt", f"{FOLDER}/mine.txt", "notes.txt"])
def test_what_is_not_ours_is_told(tmp_path: Path, name: str) -> None:
    receipts = transfer(tmp_path, [post()])
    (tmp_path / name).write_bytes(b"mine")
    (tmp_path / ".DS_Store").write_bytes(b"mac")
    for depth in ("size", "digest"):
        *items, stranger = look(tmp_path, receipts, depth)
        assert [one.proof for one in items] == [depth]
        assert (stranger.item_id, stranger.problem) == ("", "added")
        assert stranger.places == (os.fspath(tmp_path / name),)
    assert len(look(tmp_path, receipts, "exists")) == 1


@pytest.mark.parametrize("name", ["index.html", "bag-info.txt", "manifest-sha256.txt"])
def test_files_around_the_payload(tmp_path: Path, name: str) -> None:
    receipts = transfer(tmp_path, [post()])
    flip(tmp_path / name)
    changed = [one for one in look(tmp_path, receipts, "digest") if one.problem]
    assert [(one.item_id, one.problem) for one in changed] == [("", "changed")]
    (tmp_path / name).unlink()
    gone = [one for one in look(tmp_path, receipts, "size") if one.problem]
    assert [(one.item_id, one.problem) for one in gone] == [("", "missing")]


def test_an_unfinished_bundle_can_be_looked_at(tmp_path: Path) -> None:
    with begun(tmp_path) as importer:
        receipt = importer.import_item(post())
    found = look(tmp_path, [receipt], "digest")
    assert [one.proof for one in found] == ["digest"]
