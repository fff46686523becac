"""Bundles with media to copy, made up once and kept."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from attrs import frozen

from bench.places import OUT, program
from bench.process import run

__all__ = ["Bundle", "make_bundle", "measure_tree"]


@frozen
class Bundle:
    """A folder of files."""

    path: Path
    files: int
    size: int
    """Bytes of all files together."""


def make_bundle(posts: int, files: int, size: int) -> Bundle:
    """Make a bundle of posts with so many files each, all of this size in bytes."""
    path = OUT / f"media-{posts}x{files}x{size}"
    if not (path / "tagmanifest-sha256.txt").exists():
        shutil.rmtree(path, ignore_errors=True)
        OUT.mkdir(exist_ok=True)
        words = (str(posts), str(files), str(size))
        run([sys.executable, program("make_bundle"), str(path), *words])
    return Bundle(path, *measure_tree(path))


def measure_tree(folder: Path) -> tuple[int, int]:
    """Count the files below a folder, and their bytes."""
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return len(sizes), sum(sizes)
