"""What was delivered is taken back: exactly that, and only while it is as it was left."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from bundle_disk import begun, transfer
from bundle_faults import ENDED, KILLED, run_with_fault
from bundle_items import blob, messages, post, profile, sample_items, snapshot, validate_bag
from decamp import Conflict, Item, Receipt

FOLDER = "data/posts/2023/2023-05-01T120000Z"


def undo(root: Path, taken: list[tuple[Receipt, Receipt | None]], rest: list[Receipt]) -> None:
    with begun(root) as importer:
        for receipt, previous in taken:
            importer.remove(receipt, previous)
        importer.sync()
        importer.finish(rest)


def test_everything_is_taken_back(tmp_path: Path) -> None:
    (tmp_path / ".DS_Store").write_bytes(b"mac")
    receipts = transfer(tmp_path, sample_items())
    undo(tmp_path, [(one, None) for one in receipts], [])
    assert sorted(path.name for path in tmp_path.iterdir()) == [".DS_Store"]


def test_what_remains_is_as_if_the_rest_had_never_come(tmp_path: Path) -> None:
    few, all_items = sample_items()[:4], sample_items()
    transfer(tmp_path / "few", few)
    receipts = transfer(tmp_path / "all", all_items)
    staying = {item.id for item in few}
    gone = [(one, None) for one in receipts if one.item_id not in staying]
    undo(tmp_path / "all", gone, [one for one in receipts if one.item_id in staying])
    assert snapshot(tmp_path / "all") == snapshot(tmp_path / "few")
    validate_bag(tmp_path / "all")


def updated(root: Path, old: Item, new: Item) -> tuple[Receipt, Receipt, dict[str, bytes]]:
    [first] = transfer(root, [old])
    before = snapshot(root)
    with begun(root) as importer:
        second = importer.update_item(new, first)
        importer.sync()
        importer.finish([second])
    assert snapshot(root) != before
    return first, second, before


def with_photo(item: Item) -> Item:
    photo = blob("2.jpg", b"\xff\xd8", "image/jpeg")
    media = [*item.record["media"], {"name": "2.jpg", "media_type": "image/jpeg", "size": 2}]
    return item.evolve(record={**item.record, "media": media}, blobs=(*item.blobs, photo))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (post(place="Rotterdam"), post(caption="new")),
        (post(), with_photo(post(caption="new"))),
        (post(), post(data=b"another film", caption="new")),
        (profile(), profile(bio="Other words")),
    ],
)
def test_what_an_update_replaced_is_put_back(tmp_path: Path, old: Item, new: Item) -> None:
    first, second, before = updated(tmp_path, old, new)
    for _ in range(2):  # a killed undo is repeated
        undo(tmp_path, [(second, first)], [first])
        assert snapshot(tmp_path) == before
    validate_bag(tmp_path)


def test_an_update_whose_answer_was_lost_can_be_taken_back(tmp_path: Path) -> None:
    """The run was killed after the effect; the next one repeats it, and has the receipt."""
    [first] = transfer(tmp_path, [post()])
    before = snapshot(tmp_path)
    with begun(tmp_path) as importer:
        importer.update_item(post(caption="new"), first)
    with begun(tmp_path) as importer:
        second = importer.update_item(post(caption="new"), first)
        importer.finish([second])
    assert not (tmp_path / ".decamp-former").exists()
    undo(tmp_path, [(second, first)], [first])
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("name", ["post.json", "1.mp4"])
def test_what_was_changed_stays_and_so_does_all_of_its_item(tmp_path: Path, name: str) -> None:
    [receipt] = transfer(tmp_path, [post()])
    (tmp_path / FOLDER / name).write_bytes(b"my own")
    before = snapshot(tmp_path)
    with begun(tmp_path) as importer, pytest.raises(Conflict, match=name) as caught:
        importer.remove(receipt, None)
    assert caught.value.hint
    assert snapshot(tmp_path) == before


def test_an_edited_record_is_not_put_back(tmp_path: Path) -> None:
    first, second, _ = updated(tmp_path, post(), with_photo(post(caption="new")))
    record = tmp_path / FOLDER / "post.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"caption": "mine"}))
    before = snapshot(tmp_path)
    with begun(tmp_path) as importer, pytest.raises(Conflict):
        importer.remove(second, first)
    assert snapshot(tmp_path) == before


def test_a_former_version_that_is_not_known(tmp_path: Path) -> None:
    first, second, _ = updated(tmp_path, post(), post(caption="new"))
    without = Receipt(second.item_id, second.location, data={**second.data, "former": "{}"})
    before = snapshot(tmp_path)
    with begun(tmp_path) as importer, pytest.raises(Conflict, match="not known"):
        importer.remove(without, first)
    assert snapshot(tmp_path) == before


def test_strangers_files_stay(tmp_path: Path) -> None:
    receipts = transfer(tmp_path, [post(), messages()])
    mine = [tmp_path / FOLDER / "mine.txt", tmp_path / "notes.txt", tmp_path / "data/x"]
    for path in mine:
        path.write_bytes(b"mine")
    undo(tmp_path, [(one, None) for one in receipts], [])
    assert sorted(p for p in tmp_path.rglob("*") if p.is_file()) == sorted(mine)


def test_files_that_are_gone_are_no_obstacle(tmp_path: Path) -> None:
    receipts = transfer(tmp_path, sample_items())
    for path in tmp_path.rglob("*.mp4"):
        path.unlink()
    undo(tmp_path, [(one, None) for one in receipts], [])
    assert list(tmp_path.iterdir()) == []


def test_killed_at_any_step_and_repeated(tmp_path: Path) -> None:
    """A kill at each file operation of an undo; after the next try all is as it should be."""
    expected = None
    killed = 0
    for step in range(1, 400):
        root = tmp_path / str(step)
        first, second, _ = updated(root, post(), with_photo(post(caption="new")))
        with begun(root) as importer:
            others = [importer.import_item(item) for item in (profile(), messages())]
            importer.sync()
            importer.finish([second, *others])
        taken = [(second, first), *((one, None) for one in others)]
        ended = run_with_fault(partial(undo, root, taken, [first]), root, step)
        undo(root, taken, [first])
        found = snapshot(root)
        expected = expected or found
        assert found == expected
        validate_bag(root)
        if ended == ENDED:
            break
        assert ended == KILLED
        killed += 1
    assert killed > 20
