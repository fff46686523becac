"""Bundles in memory, and on a file system that fsspec knows but decamp does not."""

from __future__ import annotations

import json
import logging
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.local import LocalFileSystem

from bundle_disk import ADA, TOKEN
from bundle_items import post, profile, sample_items, snapshot, validate_bag, watched
from bundle_remote import MOMENT, RemoteSuite, begun, payload, remote, transfer
from decamp import Conflict, DestinationRefused, Importer, Locked, Origin
from decamp.testing.samples import large_blob, post_item
from decamp.validation import require_valid

MEMORY = "memory://test/bundle"


def held(root: str = "/test/bundle") -> dict[str, bytes]:
    memory = fsspec.filesystem("memory")
    return {name[len(root) + 1 :]: memory.cat_file(name) for name in memory.find(root)}


@pytest.fixture(autouse=True)
def empty() -> Iterator[None]:
    """Memory is shared by all tests of this process."""
    yield
    memory = fsspec.filesystem("memory")
    for name in memory.find(""):
        memory.rm_file(name)


class TestMemory(RemoteSuite):
    @pytest.fixture
    def importer(self, tmp_path: Path) -> Iterator[Any]:
        importer = remote(MEMORY, tmp_path)
        yield importer
        importer.close()

    def content(self) -> object:
        return payload(held())

    def write(self, name: str, data: bytes) -> None:
        fsspec.filesystem("memory").pipe_file(f"/test/bundle/{name}", data)

    def drop(self, name: str) -> None:
        fsspec.filesystem("memory").rm_file(f"/test/bundle/{name}")

    def test_large_blob_stays_out_of_memory(self, ready: Importer) -> None:
        """Memory is where it goes, so there it is once, and not twice."""
        size = 64 << 20
        tracemalloc.start()
        try:
            assert self.put(ready, post_item(7, blobs=(large_blob("1.mp4", size),)))
            assert tracemalloc.get_traced_memory()[1] < size + (16 << 20)
        finally:
            tracemalloc.stop()


class Shelf(LocalFileSystem):
    """Any other file system: with real folders, and files that are seen while they grow."""

    protocol = "shelf"

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(super()._strip_protocol(path.removeprefix("shelf://")))


@pytest.fixture
def shelf(tmp_path: Path) -> str:
    fsspec.register_implementation("shelf", Shelf, clobber=True)
    return f"shelf://{tmp_path}/bundle"


class TestAnyOther(RemoteSuite):
    @pytest.fixture
    def importer(self, shelf: str, tmp_path: Path) -> Iterator[Any]:
        self.folder = tmp_path / "bundle"
        importer = remote(shelf, tmp_path)
        yield importer
        importer.close()

    def content(self) -> object:
        return payload(snapshot(self.folder))

    def write(self, name: str, data: bytes) -> None:
        (self.folder / name).write_bytes(data)

    def drop(self, name: str) -> None:
        (self.folder / name).unlink()


def test_the_bytes_are_those_of_a_folder(tmp_path: Path) -> None:
    from bundle_disk import transfer as to_disk

    transfer(MEMORY, tmp_path, sample_items())
    to_disk(tmp_path / "bundle", sample_items())
    assert held() == snapshot(tmp_path / "bundle")


def test_a_file_that_a_kill_cut_off_is_made_whole(shelf: str, tmp_path: Path) -> None:
    film = post(data=b"film" * 1000)
    transfer(shelf, tmp_path, [profile()])
    cut = tmp_path / "bundle" / "data/posts/2023/2023-05-01T120000Z/1.mp4"
    cut.parent.mkdir(parents=True)
    cut.write_bytes(b"film" * 10)
    transfer(shelf, tmp_path, [profile(), film])
    assert cut.read_bytes() == b"film" * 1000
    validate_bag(tmp_path / "bundle")


def test_a_file_in_the_way_of_a_folder(shelf: str, tmp_path: Path) -> None:
    (tmp_path / "bundle" / "data").mkdir(parents=True)
    (tmp_path / "bundle" / "data" / "posts").write_bytes(b"mine")
    (tmp_path / "bundle" / "decamp.json").write_bytes(
        b'{"format": 1, "account": {"names": ["ada.example"]}, "complete": false}'
    )
    with begun(shelf, tmp_path) as importer, pytest.raises((DestinationRefused, Conflict)):
        importer.import_item(post())
    assert (tmp_path / "bundle" / "data" / "posts").read_bytes() == b"mine"


def test_the_address_is_a_file(tmp_path: Path) -> None:
    fsspec.filesystem("memory").pipe_file("/test/bundle", b"mine")
    with pytest.raises(DestinationRefused, match="is a file, not a folder"):
        remote(MEMORY, tmp_path).check()


def test_not_empty_and_not_ours(tmp_path: Path) -> None:
    fsspec.filesystem("memory").pipe_file("/test/bundle/thesis.doc", b"mine")
    for attempt in (
        remote(MEMORY, tmp_path).check,
        lambda: remote(MEMORY, tmp_path).begin(Origin(ADA), TOKEN),
    ):
        with pytest.raises(DestinationRefused, match="not empty") as caught:
            attempt()
        assert "memory://test/bundle/decamp" in caught.value.hint
    assert held() == {"thesis.doc": b"mine"}


def test_edits_are_noticed_and_stay(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    items = [post(), watched()]
    receipts = transfer(MEMORY, tmp_path, items)
    path = "data/posts/2023/2023-05-01T120000Z/1.mp4"
    fsspec.filesystem("memory").pipe_file(f"/test/bundle/{path}", b"FILM")  # of the same length
    with begun(MEMORY, tmp_path) as importer, caplog.at_level(logging.WARNING, "decamp.test"):
        importer.finish([*receipts, importer.import_item(profile())])
    assert path in caplog.text
    assert held()[path] == b"FILM"
    assert b"decamp.json" in held()["tagmanifest-sha256.txt"]


def test_what_was_taken_away_is_missed(tmp_path: Path) -> None:
    receipts = transfer(MEMORY, tmp_path, [post(), watched()])
    importer = remote(MEMORY, tmp_path)
    assert [one.problem for one in importer.verify(receipts, "exists")] == ["", ""]
    fsspec.filesystem("memory").rm_file("/test/bundle/data/posts/2023/2023-05-01T120000Z/1.mp4")
    found = {one.item_id: one for one in importer.verify(receipts, "exists")}
    assert found["post:2023-05-01T12:00:00Z"].problem == "missing"
    assert found["post:2023-05-01T12:00:00Z"].blobs == ("1.mp4",)


# --- the lock ----------------------------------------------------------------------------


def test_two_machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.node", lambda: "laptop")
    with begun(MEMORY, tmp_path) as first:
        first.import_item(post())
        lock = json.loads(held()[".decamp.lock"])
        require_valid("bundle-lock", lock)
        assert (lock["host"], lock["since"]) == ("laptop", f"{MOMENT:%Y-%m-%dT%H:%M:%SZ}")
        monkeypatch.setattr("platform.node", lambda: "desktop")
        before = held()
        with pytest.raises(Locked, match="laptop, since 2026-01-02T03:04:05Z") as caught:
            remote(MEMORY, tmp_path).begin(Origin(ADA), TOKEN)
        assert "to.break_lock=yes" in caught.value.hint
        assert held() == before
    assert ".decamp.lock" not in held()
    transfer(MEMORY, tmp_path, [post()])


def test_a_lock_that_this_machine_has_left(tmp_path: Path) -> None:
    killed = remote(MEMORY, tmp_path)
    killed.begin(Origin(ADA), TOKEN)  # and nobody closes it
    transfer(MEMORY, tmp_path, [post()])
    assert ".decamp.lock" not in held()


def test_breaking_a_lock_stops_the_run_that_had_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = remote(MEMORY, tmp_path)
    first.begin(Origin(ADA), TOKEN)
    receipt = first.import_item(post())
    monkeypatch.setattr("platform.node", lambda: "desktop")
    with begun(MEMORY, tmp_path, break_lock=True):
        with pytest.raises(Locked, match="desktop"):
            first.finish([receipt])
        first.close()
        assert json.loads(held()[".decamp.lock"])["host"] == "desktop"
    assert not json.loads(held()["decamp.json"])["complete"]


def test_a_lock_of_a_stranger(tmp_path: Path) -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe_file("/test/bundle/.decamp.lock", b"\xff mine")
    with pytest.raises(Locked, match="does not say"):
        remote(MEMORY, tmp_path).begin(Origin(ADA), TOKEN)
    assert held() == {".decamp.lock": b"\xff mine"}


# --- reading -----------------------------------------------------------------------------


def test_files_are_read_piece_by_piece(tmp_path: Path) -> None:
    data = bytes(range(256)) * 40_000  # more than two blocks
    transfer(MEMORY, tmp_path, [post(data=data)])
    folder = remote(MEMORY, tmp_path)._folder
    path = "data/posts/2023/2023-05-01T120000Z/1.mp4"
    with folder.open(path) as file:
        assert file.read(10) == data[:10]
        assert file.read() == data[10:]
    with pytest.raises(DestinationRefused, match="gone"):
        folder.open("data/nothing")
    with pytest.raises(Conflict, match="not a plain file"):
        folder.open("data/posts")
