"""Which file is taken for the export, and what is said when there is none."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from decamp import SourceUnreadable
from decamp_tiktok.archive.container import looks_like_export, open_container
from decamp_tiktok.archive.limits import Limits, NotAnExport
from zipcraft import EXPORT_JSON, export_zip, make_zip


def content(path: Path) -> bytes:
    with open_container(path).open() as reader:
        return b"".join(iter(lambda: reader.read(1000), b""))


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


# --- what is found


@pytest.mark.parametrize(
    "name",
    [
        "user_data_tiktok.json",
        "user_data.json",
        "a/b/c/user_data_tiktok.json",
        "a\\user_data_tiktok.json",
        "../../user_data_tiktok.json",
        "/etc/user_data_tiktok.json",
        "C:\\user_data_tiktok.json",
        "my own name.json",
        "données/мои данные.JSON",
    ],
)
@pytest.mark.parametrize("zip_name", ["TikTok_Data_1.zip", "renamed", "photo.jpg"])
def test_the_json_is_found_at_any_depth_of_a_zip_of_any_name(
    tmp_path: Path, name: str, zip_name: str
):
    raw = make_zip({"readme.txt": b"hello", name: EXPORT_JSON})
    path = write(tmp_path / zip_name, raw)

    assert content(path) == EXPORT_JSON
    assert open_container(path).name == name
    assert open_container(path).path == path
    assert looks_like_export(path)
    assert [found.name for found in tmp_path.iterdir()] == [zip_name]


@pytest.mark.parametrize("name", ["user_data_tiktok.json", "user_data.json", "renamed", "x.zip"])
def test_a_bare_file_is_found_by_name_or_content(tmp_path: Path, name: str):
    path = write(tmp_path / name, b"\xef\xbb\xbf\n" + EXPORT_JSON)

    assert content(path) == b"\xef\xbb\xbf\n" + EXPORT_JSON
    assert looks_like_export(path)


def test_a_file_with_the_right_name_needs_no_known_content(tmp_path: Path):
    assert content(write(tmp_path / "user_data_tiktok.json", b"{}")) == b"{}"


@pytest.mark.parametrize(
    "name", ["user_data_tiktok.json", "a/b/user_data.json", "a/renamed.json", "a/TikTok_Data.zip"]
)
def test_a_folder_is_searched(tmp_path: Path, name: str):
    write(tmp_path / "notes.json", b'{"a": 1}')
    write(tmp_path / "other.zip", make_zip({"a.txt": b"a"}))
    write(tmp_path / "broken.zip", export_zip(b"{}")[:40])
    write(tmp_path / name, export_zip() if name.endswith("zip") else EXPORT_JSON)
    if name.endswith("zip"):
        (tmp_path / "broken.zip").unlink()

    assert content(tmp_path) == EXPORT_JSON
    assert looks_like_export(tmp_path)


def test_a_folder_is_not_searched_for_ever(tmp_path: Path):
    write(tmp_path / "1/2/3/4/5/6/user_data_tiktok.json", EXPORT_JSON)

    with pytest.raises(NotAnExport, match="empty folder"):
        open_container(tmp_path)


def test_links_to_folders_are_not_followed(tmp_path: Path):
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)

    assert not looks_like_export(tmp_path)


def test_the_present_name_wins_over_the_former_and_over_other_names(tmp_path: Path):
    members = {
        "a.json": EXPORT_JSON,
        "user_data.json": b'{"old": 1}',
        "user_data_lemon8.json": b'{"lemon": 1}',
        "x/user_data_tiktok.json": b'{"new": 1}',
    }
    for name, data in members.items():
        write(tmp_path / "folder" / name, data)

    assert content(write(tmp_path / "a.zip", make_zip(members))) == b'{"new": 1}'
    assert content(tmp_path / "folder") == b'{"new": 1}'


def test_what_macos_adds_to_a_zip_is_passed_over(tmp_path: Path):
    members = {
        "__MACOSX/user_data_tiktok.json": b"\0\5\x16\7",
        "._user_data_tiktok.json": b"\0\5\x16\7",
        "user_data_tiktok.json": EXPORT_JSON,
    }

    assert content(write(tmp_path / "a.zip", make_zip(members))) == EXPORT_JSON


# --- what a container tells


def test_a_container_tells_size_time_and_progress(tmp_path: Path):
    container = open_container(write(tmp_path / "a.zip", export_zip()))

    assert container.size == len(EXPORT_JSON)
    assert container.modified == datetime(2024, 5, 6, 7, 8, 10, tzinfo=UTC)
    with container.open() as reader:
        fractions = [reader.fraction]
        while reader.read(500):
            fractions.append(reader.fraction)
    assert fractions[0] == 0
    assert fractions == sorted(fractions)
    assert reader.fraction == 1


def test_progress_of_a_bare_file_is_by_bytes(tmp_path: Path):
    container = open_container(write(tmp_path / "user_data_tiktok.json", EXPORT_JSON))

    assert abs((container.modified - datetime.now(UTC)).days) <= 1
    with container.open() as reader:
        reader.read(len(EXPORT_JSON) // 2)
        assert 0.49 < reader.fraction <= 0.5


def test_a_container_can_be_read_more_than_once_and_side_by_side(tmp_path: Path):
    container = open_container(write(tmp_path / "a.zip", export_zip()))

    with container.open() as first, container.open() as second:
        assert first.read(100) == second.read(100) == EXPORT_JSON[:100]


@pytest.mark.parametrize("data", [export_zip(), EXPORT_JSON], ids=["zip", "bare"])
def test_a_fingerprint_is_that_of_the_copy(tmp_path: Path, data: bytes):
    here = open_container(write(tmp_path / "user_data_tiktok.json", data)).fingerprint()
    there = open_container(write(tmp_path / "b/user_data.json", data)).fingerprint()
    changed = EXPORT_JSON.replace(b"2024-01-01", b"2024-01-02", 1)
    newer = export_zip(changed) if data[:1] == b"P" else changed

    assert here == there
    assert here != open_container(write(tmp_path / "c/user_data.json", newer)).fingerprint()


def test_a_file_that_changes_meanwhile_is_refused(tmp_path: Path):
    path = write(tmp_path / "a.zip", export_zip())
    container = open_container(path)
    path.write_bytes(export_zip(EXPORT_JSON + b" "))

    with pytest.raises(SourceUnreadable, match="has changed"):
        container.open()


# --- what is said when there is none


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"TikTok/Your Activity/Watch History.txt": b"Date: x"}, "text format"),
        ({"x/TikTok/Je activiteit/Kijkgeschiedenis.txt": b"Datum: x"}, "text format"),
        ({"Activity/Video Browsing History.txt": b"Date: x"}, "text format"),
        ({"user_data_lemon8.json": b"{}"}, "Lemon8"),
        ({"your_instagram_activity/media/posts_1.json": b"[]"}, "Instagram"),
        ({"your_facebook_activity/posts/p.json": b"[]"}, "Facebook"),
        ({"data/tweets.js": b"window.x = []"}, r"X \(Twitter\)"),
        ({"Takeout/YouTube/history.json": b"[]"}, "Google Takeout"),
        ({"outbox.json": b'{"type":"x"}'}, "Mastodon"),
        ({"photo.jpg": b"x", "b.json": b'{"a":1}'}, "2 files, for example b.json, photo.jpg"),
        ({f"{n:02}.txt": b"" for n in range(9)}, "9 files, for example 00.txt, 01.txt, 02.txt, …"),
        ({}, "is an empty"),
    ],
)
@pytest.mark.parametrize("packed", [True, False], ids=["zip", "folder"])
def test_an_absent_export_is_explained(
    tmp_path: Path, members: dict[str, bytes], words: str, packed: bool
):
    if packed:
        path = write(tmp_path / "a.zip", make_zip(members))
    else:
        path = tmp_path / "folder"
        path.mkdir()
        for name, data in members.items():
            write(path / name, data)

    with pytest.raises(SourceUnreadable, match=words) as caught:
        open_container(path)

    assert caught.value.hint
    # A thing that TikTok made is recognised, so that this explanation reaches the person.
    assert looks_like_export(path) == (words in {"text format", "Lemon8"})


def test_a_zip_in_a_zip_is_refused_with_a_hint(tmp_path: Path):
    path = write(tmp_path / "a.zip", make_zip({"b/TikTok.zip": export_zip()}))

    with pytest.raises(SourceUnreadable, match=r"another zip file \(TikTok\.zip\)") as caught:
        open_container(path)

    assert "Unzip it" in caught.value.hint


@pytest.mark.parametrize(
    "names",
    [
        ("a/user_data_tiktok.json", "b/user_data_tiktok.json"),
        ("a/user_data.json", "b/User_Data.json"),
        ("one.json", "two.json"),
    ],
)
@pytest.mark.parametrize("packed", [True, False], ids=["zip", "folder"])
def test_two_equal_candidates_are_listed(tmp_path: Path, names: tuple[str, str], packed: bool):
    members = dict.fromkeys(names, EXPORT_JSON)
    path = write(tmp_path / "a.zip", make_zip(members)) if packed else tmp_path
    if not packed:
        for name, data in members.items():
            write(tmp_path / name, data)

    with pytest.raises(SourceUnreadable, match="holds 2 TikTok exports") as caught:
        open_container(path)

    assert all(name in caught.value.message for name in names)
    assert looks_like_export(path)


def test_two_zips_in_a_folder_are_listed(tmp_path: Path):
    write(tmp_path / "2024.zip", export_zip())
    write(tmp_path / "2025.zip", export_zip())

    with pytest.raises(SourceUnreadable, match=r"2024\.zip, 2025\.zip"):
        open_container(tmp_path)


def test_a_damaged_export_in_a_folder_is_what_is_reported(tmp_path: Path):
    write(tmp_path / "TikTok.zip", export_zip()[:-30])
    write(tmp_path / "other.zip", make_zip({"a.txt": b"a"}))

    with pytest.raises(SourceUnreadable, match=r"TikTok\.zip is an incomplete zip"):
        open_container(tmp_path)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is an empty file"),
        (b" \n", "is an empty file"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"\n<HTML>", "a web page"),
        (b"%PDF-1.7", "a PDF"),
        (b"Rar!\x1a", "a RAR archive"),
        (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
        (b"\x1f\x8b\x08", "a gzip file"),
        (b"[1, 2]", "a JSON list"),
        (b'{"a": 1}', "JSON of something else"),
        (b"\xff\xfe{\0", "a text file in UTF-16"),
        (b"hello", "a text file"),
        (b"\1\0\2", "another sort of file"),
        (b"Date: 2024-01-01 00:00:00 UTC\nLink: x\n", "text format"),
    ],
)
def test_what_else_a_file_may_be(tmp_path: Path, data: bytes, words: str):
    path = write(tmp_path / "download.zip", data)

    with pytest.raises(SourceUnreadable, match=words) as caught:
        open_container(path)

    assert caught.value.hint
    assert looks_like_export(path) == (words == "text format")


def test_a_bare_lemon8_file_is_not_mistaken(tmp_path: Path):
    path = write(tmp_path / "user_data_lemon8.json", EXPORT_JSON)

    with pytest.raises(SourceUnreadable, match="Lemon8") as caught:
        open_container(path)

    assert "user_data_tiktok.json" in caught.value.hint


def test_a_missing_path_is_named(tmp_path: Path):
    for path in (tmp_path / "no.zip", tmp_path / "a\0b", Path(__file__) / "x"):
        with pytest.raises(SourceUnreadable, match="There is no file or folder"):
            open_container(path)
        assert not looks_like_export(path)


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = write(tmp_path / "a.zip", export_zip())

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # a superuser may read everything
    with pytest.raises(SourceUnreadable, match=r"a\.zip cannot be read: Permission denied"):
        open_container(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_named_pipe_is_refused_without_waiting_for_it(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(SourceUnreadable, match="neither a file nor a folder"):
        open_container(tmp_path / "pipe")
    assert not looks_like_export(tmp_path)


def test_files_called_as_tiktok_does_are_recognised_whatever_is_in_them(tmp_path: Path):
    assert looks_like_export(write(tmp_path / "TikTok_Data_1.zip", b"<html>"))
    assert looks_like_export(write(tmp_path / "user_data_tiktok (1).json", b""))
    assert not looks_like_export(write(tmp_path / "other.zip", b"<html>"))


def test_the_number_of_files_looked_at_is_limited(tmp_path: Path):
    for number in range(6):
        write(tmp_path / f"{number}.txt", b"")

    with pytest.raises(SourceUnreadable, match="max_entries is 5"):
        open_container(tmp_path, Limits(max_entries=5))


def test_a_bare_file_over_the_limit_is_refused(tmp_path: Path):
    path = write(tmp_path / "user_data_tiktok.json", EXPORT_JSON)

    with pytest.raises(SourceUnreadable, match=r"max_bytes is 1,000") as caught:
        open_container(path, Limits(max_bytes=1000))

    assert "-o from.max_bytes" in caught.value.hint
