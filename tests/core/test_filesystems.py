"""New files: private, whole or not at all, and never in the place of another."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from decamp.filesystems import publish, write_new


@pytest.fixture(params=["with hard links", "without"])
def links(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also be on a file system like FAT, which has no hard links."""

    def refuse(source: Path, target: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    if request.param == "without":
        monkeypatch.setattr("decamp.filesystems.os.link", refuse)


@pytest.mark.usefixtures("links")
def test_a_new_file_is_whole_and_private(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    before = os.umask(0)
    try:
        write_new(path, b"content")
    finally:
        os.umask(before)
    assert path.read_bytes() == b"content"
    assert list(tmp_path.iterdir()) == [path]
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.usefixtures("links")
@pytest.mark.parametrize("there", ["file", "dangling link"])
def test_what_is_there_stays(tmp_path: Path, there: str) -> None:
    path, made = tmp_path / "page.html", tmp_path / "made"
    if there == "file":
        path.write_bytes(b"mine")
    elif sys.platform == "win32":
        pytest.skip("links need rights there")
    else:
        path.symlink_to("nowhere")
    made.touch()
    for act in (lambda: write_new(path, b"content"), lambda: publish(made, path)):
        with pytest.raises(FileExistsError):
            act()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["made", "page.html"]
    assert there != "file" or path.read_bytes() == b"mine"


def test_a_file_that_cannot_be_finished_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("decamp.filesystems.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_new(tmp_path / "page.html", b"content")
    assert list(tmp_path.iterdir()) == []
