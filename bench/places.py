"""Where the benchmarks keep their files; none of them is under version control."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["ENVIRONMENTS", "OUT", "PROGRAMS", "RUNS", "program", "script"]

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
