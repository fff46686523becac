"""A disk that is full, read-only or failing: real ones where Linux lets root mount them."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bundle_disk import begun, disk
from bundle_items import post, watched
from decamp import DestinationFull, DestinationRefused, ItemRejected, TransferError
from decamp.bundle import explained
from decamp_disk import durable

MOUNTED = """
import os, subprocess, sys
from pathlib import Path
from bundle_disk import begun, disk
from bundle_items import post, validate_bag, snapshot
from decamp import DestinationFull, DestinationRefused

root = Path(sys.argv[1])

def mount(*options):
    subprocess.run(["mount", *options, str(root)], check=True)

def refused(kind, call):
    try:
        call()
    except kind as error:
        assert type(error) is kind and error.hint and str(root) in error.message, error
    else:
        raise AssertionError("nothing was raised")
"""

FULL = """
mount("-t", "tmpfs", "-o", "size=1m", "tmpfs")
large = post("2024-01-01T00:00:00Z", data=os.urandom(2 << 20))
with begun(root) as importer:
    receipts = [importer.import_item(post())]
    before = {name for name in snapshot(root) if name.startswith("data")}
    refused(DestinationFull, lambda: importer.import_item(large))
    assert {name for name in snapshot(root) if ".decamp-tmp" in name} == set()
    assert {name for name in snapshot(root) if name.startswith("data")} == before
mount("-o", "remount,size=8m")
with begun(root) as importer:
    receipts.append(importer.import_item(large))
    importer.sync()
    importer.finish(receipts)
validate_bag(root)
"""

READ_ONLY = """
with begun(root) as importer:
    receipts = [importer.import_item(post())]
    mount("--bind", str(root))
    mount("-o", "remount,bind,ro")
    late = post("2024-01-01T00:00:00Z")
    refused(DestinationRefused, lambda: importer.import_item(late))
    refused(DestinationRefused, lambda: importer.finish(receipts))
refused(DestinationRefused, disk(root).check)
refused(DestinationRefused, disk(root / "new").check)
subprocess.run(["umount", str(root)], check=True)
with begun(root) as importer:
    importer.finish([*receipts, importer.import_item(late)])
validate_bag(root)
"""


def can_mount() -> bool:
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "-m", "true"], check=False).returncode == 0


@pytest.mark.skipif(not can_mount(), reason="needs Linux, unshare and the right to mount")
@pytest.mark.parametrize("story", [FULL, READ_ONLY], ids=["full", "read-only"])
def test_a_mounted_disk(tmp_path: Path, story: str) -> None:
    support = Path(__file__).parents[2] / "support"
    ended = subprocess.run(
        ["unshare", "-m", sys.executable, "-c", MOUNTED + story, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(support), *sys.path])},
        check=False,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may all")
def test_a_folder_of_someone_else(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        for path in (tmp_path, tmp_path / "new"):
            with pytest.raises(DestinationRefused, match="cannot be written"):
                disk(path).check()
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, DestinationFull),
        (errno.EDQUOT, DestinationFull),
        (errno.EROFS, DestinationRefused),
        (errno.EACCES, DestinationRefused),
        (errno.EPERM, DestinationRefused),
        (errno.EIO, DestinationRefused),
        (errno.ENOENT, DestinationRefused),
        (errno.ESTALE, DestinationRefused),
        (errno.EFBIG, ItemRejected),
        (errno.ENAMETOOLONG, ItemRejected),
    ],
)
def test_each_refusal_has_its_error(number: int, kind: type[TransferError]) -> None:
    with pytest.raises(TransferError) as caught, explained("/some/where"):
        raise OSError(number, os.strerror(number))
    assert type(caught.value) is kind
    assert "/some/where" in caught.value.message
    assert caught.value.hint


def test_a_disk_that_vanishes(tmp_path: Path) -> None:
    with begun(tmp_path / "b") as importer:
        importer.import_item(post())
        shutil.rmtree(tmp_path / "b")
        with pytest.raises(DestinationRefused, match="gone"):
            importer.import_item(post("2024-01-01T00:00:00Z"))
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("few", [0, 10_000])
def test_a_sync_reaches_every_file_or_says_so_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    # A disk that fails in this moment cannot be had, so the system call is what fails here.
    monkeypatch.setattr(durable, "_FEW", few)

    def fail(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with begun(tmp_path) as importer:
        receipts = [importer.import_item(post())]
        importer.sync()
        with monkeypatch.context() as broken:
            broken.setattr(os, "fsync", fail)
            broken.setattr(durable, "_syncfs", fail)
            receipts.append(importer.import_item(post("2024-01-01T00:00:00Z")))
            with pytest.raises(DestinationRefused, match="reported an error"):
                importer.sync()
        for attempt in (importer.sync, lambda: importer.finish(receipts)):
            with pytest.raises(DestinationRefused, match="reported an error"):
                attempt()


def test_a_sync_reaches_everything_that_was_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: set[str] = set()
    monkeypatch.setattr(durable, "_FEW", 10_000)
    for name in ("sync_file", "_sync_folder"):
        real = getattr(durable, name)

        def spy(path: str, real: Callable[[str], None] = real) -> None:
            real(path)
            synced.add(path)

        monkeypatch.setattr(durable, name, spy)
    with begun(tmp_path) as importer:
        importer.import_item(post())
        importer.import_item(watched())
        importer.sync()
        everything = {str(path) for path in (tmp_path / "data").rglob("*")}
        assert synced >= everything | {str(tmp_path / "data"), str(tmp_path)}
        synced.clear()
        importer.sync()
        assert synced == set()
