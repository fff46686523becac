from __future__ import annotations

import errno
import json
import os
import stat
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

import pytest

from bundle_disk import begun, transfer
from bundle_items import (
    blob,
    conversation,
    messages,
    post,
    profile,
    sample_items,
    section,
    snapshot,
    watched,
)
from decamp import Blob, Conflict, Corrupted, DestinationRefused, Item, ItemError, ItemRejected

POST = "data/posts/2023/2023-05-01T120000Z"
KINDS = [post, profile, conversation, messages, watched, section]


def test_a_post_lies_in_its_folder(tmp_path: Path) -> None:
    item = post(data=b"film", caption="Ünïcode 😀")
    with begun(tmp_path) as importer:
        receipt = importer.import_item(item)
    folder = tmp_path / POST
    assert (receipt.item_id, receipt.location, receipt.existed) == (item.id, str(folder), False)
    assert (folder / "1.mp4").read_bytes() == b"film"
    assert json.loads((folder / "post.json").read_bytes()) == {"item_id": item.id} | item.record
    (record, video) = receipt.data["files"]
    changed = (folder / "1.mp4").stat().st_mtime_ns // 1000
    assert video == [f"{POST}/1.mp4", 4, item.blobs[0].sha256, changed]
    assert record[:2] == [f"{POST}/post.json", (folder / "post.json").stat().st_size]


def test_a_segment_is_one_file(tmp_path: Path) -> None:
    item = watched(2)
    with begun(tmp_path) as importer:
        receipt = importer.import_item(item)
    header, *rows = Path(receipt.location).read_bytes().splitlines()
    assert json.loads(header) == item.record
    assert [json.loads(row)["object"] for row in rows] == [
        "https://example.org/0",
        "https://example.org/1",
    ]
    assert receipt.data["rows"] == 2


def test_an_item_whose_blobs_could_not_be_had_keeps_its_record(tmp_path: Path) -> None:
    item = post().evolve(blobs=())
    with begun(tmp_path) as importer:
        importer.import_item(item)
    assert [path.name for path in (tmp_path / POST).iterdir()] == ["post.json"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_everything_is_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        transfer(tmp_path / "b", sample_items())
    finally:
        os.umask(before)
    open_to_others = [p for p in (tmp_path / "b").rglob("*") if p.stat().st_mode & 0o077]
    assert open_to_others == []
    assert stat.S_IMODE((tmp_path / "b").stat().st_mode) == 0o700


@pytest.mark.parametrize("make", KINDS)
def test_the_same_again_makes_no_second_copy(tmp_path: Path, make: type) -> None:
    with begun(tmp_path) as importer:
        first = importer.import_item(make())
        before = snapshot(tmp_path)
        again = importer.import_item(make())
        assert importer.find_item(make()) == again
    assert (first.existed, again.existed) == (False, True)
    assert first.data == again.data
    assert {**before, ".decamp.lock": b""}.keys() >= snapshot(tmp_path).keys()


@pytest.mark.parametrize("make", KINDS)
def test_other_content_is_a_conflict_and_stays(tmp_path: Path, make: type) -> None:
    item: Item = make()
    with begun(tmp_path) as importer:
        path = tmp_path / importer.import_item(item).data["files"][0][0]
        path.write_bytes(b"edited by a person")
        before = snapshot(tmp_path)
        for attempt in (importer.import_item, importer.find_item):
            with pytest.raises(Conflict) as caught:
                attempt(item)
            assert caught.value.hint
        assert snapshot(tmp_path) == before


def test_another_blob_is_a_conflict(tmp_path: Path) -> None:
    with begun(tmp_path) as importer:
        importer.import_item(post(data=b"film"))
        with pytest.raises(Conflict) as caught:
            importer.import_item(post(data=b"FILM"))
        assert post().id not in caught.value.message  # whoever shows it names the item
        with pytest.raises(Conflict):
            importer.find_item(post(data=b"FILM"))
        assert (tmp_path / POST / "1.mp4").read_bytes() == b"film"


def test_a_gap_is_filled(tmp_path: Path) -> None:
    with begun(tmp_path) as importer:
        importer.import_item(post())
        (tmp_path / POST / "1.mp4").unlink()
        assert importer.find_item(post()) is None
        assert not importer.import_item(post()).existed
        assert importer.find_item(post())


@pytest.mark.parametrize("torn", [b"", b"long", b"long\0\0\0\0", b"\0" * 9])
def test_what_a_power_cut_left_is_repaired(tmp_path: Path, torn: bytes) -> None:
    with begun(tmp_path) as importer:
        importer.import_item(post(data=b"long film"))
        (tmp_path / POST / "1.mp4").write_bytes(torn)
        assert not importer.import_item(post(data=b"long film")).existed
        assert (tmp_path / POST / "1.mp4").read_bytes() == b"long film"


@pytest.mark.parametrize(
    "edited", [b"lung", b"long film!", b"\0" * 10, b"long\0film", b"long\0\0f"]
)
def test_what_says_anything_else_is_not_taken_for_torn(tmp_path: Path, edited: bytes) -> None:
    with begun(tmp_path) as importer:
        importer.import_item(post(data=b"long film"))
        (tmp_path / POST / "1.mp4").write_bytes(edited)
        with pytest.raises(Conflict):
            importer.import_item(post(data=b"long film"))
        assert (tmp_path / POST / "1.mp4").read_bytes() == edited


def test_a_link_in_the_place_of_a_file_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"film")
    with begun(tmp_path / "b") as importer:
        importer.import_item(post(data=b"film"))
        video = tmp_path / "b" / POST / "1.mp4"
        video.unlink()
        video.symlink_to(secret)
        with pytest.raises(Conflict, match="not a plain file"):
            importer.import_item(post(data=b"film"))
        assert secret.read_bytes() == b"film"


@pytest.mark.parametrize("kind", ["file", "link"])
def test_something_else_in_the_place_of_a_folder(tmp_path: Path, kind: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with begun(tmp_path / "b") as importer:
        importer.import_item(profile())
        for name, item in (("messages", messages()), ("posts", post())):
            place = tmp_path / "b" / "data" / name
            place.write_bytes(b"mine") if kind == "file" else place.symlink_to(elsewhere)
            with pytest.raises((Conflict, DestinationRefused)):
                importer.import_item(item)
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("make", [post, watched])
def test_bytes_that_are_not_as_promised(tmp_path: Path, make: type) -> None:
    good: Item = make()
    (first,) = good.blobs
    for size, digest in ((1, first.sha256), (first.size, "0" * 64), (None, "1" * 64)):
        bad = Blob(first.name, first.media_type, first.open, size, digest, rows=first.rows)
        with begun(tmp_path) as importer:
            before = snapshot(tmp_path)
            with pytest.raises(Corrupted):
                importer.import_item(good.evolve(blobs=(bad,)))
            assert snapshot(tmp_path) == before


def test_a_blob_of_unknown_length_and_digest(tmp_path: Path) -> None:
    item = post().evolve(blobs=(Blob.from_bytes("1.mp4", "video/mp4", b"film"),))
    with begun(tmp_path) as importer:
        first = importer.import_item(item)
        assert importer.import_item(item).data == first.data


class Breaking:
    """A stream that fails after its first bytes."""

    def __init__(self, error: Exception) -> None:
        self.error, self.left = error, [b"first bytes"]

    def read(self, size: int) -> bytes:
        if not self.left:
            raise self.error
        return self.left.pop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        pass


def test_a_source_that_breaks_leaves_nothing(tmp_path: Path) -> None:
    broken = Blob("2.mp4", "video/mp4", lambda: Breaking(OSError(errno.EIO, "bad")))  # type: ignore[arg-type,return-value]
    item = post().evolve(blobs=(*post().blobs, broken))
    with begun(tmp_path) as importer:
        with pytest.raises(ItemError, match=r"2\.mp4.*source"):
            importer.import_item(item)
        assert not (tmp_path / "data").exists()
        importer.import_item(post())


def test_a_record_that_is_not_json_leaves_nothing(tmp_path: Path) -> None:
    with begun(tmp_path) as importer, pytest.raises(ItemRejected):
        importer.import_item(Item("post:x", "post", {"caption": object()}))
    assert snapshot(tmp_path) == {}


def test_nothing_is_written_before_begin(tmp_path: Path) -> None:
    from bundle_disk import disk

    importer = disk(tmp_path / "b")
    assert importer.find_item(post()) is None
    with pytest.raises(RuntimeError, match="begin"):
        importer.import_item(post())
    importer.close()
    assert list(tmp_path.iterdir()) == []


def test_four_threads(tmp_path: Path) -> None:
    items = [post(f"2023-05-01T12:{n // 60:02}:{n % 60:02}Z") for n in range(120)]
    items += [messages(f"user{n % 3}", count=n % 28 + 1, year=2000 + n) for n in range(60)]
    with begun(tmp_path / "b") as importer, ThreadPoolExecutor(4) as threads:
        receipts = list(threads.map(importer.import_item, items))
        importer.finish(receipts)
    transfer(tmp_path / "a", items)
    assert snapshot(tmp_path / "a") == snapshot(tmp_path / "b")


def no_links(reason: int) -> Callable[..., None]:
    """What a file system without hard links answers; not every machine can mount one."""

    def link(*_: object) -> None:
        raise OSError(reason, os.strerror(reason))

    return link


@pytest.mark.parametrize("reason", [errno.EPERM, errno.EOPNOTSUPP])
def test_a_file_system_without_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: int
) -> None:
    transfer(tmp_path / "with", sample_items())
    monkeypatch.setattr(os, "link", no_links(reason))
    transfer(tmp_path / "without", sample_items())
    assert snapshot(tmp_path / "with") == snapshot(tmp_path / "without")
    with begun(tmp_path / "without") as importer:
        assert importer.import_item(watched()).existed
        with pytest.raises(Conflict):
            importer.import_item(conversation(title="other"))


@pytest.mark.parametrize("links", [True, False])
def test_threads_that_race_for_one_place_agree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    if not links:
        monkeypatch.setattr(os, "link", no_links(errno.EPERM))
    with begun(tmp_path) as importer:
        items = [post(f"2023-05-01T12:00:{number:02}Z") for number in range(10)]
        for item in items + [messages(f"user{number}") for number in range(10)]:
            gate = threading.Barrier(4)

            def once(item: Item = item, gate: threading.Barrier = gate) -> bool:
                gate.wait()
                return importer.import_item(item).existed

            with ThreadPoolExecutor(4) as threads:
                answers = [threads.submit(once) for _ in range(4)]
            assert sorted(answer.result() for answer in answers) == [False, True, True, True]


def test_large_blobs_pass_in_pieces(tmp_path: Path) -> None:
    data = os.urandom(1 << 20) + b"end"
    item = Item("post:big", "post", {}, (blob("1.mp4", data),))
    with begun(tmp_path) as importer:
        folder = Path(importer.import_item(item).location)
    assert (folder / "1.mp4").read_bytes() == data
