"""Where the benchmarks keep their files; none of them is under version control."""

from __future__ import annotations

import os
import shutil
import sysconfig
from itertools import count
from pathlib import Path

from bench.process import RunError

__all__ = [
    "ENVIRONMENTS",
    "OUT",
    "PROGRAMS",
    "decamp",
    "forget_runs",
    "fresh_folder",
    "program",
    "script",
]

_HERE = Path(__file__).resolve().parent

PROGRAMS = _HERE / "programs"
"""What is measured, each as a script of its own, so that no run sees the memory of another."""

ENVIRONMENTS = _HERE / ".envs"
"""The peers' virtual environments."""

OUT = _HERE / "out"
"""Archives and what is made of them."""

RUNS = OUT / "runs"
"""What each run writes, until the end."""


def program(name: str) -> str:
    """Give the path of one of the measured scripts."""
    return str(PROGRAMS / f"{name}.py")


def script(environment: Path, name: str) -> str:
    """Give the path of a command in a virtual environment."""
    if os.name == "nt":
        return str(environment / "Scripts" / f"{name}.exe")
    return str(environment / "bin" / name)


def decamp() -> str:
    """Give the path of decamp's own command."""
    found = shutil.which("decamp", path=sysconfig.get_path("scripts"))
    if found is None:
        raise RunError("decamp is not installed beside this Python; run: make bench")
    return found


_numbers = count(1)


def fresh_folder(name: str) -> Path:
    """Make a new folder for one run; `forget_runs` removes them all.

    Nothing is removed between runs: for a minute after many files were removed, ext4 is slow to
    make new ones, which would count against whoever comes next. So would what the run before
    left in memory without flushing it.
    """
    folder = RUNS / f"{next(_numbers)}-{name}"
    folder.mkdir(parents=True)
    if hasattr(os, "sync"):
        os.sync()
    return folder


def forget_runs() -> None:
    """Remove what the runs have written."""
    shutil.rmtree(RUNS, ignore_errors=True)
