"""Ctrl-C, two runs at once, a full disk: the bundle is not valid until it is whole, and the
next run brings the rest, once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import bagit
import pytest
from attrs import frozen

from cli_run import Cli
from hand_archives import clip
from hand_files import account, pack
from hand_server import HeldServer

HAND_CLI = Path(__file__).parents[1] / "support" / "hand_cli.py"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")


@frozen
class Scene:
    """An export of three posts, whose media server stops in the middle of the first."""

    server: HeldServer
    cli: Cli
    archive: Path
    bundle: Path

    def start(self, home: Path | None = None) -> subprocess.Popen[str]:
        words = [str(self.server.port), "transfer", str(self.archive), str(self.bundle), "--json"]
        return subprocess.Popen(
            [sys.executable, str(HAND_CLI), *words],
            env=self.cli.environment() | ({"DECAMP_HOME": str(home)} if home else {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def held(self) -> subprocess.Popen[str]:
        """Start a run, and come back when it waits for its first video."""
        self.server.hold()
        process = self.start()
        assert self.server.asked.wait(60)
        return process

    def finished(self) -> None:
        """Run until the end, and check that everything is there once."""
        self.server.gate.set()
        out, err = self.start().communicate(timeout=60)
        receipt = json.loads(out)
        assert (receipt["exit_code"], receipt["verdict"]["complete"]) == (0, True), err
        self.whole()

    def whole(self) -> None:
        bagit.Bag(str(self.bundle)).validate()
        assert len(list(self.bundle.rglob("1.mp4"))) == 3
        assert not list(self.bundle.glob(".decamp*"))

    def unfinished(self) -> None:
        """Check that nobody can take the bundle for a whole one."""
        with pytest.raises(bagit.BagError):
            bagit.Bag(str(self.bundle)).validate()


def stop(process: subprocess.Popen[str], number: int) -> None:
    """Send a signal, and come back when the process has answered it."""
    process.send_signal(number)
    assert process.stderr is not None
    while "Ctrl-C again" not in process.stderr.readline():
        assert process.poll() is None


@pytest.fixture
def scene(home: Path, tmp_path: Path) -> Iterator[Scene]:
    with HeldServer() as server:
        posts = [
            {"Date": f"2024-01-01 00:00:0{n}", "Link": clip(server.base, n), "Likes": "1"}
            for n in range(3)
        ]
        document = account(Post={"Posts": {"VideoList": posts}})
        archive = pack(tmp_path / "a.zip", document)
        yield Scene(server, Cli(home), archive, tmp_path / "bundle")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_while_media_are_fetched(number: int, scene: Scene) -> None:
    process = scene.held()
    stop(process, number)
    scene.server.gate.set()
    process.communicate(timeout=60)
    assert process.returncode == 130
    scene.unfinished()
    scene.finished()


def test_stopped_twice_ends_at_once_and_the_next_run_goes_on(scene: Scene) -> None:
    process = scene.held()
    stop(process, signal.SIGINT)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    scene.unfinished()
    scene.finished()


def test_a_second_run_is_turned_away_and_the_first_finishes(scene: Scene) -> None:
    first = scene.held()
    first.send_signal(signal.SIGSTOP)
    out, err = scene.start().communicate(timeout=60)
    assert json.loads(out)["exit_code"] == 8
    assert "Another decamp is writing to" in err
    other_home = scene.start(scene.bundle.parent / "other home")
    other_home.communicate(timeout=60)
    assert other_home.returncode in (8, 9), "it may not know what it sees; it must not write"
    first.send_signal(signal.SIGCONT)
    scene.server.gate.set()
    first.communicate(timeout=60)
    assert first.returncode == 0
    scene.whole()


SMALL_DISK = """
mount -t tmpfs -o size={size} tmpfs "$1" || exit 77
"$2" -m decamp transfer "$3" "$4" --json > "$5"
first=$?
mount -o remount,size=64m "$1"
"$2" -m decamp transfer "$3" "$4" --json > "$6"
second=$?
cp -r "$4" "$7"
exit $(( first * 10 + second ))
"""


def small_disk(disk: str, size: str, home: Path, place: Path) -> tuple[int, list[str]]:
    """Transfer to a small disk, enlarge it, transfer again; give both exit codes and outputs."""
    watched = [
        {
            "Date": f"2024-01-{1 + n % 28:02d} 00:00:00",
            "Link": f"https://example.org/{n * 7919:09d}",
        }
        for n in range(40_000)
    ]
    document = account()
    document["Your Activity"]["Watch History"] = {"VideoList": watched}
    archive = pack(place / "a.zip", document)
    mount = place / "disk"
    mount.mkdir()
    bundle = mount / "bundle" if disk == "bundle" else place / "bundle"
    at_home = mount / "home" if disk == "home" else home
    outputs = [place / "first.json", place / "second.json"]
    words = [str(mount), sys.executable, str(archive), str(bundle), *map(str, outputs)]
    done = subprocess.run(
        [
            "unshare",
            "-m",
            "sh",
            "-c",
            SMALL_DISK.format(size=size),
            "sh",
            *words,
            str(place / "copy"),
        ],
        env=Cli(at_home).environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if done.returncode in (1, 77) and not outputs[0].exists():
        assert not os.environ.get("CI"), "CI has to allow private mounts"
        pytest.skip(f"no private mounts here: {done.stderr}")
    assert "Traceback" not in done.stderr
    bagit.Bag(str(place / "copy")).validate()
    return done.returncode, [path.read_text(encoding="utf-8") for path in outputs]


@pytest.mark.skipif(sys.platform != "linux", reason="uses mount namespaces")
@pytest.mark.parametrize(
    ("disk", "size"),
    [
        ("bundle", "1m"),
        ("home", "64k"),
        ("home", "1m"),
    ],
)
def test_a_full_disk_and_then_a_larger_one(
    disk: str, size: str, home: Path, tmp_path: Path
) -> None:
    code, (_, second) = small_disk(disk, size, home, tmp_path)
    assert code == 60, "first 6, then 0"
    assert json.loads(second)["verdict"]["complete"]
