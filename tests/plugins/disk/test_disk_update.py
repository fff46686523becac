from __future__ import annotations

import json
from pathlib import Path

import pytest

from bundle_disk import begun, transfer
from bundle_items import blob, conversation, post, profile, snapshot, validate_bag, watched
from decamp import Conflict, Item, Receipt

FOLDER = "data/posts/2023/2023-05-01T120000Z"


def record_of(root: Path) -> dict[str, object]:
    loaded: dict[str, object] = json.loads((root / FOLDER / "post.json").read_bytes())
    return loaded


def with_photo(item: Item) -> Item:
    photo = blob("2.jpg", b"\xff\xd8", "image/jpeg")
    media = [*item.record["media"], {"name": "2.jpg", "media_type": "image/jpeg", "size": 2}]
    return item.evolve(record={**item.record, "media": media}, blobs=(*item.blobs, photo))


def test_merges_the_record_and_adds_blobs(tmp_path: Path) -> None:
    with begun(tmp_path) as importer:
        first = importer.import_item(post(place="Rotterdam"))
        second = importer.update_item(with_photo(post(caption="Sunset")), first)
        importer.finish([second])
    assert record_of(tmp_path)["place"] == "Rotterdam"
    assert record_of(tmp_path)["caption"] == "Sunset"
    paths = [path.rpartition("/")[2] for path, *_ in second.data["files"]]
    assert paths == ["post.json", "1.mp4", "2.jpg"]
    assert not second.existed
    validate_bag(tmp_path)


def test_what_is_absent_now_stays(tmp_path: Path) -> None:
    item = post()
    without = item.evolve(blobs=(), record={"caption": "later", "type": "video"})
    with begun(tmp_path) as importer:
        first = importer.import_item(item)
        second = importer.update_item(without, first)
    assert (tmp_path / FOLDER / "1.mp4").read_bytes() == b"film"
    assert record_of(tmp_path)["media"] == item.record["media"]
    assert second.data["files"][1:] == first.data["files"][1:]


def test_other_bytes_of_a_blob_lie_beside_the_old(tmp_path: Path) -> None:
    with begun(tmp_path) as importer:
        first = importer.import_item(post(data=b"film"))
        second = importer.update_item(post(data=b"FILM2", caption="x"), first)
        third = importer.update_item(post(data=b"FILM2", caption="y"), second)
    names = sorted(path.name for path in (tmp_path / FOLDER).iterdir())
    assert len(names) == 3
    assert (tmp_path / FOLDER / "1.mp4").read_bytes() == b"film"
    assert [entry["name"] for entry in record_of(tmp_path)["media"]] == names[1::-1]  # type: ignore[attr-defined]
    assert len(third.data["files"]) == 3


@pytest.mark.parametrize(
    "edit",
    [
        lambda folder: (folder / "post.json").write_text('{"caption": "mine"}'),
        lambda folder: (folder / "post.json").write_text("{"),
        lambda folder: (folder / "1.mp4").write_bytes(b"cut"),
    ],
)
def test_a_persons_edit_wins(tmp_path: Path, edit: object) -> None:
    with begun(tmp_path) as importer:
        first = importer.import_item(post())
        edit(tmp_path / FOLDER)  # type: ignore[operator]
        before = snapshot(tmp_path)
        with pytest.raises(Conflict) as caught:
            importer.update_item(with_photo(post(caption="new")), first)
        assert caught.value.hint
        assert post().id not in caught.value.message
        assert snapshot(tmp_path) == before


def test_an_update_whose_answer_was_lost_can_be_repeated(tmp_path: Path) -> None:
    with begun(tmp_path) as importer:
        first = importer.import_item(post(place="Rotterdam"))
        changed = with_photo(post(caption="new"))
        second = importer.update_item(changed, first)
        before = snapshot(tmp_path)
        assert importer.update_item(changed, first) == second
        assert snapshot(tmp_path) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [(profile(), profile(bio="New")), (conversation(), conversation(title="Alice B."))],
)
def test_profile_and_conversation(tmp_path: Path, old: Item, new: Item) -> None:
    with begun(tmp_path) as importer:
        first = importer.import_item(old)
        second = importer.update_item(new, first)
        held = json.loads((tmp_path / second.data["files"][0][0]).read_bytes())
        assert held == {"item_id": new.id} | new.record
        assert importer.find_item(new)


def test_a_segment_is_never_rewritten(tmp_path: Path) -> None:
    with begun(tmp_path) as importer:
        first = importer.import_item(watched())
        assert importer.update_item(watched(), first).existed


def test_a_finished_bag_is_incomplete_while_it_is_updated(tmp_path: Path) -> None:
    receipts: list[Receipt] = transfer(tmp_path, [post()])
    with begun(tmp_path) as importer:
        receipts = [importer.update_item(post(caption="new"), receipts[0])]
        assert not json.loads((tmp_path / "decamp.json").read_bytes())["complete"]
        assert not (tmp_path / "manifest-sha256.txt").exists()
        importer.finish(receipts)
    validate_bag(tmp_path)
