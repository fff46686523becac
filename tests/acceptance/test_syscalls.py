"""The system's calls fail, or end the process, one after the other: strace plays the disk.

DECAMP_ACCEPTANCE_SYSCALLS=all tries every call; by default a few of each kind.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import bagit
import pytest
from attrs import frozen

from hand_files import account, pack
from journey import tree
from kill_points import leftovers, open_intents

STRACE = shutil.which("strace")
POINTS = None if os.environ.get("DECAMP_ACCEPTANCE_SYSCALLS") == "all" else 3
KINDS = ("fsync,fdatasync,syncfs", "rename,renameat,renameat2", "link,linkat", "pwrite64", "unlink")
KILL = "signal=KILL"
ONLY_THESE = "--seccomp-bpf"
"""Lets the kernel pass all other calls by, which is three times as fast. Signals come too late."""


@frozen
class Undisturbed:
    """A run that nothing happened to: what it read, what it made, which calls it made."""

    source: Path
    bundle: dict[str, str]
    calls: dict[str, int]
    """By the name of a call: how often the thread that made it most made it."""

    def most(self, kind: str) -> int:
        """Give the highest number at which a call of a kind can be met: strace counts by thread."""
        return max(self.calls[name] for name in kind.split(","))


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


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    if STRACE is None:
        assert not os.environ.get("CI"), "CI has to have strace"
        pytest.skip("strace is not installed")
    folder = tmp_path_factory.mktemp("undisturbed")
    posts = [{"Date": f"2024-01-01 00:00:0{n}", "Link": "", "Title": f"{n}"} for n in range(8)]
    more = {"Post": {"Posts": {"VideoList": posts}}}
    source = pack(folder / "a.zip", account(words=" ".join(map(str, range(30))), **more))
    done = run(folder, source, ONLY_THESE, "-e", f"trace={','.join(KINDS)}")
    assert done.returncode == 0, done.stderr
    made = re.findall(r"^(\d+) +(\w+)\(", (folder / "trace").read_text(), re.MULTILINE)
    calls: Counter[str] = Counter()
    for (_, name), count in Counter(made).items():
        calls[name] = max(calls[name], count)
    return Undisturbed(source, tree(folder / "bundle"), calls)


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
    "fault", [KILL, "error=ENOSPC", "error=EIO"], ids=["kill", "full", "broken"]
)
def test_the_nth_call(kind: str, fault: str, undisturbed: Undisturbed, tmp_path: Path) -> None:
    most = undisturbed.most(kind)
    step = 1 if POINTS is None else max(1, most // POINTS)
    faster = () if fault == KILL else (ONLY_THESE,)
    tried = hit = 0
    for number in range(1, most + 1, step):
        folder = tmp_path / f"at-{number}"
        folder.mkdir()
        inject = f"inject={kind}:{fault}:when={number}"
        ended = run(folder, undisturbed.source, *faster, "-e", f"trace={kind}", "-e", inject)
        assert "Traceback" not in ended.stderr, (number, ended.stderr)
        if fault == KILL:
            assert ended.returncode in (0, -9), (number, ended.stderr)
            hit += ended.returncode == -9
        else:
            assert ended.returncode in (0, 1, 3, 6, 9), (number, ended.stderr)
            hit += "(INJECTED)" in (folder / "trace").read_text()
        again = run(folder, undisturbed.source)
        assert again.returncode == 0, (number, again.stderr)
        judged(folder, undisturbed.bundle, lock=kind == "unlink" and fault != KILL)
        tried += 1
        shutil.rmtree(folder)
    print(f"{kind} {fault}: {hit} of {tried} tries hit; of {most}")
    assert hit > 0  # threads share the work: another run's thread may make fewer calls
