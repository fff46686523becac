from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bundle_disk import ADA, TOKEN, begun, disk, transfer
from bundle_items import blob, post, snapshot
from decamp import Account, DestinationRefused, Item, Locked, Origin


def test_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b"
    found = disk(target).check()
    assert (found.id, found.title, found.holds) == (target.as_posix(), str(target), None)
    assert not (tmp_path / "a").exists()


def test_an_empty_folder_and_what_systems_leave_in_one(tmp_path: Path) -> None:
    (tmp_path / ".DS_Store").write_bytes(b"mac")
    (tmp_path / "lost+found").mkdir()
    assert disk(tmp_path).check().holds is None
    assert snapshot(tmp_path) == {".DS_Store": b"mac"}


def test_one_folder_has_one_identity(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (tmp_path / "link").symlink_to(real)
    ids = {disk(path).check().id for path in (real, tmp_path / "link", real / ".." / "real")}
    assert ids == {real.as_posix()}


def test_a_bundle_says_whose_it_is(tmp_path: Path) -> None:
    transfer(tmp_path / "b", [post()])
    before = snapshot(tmp_path)
    assert disk(tmp_path / "b").check().holds == Origin(ADA)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("thesis.doc", b"my work", "not empty"),
        ("data/x", b"stranger", "not empty"),
        ("decamp.json", b"{", "cannot be read"),
        ("decamp.json", b"\xff\xfe", "cannot be read"),
        ("decamp.json", b'{"format": "one"}', "cannot be read"),
        ("decamp.json", b'{"format": 1, "account": []}', "cannot be read"),
        ("decamp.json", b'{"format": 2, "account": 7}', "format 2"),
    ],
)
def test_refused_and_never_touched(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(content)
    for attempt in (
        lambda: disk(tmp_path).check(),
        lambda: disk(tmp_path).begin(Origin(ADA), TOKEN),
    ):
        with pytest.raises(DestinationRefused, match=message) as caught:
            attempt()
        assert caught.value.hint
        assert snapshot(tmp_path) == {name: content}


def test_a_file_in_the_place_of_the_folder_or_above_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "file", tmp_path / "file" / "below" / "it"):
        with pytest.raises(DestinationRefused, match="file is a file, not a folder"):
            disk(path).check()


def test_a_marker_that_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "decamp.json").mkdir()
    with pytest.raises(DestinationRefused):
        disk(tmp_path).check()


LONG = "y" * 300
DEEP = "/".join(["z" * 200] * 25)
IMPOSSIBLE = [LONG, f"not/there/{LONG}", DEEP, "x/" * 1880 + "x", "nul\0", "\ud800"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has other limits")
@pytest.mark.parametrize("name", IMPOSSIBLE, ids=range(len(IMPOSSIBLE)))
def test_a_path_that_no_system_could_hold(tmp_path: Path, name: str) -> None:
    for attempt in (
        disk(tmp_path / name).check,
        lambda: disk(tmp_path / name).begin(Origin(ADA), TOKEN),
    ):
        with pytest.raises(DestinationRefused, match=r"too long|no path can have") as caught:
            attempt()
        assert caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_the_longest_paths_have_room_where_check_says_so(tmp_path: Path) -> None:
    root = tmp_path
    while True:
        deeper = root / ("x" * 60)
        try:
            disk(deeper).check()
        except DestinationRefused:
            break
        root = deeper
    album = Item(f"album:{LONG}", LONG, {}, (blob(f"{LONG}.bin", b"1"),))
    with begun(root) as importer:
        assert importer.import_item(album)


def test_a_home_that_nobody_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = disk(Path("~nobody-has-this-name/b")).check()
    assert found.title == str(tmp_path / "~nobody-has-this-name" / "b")


def test_another_account_is_refused_and_new_names_are_kept(tmp_path: Path) -> None:
    transfer(tmp_path, [post()])
    before = snapshot(tmp_path)
    with pytest.raises(DestinationRefused, match="another account"), begun(tmp_path, Account("2")):
        pass
    assert snapshot(tmp_path) == before
    renamed = Account("open-id-1", ("ada.new", "ada.example"))
    transfer(tmp_path, [post(), post(mark="#2", data=b"another")], renamed)
    assert disk(tmp_path).check().holds == Origin(renamed)


def test_a_second_run_in_this_process_is_locked_out(tmp_path: Path) -> None:
    with begun(tmp_path) as first:
        with pytest.raises(Locked) as caught, begun(tmp_path):
            pass
        assert caught.value.hint
        first.import_item(post())
    assert not (tmp_path / ".decamp.lock").exists()
    with begun(tmp_path):
        pass


HOLD = """
import sys
from pathlib import Path
from bundle_disk import ADA, TOKEN, disk
from decamp import Origin
importer = disk(Path(sys.argv[1]))
importer.begin(Origin(ADA), TOKEN)
print("ready", flush=True)
sys.stdin.read()
"""


def test_a_killed_process_lets_go_of_the_lock_and_leaves_its_temporaries(tmp_path: Path) -> None:
    root = tmp_path / "b"
    support = Path(__file__).parents[2] / "support"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(support), *sys.path])},
    )
    assert holder.stdin
    assert holder.stdout
    with holder.stdin, holder.stdout:
        assert holder.stdout.readline().strip() == b"ready"
        with pytest.raises(Locked), begun(root):
            pass
        (root / ".decamp-tmp-dead" / "1").mkdir(parents=True)
        (root / ".decamp-tmp-dead" / "1" / "file").write_bytes(b"half")
        holder.kill()
        holder.wait()
    transfer(root, [post()])
    assert not list(root.glob(".decamp*"))


def test_the_marker_comes_before_the_payload_and_stays_incomplete(tmp_path: Path) -> None:
    with begun(tmp_path) as importer:
        assert not (tmp_path / "decamp.json").exists()
        importer.import_item(post())
        marker = json.loads((tmp_path / "decamp.json").read_text())
        assert marker == {
            "format": 1,
            "account": {"id": "open-id-1", "names": ["ada.example"]},
            "counts": {},
            "complete": False,
            "token": TOKEN,
        }
