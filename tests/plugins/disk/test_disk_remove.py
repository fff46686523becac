"""Deliveries are taken back: what decamp left goes, what others did stays."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bundle_disk import begun, disk, transfer
from bundle_items import (
    blob,
    conversation,
    messages,
    post,
    profile,
    sample_items,
    snapshot,
    validate_bag,
    watched,
)
from decamp import Conflict, DestinationRefused, Item, Receipt, Removes

FOLDER = "data/posts/2023/2023-05-01T120000Z"
OLD = [post(place="Rotterdam"), profile(), conversation(), messages()]
CHANGED = [post(data=b"other film", caption="Changed"), profile(bio="New"), conversation(title="B")]


def everything(root: Path) -> list[str]:
    """Every file and folder below, links included."""
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*"))


def undo(
    root: Path, receipts: list[Receipt], kept: list[Receipt], previous: list[Receipt] | None = None
) -> list[Receipt]:
    """Take deliveries back, as a run that undoes does; returns the receipts that hold then."""
    before = {receipt.item_id: receipt for receipt in previous or []}
    with begun(root) as importer:
        assert isinstance(importer, Removes)
        back = [importer.remove(one, before.get(one.item_id)) for one in reversed(receipts)]
        left = sorted([*kept, *filter(None, back)], key=lambda receipt: receipt.item_id)
        importer.sync()
        importer.finish(left)
    return left


def updated(root: Path, items: list[Item], previous: list[Receipt]) -> list[Receipt]:
    """A run that brings items up to date; returns their receipts."""
    before = {receipt.item_id: receipt for receipt in previous}
    with begun(root) as importer:
        new = [importer.update_item(item, before[item.id]) for item in items]
        importer.sync()
        everything = before | {receipt.item_id: receipt for receipt in new}
        importer.finish([everything[item_id] for item_id in sorted(everything)])
    return new


def without_times(receipt: Receipt) -> object:
    """A receipt but for the times of files, which a restored file has anew."""
    files = [[path, size, digest, *more] for path, size, digest, _, *more in receipt.data["files"]]
    return receipt.location, {**receipt.data, "files": files}


# --- new items ---------------------------------------------------------------------------


@pytest.mark.parametrize("made", [True, False])
def test_undoing_everything_leaves_the_folder_as_it_was(tmp_path: Path, made: bool) -> None:
    root = tmp_path / "b"
    if made:
        root.mkdir()
    receipts = transfer(root, sample_items())
    assert undo(root, receipts, []) == []
    assert everything(root) == []
    assert disk(root).check().holds is None
    transfer(root, sample_items())
    validate_bag(root)


def test_undoing_some_leaves_a_bag_as_if_they_had_never_come(tmp_path: Path) -> None:
    items = sample_items()
    transfer(tmp_path / "reference", items[:6])
    kept = transfer(tmp_path / "b", items[:6])
    with begun(tmp_path / "b") as importer:
        new = [importer.import_item(item) for item in items[6:]]
        importer.finish(sorted([*kept, *new], key=lambda receipt: receipt.item_id))
    assert snapshot(tmp_path / "b") != snapshot(tmp_path / "reference")
    undo(tmp_path / "b", new, kept)
    assert snapshot(tmp_path / "b") == snapshot(tmp_path / "reference")
    assert everything(tmp_path / "b") == everything(tmp_path / "reference")
    validate_bag(tmp_path / "b")


def test_what_systems_put_into_folders_stays(tmp_path: Path) -> None:
    (tmp_path / ".DS_Store").write_bytes(b"mac")
    undo(tmp_path, transfer(tmp_path, sample_items()), [])
    assert everything(tmp_path) == [".DS_Store"]


def test_files_that_are_gone_are_no_obstacle(tmp_path: Path) -> None:
    receipts = transfer(tmp_path, sample_items())
    for path in tmp_path.rglob("*.mp4"):
        path.unlink()
    undo(tmp_path, receipts, [])
    assert everything(tmp_path) == []


def test_an_unfinished_run_is_taken_back_too(tmp_path: Path) -> None:
    with begun(tmp_path) as importer:
        receipts = [importer.import_item(item) for item in OLD]
        receipts.append(importer.update_item(CHANGED[0], receipts[0]))
    undo(tmp_path, receipts[1:], [])
    assert everything(tmp_path) == []


def test_repeating_it_does_no_harm(tmp_path: Path) -> None:
    kept = transfer(tmp_path, [profile()])
    before = snapshot(tmp_path)
    with begun(tmp_path) as importer:
        new = importer.import_item(post())
        for _ in range(3):
            assert importer.remove(new, None) is None
        importer.finish(kept)
    undo(tmp_path, [new], kept)
    assert snapshot(tmp_path) == before


def test_what_was_removed_can_come_again_in_the_same_run(tmp_path: Path) -> None:
    with begun(tmp_path) as importer:
        first = importer.import_item(post())
        importer.remove(first, None)
        assert not (tmp_path / "data").exists()
        again = importer.import_item(post())
        importer.finish([again])
    assert not again.existed
    validate_bag(tmp_path)


# --- other people's files ----------------------------------------------------------------


def test_a_strangers_file_survives(tmp_path: Path) -> None:
    receipts = transfer(
        tmp_path, [post(), post("2021-01-01T00:00:00Z"), messages(), conversation()]
    )
    (tmp_path / FOLDER / "mine.txt").write_text("mine")
    (tmp_path / "data/messages/alice/link").symlink_to("/nowhere")
    (tmp_path / "data/own/deep").mkdir(parents=True)
    (tmp_path / "notes.txt").write_text("mine")
    assert undo(tmp_path, receipts, []) == []
    assert [path for path in everything(tmp_path) if not (tmp_path / path).is_dir()] == [
        "data/messages/alice/link",
        f"{FOLDER}/mine.txt",
        "decamp.json",
        "notes.txt",
    ]
    assert (tmp_path / "data/own/deep").is_dir()
    assert not (tmp_path / "data/posts/2021").exists()
    assert disk(tmp_path).check().seal, "what is left may be decamp's: the next run has to find it"
    shutil.rmtree(tmp_path / "data")
    assert undo(tmp_path, [], []) == []
    assert everything(tmp_path) == ["notes.txt"]
    with pytest.raises(DestinationRefused):  # no bundle any more, and not empty
        disk(tmp_path).check()


EDITS: dict[str, Callable[[Path], object]] = {
    "record": lambda folder: (folder / "post.json").write_text('{"caption": "mine"}'),
    "same length": lambda folder: (folder / "1.mp4").write_bytes(b"FILM"),
    "emptied": lambda folder: (folder / "1.mp4").write_bytes(b""),
    "folder": lambda folder: ((folder / "1.mp4").unlink(), (folder / "1.mp4").mkdir()),
    "link": lambda folder: (
        (folder / "1.mp4").rename(folder / "other"),
        (folder / "1.mp4").symlink_to(folder / "other"),
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_item_is_left_as_it_is(tmp_path: Path, edit: str) -> None:
    receipts = transfer(tmp_path, [post()])
    EDITS[edit](tmp_path / FOLDER)
    before = snapshot(tmp_path)
    with begun(tmp_path) as importer:
        with pytest.raises(Conflict, match=r"post\.json|1\.mp4") as caught:
            importer.remove(receipts[0], None)
        assert caught.value.hint
        everything_but_the_lock = {
            name: data for name, data in snapshot(tmp_path).items() if name != ".decamp.lock"
        }
        assert everything_but_the_lock == before


def test_an_edited_file_that_was_moved_away_is_in_nobodys_way(tmp_path: Path) -> None:
    receipts = transfer(tmp_path / "b", [post()])
    EDITS["record"](tmp_path / "b" / FOLDER)
    (tmp_path / "b" / FOLDER / "post.json").rename(tmp_path / "mine.json")
    undo(tmp_path / "b", receipts, [])
    assert everything(tmp_path / "b") == []


# --- updates -----------------------------------------------------------------------------


def test_an_update_is_taken_back(tmp_path: Path) -> None:
    old = transfer(tmp_path, OLD)
    before, names = snapshot(tmp_path), everything(tmp_path)
    new = updated(tmp_path, CHANGED, old)
    assert (tmp_path / FOLDER / "post.json").read_bytes() != before[f"{FOLDER}/post.json"]
    validate_bag(tmp_path)
    changed = {receipt.item_id for receipt in new}
    left = undo(tmp_path, new, [one for one in old if one.item_id not in changed], old)
    assert snapshot(tmp_path) == before
    assert everything(tmp_path) == names
    assert list(map(without_times, left)) == list(map(without_times, old))
    assert [one.proof for one in disk(tmp_path).verify(left, "digest")] == ["digest"] * len(OLD)
    validate_bag(tmp_path)


def test_updates_are_taken_back_one_run_after_the_other(tmp_path: Path) -> None:
    states, receipts = [], [transfer(tmp_path, [post(place="Rotterdam")])]
    for number in range(4):
        states.append(snapshot(tmp_path))
        item = post(data=b"film %d" % number, caption=f"Version {number}")
        receipts.append(updated(tmp_path, [item], receipts[-1]))
    last = receipts.pop()
    while states:
        last = undo(tmp_path, last, [], receipts.pop())
        assert snapshot(tmp_path) == states.pop()


@pytest.mark.parametrize("lost", [False, True])
def test_two_updates_of_one_run_are_taken_back_together(tmp_path: Path, lost: bool) -> None:
    old = transfer(tmp_path, [post(place="Rotterdam")])
    before = snapshot(tmp_path)
    photo = blob("2.jpg", b"\xff\xd8", "image/jpeg")
    with begun(tmp_path) as importer:
        first = importer.update_item(post(caption="A", data=b"one"), old[0])
        second = importer.update_item(post(caption="B").evolve(blobs=(photo,)), first)
        if lost:  # the answer; asked again by the next run
            assert importer.update_item(post(caption="B").evolve(blobs=(photo,)), first) == second
    assert undo(tmp_path, [second], [], old)
    assert snapshot(tmp_path) == before
    validate_bag(tmp_path)


def test_an_update_whose_answer_was_lost_is_taken_back(tmp_path: Path) -> None:
    old = transfer(tmp_path, [post(place="Rotterdam")])
    before = snapshot(tmp_path)
    with begun(tmp_path) as importer:
        answer = importer.update_item(CHANGED[0], old[0])
    with begun(tmp_path) as importer:  # the next process
        again = importer.update_item(CHANGED[0], old[0])
        assert again == answer
        importer.finish([again])
    assert not list(tmp_path.glob(".decamp*"))
    undo(tmp_path, [again], [], old)
    assert snapshot(tmp_path) == before


def test_taking_an_update_back_twice_does_no_harm(tmp_path: Path) -> None:
    old = transfer(tmp_path, [post(place="Rotterdam")])
    before = snapshot(tmp_path)
    new = updated(tmp_path, CHANGED[:1], old)
    with begun(tmp_path) as importer:
        once = importer.remove(new[0], old[0])
        assert once is not None
        assert importer.remove(new[0], old[0]) == once
        importer.finish([once])
    assert snapshot(tmp_path) == before


EDITS_AFTER: dict[str, Callable[[Path], object]] = {
    "record": lambda folder: (folder / "post.json").write_text("{}"),
    "added file": lambda folder: next(folder.glob("1-*.mp4")).write_bytes(b"mine"),
}


@pytest.mark.parametrize("edit", EDITS_AFTER)
def test_an_edit_after_an_update_stays(tmp_path: Path, edit: str) -> None:
    old = transfer(tmp_path, [post()])
    new = updated(tmp_path, CHANGED[:1], old)
    EDITS_AFTER[edit](tmp_path / FOLDER)
    before = snapshot(tmp_path / "data")
    with begun(tmp_path) as importer, pytest.raises(Conflict):
        importer.remove(new[0], old[0])
    assert snapshot(tmp_path / "data") == before


def test_without_the_former_record_nothing_changes(tmp_path: Path) -> None:
    old = transfer(tmp_path, [post()])
    [new] = updated(tmp_path, CHANGED[:1], old)
    data = {key: value for key, value in new.data.items() if key != "former"}
    before = snapshot(tmp_path / "data")
    with begun(tmp_path) as importer, pytest.raises(Conflict, match="not known"):
        importer.remove(Receipt(new.item_id, new.location, data=data), old[0])
    assert snapshot(tmp_path / "data") == before


def test_of_an_updated_item_that_a_person_took_out_nothing_comes_back(tmp_path: Path) -> None:
    old = transfer(tmp_path, [post(), profile()])
    mine = next(one for one in old if one.item_id == post().id)
    new = updated(tmp_path, CHANGED[:1], old)
    for name in ("post.json", "1.mp4"):
        (tmp_path / FOLDER / name).unlink()
    left = undo(tmp_path, new, [one for one in old if one is not mine], [mine])
    assert [one.item_id for one in left] == ["profile"]
    assert not (tmp_path / "data/posts").exists()
    validate_bag(tmp_path)


def test_a_file_that_came_again_with_other_bytes_goes(tmp_path: Path) -> None:
    old = transfer(tmp_path, [post(data=b"film")])
    (tmp_path / FOLDER / "1.mp4").unlink()
    new = updated(tmp_path, [post(data=b"other", caption="Changed")], old)
    assert (tmp_path / FOLDER / "1.mp4").read_bytes() == b"other"
    undo(tmp_path, new, [], old)
    assert [path.name for path in (tmp_path / FOLDER).iterdir()] == ["post.json"]


def test_a_record_that_a_person_took_out_comes_back_beside_its_files(tmp_path: Path) -> None:
    old = transfer(tmp_path, [post()])
    before = snapshot(tmp_path)
    new = updated(tmp_path, CHANGED[:1], old)
    (tmp_path / FOLDER / "post.json").unlink()
    undo(tmp_path, new, [], old)
    assert snapshot(tmp_path) == before


def test_former_records_are_few_and_not_in_the_bundle(tmp_path: Path) -> None:
    receipts = transfer(tmp_path, [post()])
    for number in range(5):
        receipts = updated(tmp_path, [post(caption=str(number))], receipts)
    texts = [json.loads(text)["caption"] for text in receipts[0].data["former"]]
    assert texts == ["3", "2"]
    assert not list(tmp_path.glob(".decamp*"))


# --- the end -----------------------------------------------------------------------------


def test_files_that_went_otherwise_do_not_dissolve_the_bag(tmp_path: Path) -> None:
    receipts = transfer(tmp_path, [post()])
    shutil.rmtree(tmp_path / "data")
    with begun(tmp_path) as importer, pytest.raises(DestinationRefused, match="none of the"):
        importer.finish(receipts)
    assert (tmp_path / "decamp.json").exists()


def test_taking_back_what_a_person_took_out_dissolves_the_bag(tmp_path: Path) -> None:
    receipts = transfer(tmp_path, [watched()])
    shutil.rmtree(tmp_path / "data")
    undo(tmp_path, receipts, [])
    assert everything(tmp_path) == []


def test_many_pages_go_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("decamp.bundle.page.POSTS_ON_INDEX", 1)
    receipts = transfer(tmp_path, [post(), post("2022-01-01T00:00:00Z")])
    assert len(list(tmp_path.glob("posts-*.html"))) == 2
    undo(tmp_path, receipts, [])
    assert everything(tmp_path) == []
