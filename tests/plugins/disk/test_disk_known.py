"""A bundle is read back as it was written, for a journal that was lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bundle_disk import begun, disk, transfer
from bundle_items import blob, post, profile, sample_items, snapshot, validate_bag, watched
from decamp import Item, Knows, Receipt


def read_back(root: Path) -> dict[str, tuple[Item, Receipt]]:
    importer = disk(root)
    assert isinstance(importer, Knows)
    return {one.item.id: (one.item, one.receipt) for one in importer.known()}


def as_told(item: Item) -> tuple[object, ...]:
    blobs = [(one.name, one.media_type, one.size, one.sha256, one.rows) for one in item.blobs]
    return item.id, item.kind, dict(item.record), blobs


def host_described(item: Item) -> Item:
    """Let the record list its files, as the engine does before it sends an item."""
    if not item.blobs or item.blobs[0].rows:
        return item
    media = [
        {"name": b.name, "media_type": b.media_type, "size": b.size, "sha256": b.sha256}
        for b in item.blobs
    ]
    return item.evolve(record={**item.record, "media": media})


@pytest.mark.parametrize("finished", [True, False])
def test_items_and_receipts_are_as_they_were(tmp_path: Path, finished: bool) -> None:
    items = [host_described(item) for item in sample_items()]
    if finished:
        receipts = transfer(tmp_path, items)
    else:
        with begun(tmp_path) as importer:
            receipts = [importer.import_item(item) for item in items]
    before = snapshot(tmp_path)
    known = read_back(tmp_path)
    assert snapshot(tmp_path) == before
    assert known.keys() == {item.id for item in items}
    for item in items:
        assert as_told(known[item.id][0]) == as_told(item)
    for receipt in receipts:
        found = known[receipt.item_id][1]
        assert (found.location, found.data) == (receipt.location, receipt.data)


def test_finishing_with_what_was_read_back_changes_nothing(tmp_path: Path) -> None:
    transfer(tmp_path, map(host_described, sample_items()))
    before = snapshot(tmp_path)
    receipts = sorted((one for _, one in read_back(tmp_path).values()), key=lambda r: r.item_id)
    with begun(tmp_path) as importer:
        importer.finish(receipts)
    assert snapshot(tmp_path) == before
    validate_bag(tmp_path)


def test_updates_and_other_versions_of_a_file(tmp_path: Path) -> None:
    with begun(tmp_path) as importer:
        first = importer.import_item(host_described(post(data=b"film")))
        second = importer.update_item(host_described(post(data=b"FILM2", caption="x")), first)
        importer.finish([second])
    item, receipt = read_back(tmp_path)[post().id]
    assert receipt.data["files"] == second.data["files"]
    assert item.record["caption"] == "x"
    assert sorted(one.size or 0 for one in item.blobs) == [4, 5]


def test_segments_of_a_collection_come_together(tmp_path: Path) -> None:
    transfer(tmp_path, [watched(2, 2025), post(), profile(), watched(3, 2024)])
    ids = [one.item.kind for one in disk(tmp_path).known()]
    assert ids[:2] == ["event", "event"]
    with next(iter(disk(tmp_path).known())).item.blobs[0].open() as lines:
        assert json.loads(lines.readline())["time"].startswith("2024")


def test_an_edited_record_keeps_the_digest_of_what_was_written(tmp_path: Path) -> None:
    [receipt] = transfer(tmp_path, [host_described(post())])
    record = tmp_path / receipt.data["files"][0][0]
    record.write_text(record.read_text().replace("Sunrise", "Sunset"))
    item, found = read_back(tmp_path)[post().id]
    assert item.record["caption"] == "Sunset"
    assert found.data["files"][0][2] == receipt.data["files"][0][2]


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("data/posts/2023/2023-05-01T120000Z/post.json", b"{broken"),
        ("data/posts/2023/2023-05-01T120000Z/post.json", b"[1]"),
        ("data/posts/2023/2023-05-01T120000Z/post.json", b"\xff\xfe"),
        ("data/posts/2023/2023-05-01T120000Z/post.json", b"[" * 100_000),
        ("data/posts/undated/x/post.json", b'{"type": "video"}'),
        ("data/activity/watched/undated_000000000000.jsonl", b""),
        ("data/activity/watched/undated_000000000000.jsonl", b'{"kind": "event"}\n'),
        (
            "data/activity/watched/undated_000000000000.jsonl",
            b'{"kind":"event","collection":"w"}\n{"a',
        ),
        ("data/strangers.txt", b"mine"),
        ("data/posts/2023/2023-05-01T120000Z/mine.txt", b"mine"),
    ],
)
def test_what_cannot_be_read_is_told_and_the_rest_is_read(
    tmp_path: Path, path: str, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    transfer(tmp_path, [host_described(post()), host_described(profile()), watched()])
    target = tmp_path / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    known = read_back(tmp_path)
    assert {"profile", watched().id.split(":")[0]} <= {key.split(":")[0] for key in known}
    assert path.rpartition("/")[2] in caplog.text
    assert "mine" not in caplog.text.replace("mine.txt", "")


def test_links_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text('{"item_id": "post:x", "type": "video"}')
    root = tmp_path / "bundle"
    transfer(root, [host_described(post())])
    place = root / "data/posts/undated/x"
    place.mkdir(parents=True)
    (place / "post.json").symlink_to(secret)
    assert read_back(root).keys() == {post().id}


def test_a_record_that_does_not_say_its_id(tmp_path: Path) -> None:
    """Its place tells, for posts with a time, the profile and conversations."""
    items = [host_described(item) for item in sample_items()]
    transfer(tmp_path, items)
    for path in tmp_path.rglob("*.json"):
        if path.name in ("post.json", "profile.json", "conversation.json"):
            record = json.loads(path.read_text())
            del record["item_id"]
            path.write_text(json.dumps(record))
    ids = read_back(tmp_path).keys()
    assert {post().id, post(mark="#2").id, "profile", "conversation:Alice"} <= ids
    assert "post:drafts/7" not in ids


def test_a_name_that_came_in_another_normal_form(tmp_path: Path) -> None:
    photo = blob("caf\u00e9.jpg", b"\xff\xd8", "image/jpeg")
    item = host_described(post().evolve(blobs=(photo,)))
    [receipt] = transfer(tmp_path, [item])
    assert read_back(tmp_path)[item.id][1].data == receipt.data
