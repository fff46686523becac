"""The system's calls fail, or end the process, one after the other: strace plays the disk.

DECAMP_ACCEPTANCE_SYSCALLS=all tries every call; by default a few of each kind.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import bagit
import pytest

from hand_files import account, pack
from journey import tree
from kill_points import leftovers, open_intents

STRACE = shutil.which("strace")
POINTS = None if os.environ.get("DECAMP_ACCEPTANCE_SYSCALLS") == "all" else 3
KINDS = ("fsync,fdatasync,syncfs", "rename,renameat,renameat2", "link,linkat", "pwrite64", "unlink")


def needs_strace() -> None:
    if STRACE is None:
        assert not os.environ.get("CI"), "CI has to have strace"
        pytest.skip("strace is not installed")


def run(folder: Path, source: Path, *inject: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "decamp", "transfer", str(source), str(folder / "bundle")]
    traced = [STRACE or "", "-f", "-qq", "-o", str(folder / "trace"), *inject] if inject else []
    return subprocess.run(
        [*traced, *command],
        env=os.environ | {"DECAMP_HOME": str(folder / "home"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def source(tmp_path: Path) -> Path:
    posts = [{"Date": f"2024-01-01 00:00:0{n}", "Link": "", "Title": f"{n}"} for n in range(8)]
    more = {"Post": {"Posts": {"VideoList": posts}}}
    return pack(tmp_path / "a.zip", account(words=" ".join(map(str, range(30))), **more))


def calls_of(kind: str, folder: Path, source: Path) -> int:
    """Count the calls of an undisturbed run."""
    done = run(folder, source, "-e", f"trace={kind}")
    assert done.returncode == 0, done.stderr
    return sum("(" in line for line in (folder / "trace").read_text().splitlines())


LOCK = ".decamp.lock"


def judged(folder: Path, expected: dict[str, str], *, lock: bool) -> None:
    """Look at the outcome.

    Args:
        lock: The empty lock file may lie there: the system refused to remove it, and the next
            run had nothing to write. It holds nobody.
    """
    found = tree(folder / "bundle")
    if lock:
        found.pop(LOCK, None)
    assert found == expected
    bagit.Bag(str(folder / "bundle")).validate()
    assert set(leftovers(folder / "bundle", folder / "home")) <= ({LOCK} if lock else set())
    assert open_intents(folder / "home") == 0


@pytest.mark.timeout(3600)  # it takes what it takes; only a hang is a failure
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.partition(",")[0])
@pytest.mark.parametrize(
    "fault", ["signal=KILL", "error=ENOSPC", "error=EIO"], ids=["kill", "full", "broken"]
)
def test_the_nth_call(kind: str, fault: str, source: Path, tmp_path: Path) -> None:
    needs_strace()
    (tmp_path / "whole").mkdir()
    count = calls_of(kind, tmp_path / "whole", source)
    expected = tree(tmp_path / "whole" / "bundle")
    step = 1 if POINTS is None else max(1, count // POINTS)
    tried = 0
    for number in range(1, count + 1, step):
        folder = tmp_path / f"at-{number}"
        folder.mkdir()
        inject = f"inject={kind}:{fault}:when={number}"
        ended = run(folder, source, "-e", f"trace={kind}", "-e", inject)
        assert "Traceback" not in ended.stderr, (number, ended.stderr)
        if fault != "signal=KILL":
            assert ended.returncode in (0, 1, 3, 6, 9), (number, ended.stderr)
        again = run(folder, source)
        assert again.returncode == 0, (number, again.stderr)
        judged(folder, expected, lock=kind == "unlink" and fault != "signal=KILL")
        tried += 1
        shutil.rmtree(folder)
    print(f"{kind} {fault}: {tried} of {count}")
    assert tried > 0
