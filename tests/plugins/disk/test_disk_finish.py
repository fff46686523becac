from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path

import bagit
import pytest

from bundle_disk import begun, disk, transfer
from bundle_items import conversation, post, profile, sample_items, snapshot, validate_bag, watched
from decamp import Account, DestinationRefused


def stamps(root: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}


def test_a_finished_bundle_is_a_valid_bag(tmp_path: Path) -> None:
    transfer(tmp_path, sample_items())
    validate_bag(tmp_path)
    marker = json.loads((tmp_path / "decamp.json").read_bytes())
    assert marker["complete"] is True
    assert marker["counts"] == {
        "album": 1, "conversation": 2, "event": 8, "message": 7, "post": 4, "profile": 1,
        "section": 2,
    }  # fmt: skip
    info = bagit.Bag(str(tmp_path)).info
    assert info["External-Identifier"] == ["open-id-1", "ada.example"]
    assert not list(tmp_path.glob(".decamp*"))


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="sha256sum is not installed")
def test_the_advice_on_the_page_works(tmp_path: Path) -> None:
    transfer(tmp_path, sample_items())
    check = ["sha256sum", "--check", "--quiet"]
    for manifest in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        subprocess.run([*check, manifest], cwd=tmp_path, check=True)


def test_an_empty_transfer_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    (tmp_path / ".DS_Store").write_bytes(b"mac")
    transfer(tmp_path, [], Account())
    assert snapshot(tmp_path) == {".DS_Store": b"mac"}


def test_an_account_name_cannot_forge_bag_info(tmp_path: Path) -> None:
    transfer(tmp_path, [post()], Account(None, ("ada\nPayload-Oxum: 1.1\r\u2028x",)))
    validate_bag(tmp_path)
    assert bagit.Bag(str(tmp_path)).info["External-Identifier"] == "ada Payload-Oxum: 1.1 x"


def test_the_order_of_import_leaves_no_trace(tmp_path: Path) -> None:
    items = sample_items()
    transfer(tmp_path / "a", items)
    random.Random(1).shuffle(items)
    transfer(tmp_path / "b", items)
    assert snapshot(tmp_path / "a") == snapshot(tmp_path / "b")


def test_two_runs_give_what_one_gives(tmp_path: Path) -> None:
    items = sample_items()
    transfer(tmp_path / "one", items)
    first = transfer(tmp_path / "two", items[:6])
    with begun(tmp_path / "two") as importer:
        importer.finish(first + [importer.import_item(item) for item in items[6:]])
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "two")


def test_a_run_that_brings_nothing_changes_no_byte(tmp_path: Path) -> None:
    receipts = transfer(tmp_path, sample_items())
    before = stamps(tmp_path)
    with begun(tmp_path) as importer:
        for item in sample_items():
            assert importer.import_item(item).existed
            assert importer.find_item(item)
        importer.sync()
        importer.finish(receipts)
    assert stamps(tmp_path) == before


def test_a_bag_is_invalid_from_the_first_write_on(tmp_path: Path) -> None:
    receipts = transfer(tmp_path, [post()])
    with begun(tmp_path) as importer:
        receipts.append(importer.import_item(watched()))
        with pytest.raises(bagit.BagError):
            validate_bag(tmp_path)
    assert disk(tmp_path).check().holds
    with begun(tmp_path) as importer:
        importer.finish(receipts)
        validate_bag(tmp_path)
        receipts.append(importer.import_item(profile()))
        importer.finish(receipts)
    validate_bag(tmp_path)


def test_what_a_person_took_out_or_put_in_is_respected(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    receipts = transfer(tmp_path, [post(), post("2022-01-01T00:00:00Z"), profile()])
    shutil.rmtree(tmp_path / "data/posts/2022")
    (tmp_path / "data/posts/2023/2023-05-01T120000Z/post.json").unlink()
    (tmp_path / "data/notes \u2013 Notizen.txt").write_text("my own")
    (tmp_path / "readme.txt").write_text("also mine")
    with begun(tmp_path) as importer:
        importer.finish(receipts)
    validate_bag(tmp_path)
    assert "3 files of the bundle were removed, and 1 are not from decamp" in caplog.text
    assert (tmp_path / "data/notes \u2013 Notizen.txt").read_text() == "my own"
    assert (tmp_path / "readme.txt").read_text() == "also mine"


@pytest.mark.skipif(sys.platform in ("darwin", "win32"), reason="names are Unicode there")
def test_a_name_that_is_no_unicode_hinders_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    receipts = transfer(tmp_path, [post()])
    odd = tmp_path / os.fsdecode(b"data/caf\xe9.txt")
    odd.write_text("mine")
    (tmp_path / "data/mine.txt").write_text("mine")
    with begun(tmp_path) as importer:
        importer.finish(receipts)
    listed = (tmp_path / "manifest-sha256.txt").read_text("utf-8")
    assert "data/mine.txt" in listed
    assert "caf" not in listed
    assert "data/caf\\udce9.txt" in caplog.text
    odd.rename(tmp_path / "data/caf\xe9.txt")
    with begun(tmp_path) as importer:
        importer.finish(receipts)
    validate_bag(tmp_path)


def test_a_system_that_stores_names_in_another_normal_form(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    receipts = transfer(tmp_path, [conversation("Ålice")])
    (composed,) = (tmp_path / "data/messages").iterdir()
    composed.rename(composed.with_name(unicodedata.normalize("NFD", composed.name)))
    with begun(tmp_path) as importer:
        importer.finish(receipts)
    validate_bag(tmp_path)
    assert "removed" not in caplog.text


def test_a_damaged_file_is_not_blessed(tmp_path: Path) -> None:
    receipts = transfer(tmp_path, [post(), profile()])
    video = tmp_path / "data/posts/2023/2023-05-01T120000Z/1.mp4"
    times = video.stat()
    video.write_bytes(b"FILM")
    os.utime(video, ns=(times.st_atime_ns, times.st_mtime_ns))  # as bad memory or a bad disk does
    with begun(tmp_path) as importer:
        importer.finish(receipts)
    with pytest.raises(bagit.BagValidationError, match=r"1\.mp4"):
        validate_bag(tmp_path)


EDITS = {
    "record": ("post.json", b'{"caption": "my own words"}'),
    "record-of-the-same-length": ("post.json", None),
    "no-json": ("post.json", b"\xff{"),
    "blob": ("1.mp4", b"cut"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_file_is_listed_as_it_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, edit: str
) -> None:
    receipts = transfer(tmp_path, [post(), profile()])
    name, content = EDITS[edit]
    edited = tmp_path / "data/posts/2023/2023-05-01T120000Z" / name
    content = content or edited.read_bytes().replace(b"Sunrise", b"SUNRISE")
    written = edited.stat().st_mtime_ns
    edited.write_bytes(content)
    # A person is slower than the clock of files, of which one tick may last for milliseconds.
    os.utime(edited, ns=(written, written + 1_000_000_000))
    with begun(tmp_path) as importer:
        receipts.append(importer.import_item(watched()))
        importer.finish(receipts)
        validate_bag(tmp_path)
        before = stamps(tmp_path)
        importer.finish(receipts)
        assert stamps(tmp_path) == before
    assert edited.read_bytes() == content
    assert "1 files were changed since decamp wrote them, and stay as they are: data/posts" in (
        caplog.text
    )


def test_a_bundle_that_was_copied_without_its_times_is_as_before(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    receipts = transfer(tmp_path / "b", sample_items())
    before = snapshot(tmp_path / "b")
    shutil.move(tmp_path / "b", tmp_path / "a")
    shutil.copytree(tmp_path / "a", tmp_path / "b", copy_function=shutil.copyfile)
    with begun(tmp_path / "b") as importer:
        importer.finish(receipts)
    assert snapshot(tmp_path / "b") == before
    assert caplog.text == ""


def test_a_bundle_that_is_gone_is_not_finished_as_an_empty_one(tmp_path: Path) -> None:
    receipts = transfer(tmp_path / "b", [post()])
    shutil.rmtree(tmp_path / "b")
    with begun(tmp_path / "b") as importer, pytest.raises(DestinationRefused, match="none of the"):
        importer.finish(receipts)


def test_pages_per_year_come_and_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("decamp.bundle.page.POSTS_ON_INDEX", 1)
    receipts = transfer(tmp_path, [post(), post("2022-01-01T00:00:00Z")])
    validate_bag(tmp_path)
    assert {path.name for path in tmp_path.glob("posts-*.html")} == {
        "posts-2022.html",
        "posts-2023.html",
    }
    (tmp_path / "posts-mine.html").write_text("a person's")
    monkeypatch.undo()
    with begun(tmp_path) as importer:
        importer.finish(receipts)
    validate_bag(tmp_path)
    assert [path.name for path in tmp_path.glob("posts-*.html")] == ["posts-mine.html"]
