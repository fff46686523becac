"""A large copy, fetched from the same server over the same link by decamp and by curl."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bench.comparison import Case, Contender, Figure, Goal
from bench.environments import PeerError
from bench.places import OUT, program
from bench.process import RunError, run

__all__ = ["download_case"]

_MEGABYTES = (500, 20)
_MAX_RSS = 60_000_000
_PIECE = 1_000_000


def download_case(_rows: int, rounds: int | None) -> Case:
    """Make the case.

    Raises:
        PeerError: curl is not installed.
    """
    curl = shutil.which("curl")
    if curl is None:
        raise PeerError("curl is not installed.")

    def contender(name: str, fetch: partial[Figure]) -> Contender:
        large, small = (partial(_measure, fetch, size) for size in _MEGABYTES)
        return Contender(name, large, small)

    return Case(
        title=f"Download a copy of {_MEGABYTES[0]} MB, on loopback",
        unit="MB/s",
        ours=contender("decamp", partial(_decamp)),
        peer=contender("curl", partial(_curl, curl)),
        goal=Goal(0.9, "rate", _MAX_RSS),
        rounds=rounds or 7,
    )


def _decamp(port: str, file: Path, size: int) -> Figure:
    measured = run([sys.executable, program("download_decamp"), port, str(file)])
    printed = json.loads(measured.output)
    return Figure(printed["seconds"], size, printed["cpu"], measured.rss)


def _curl(curl: str, port: str, file: Path, size: int) -> Figure:
    url = f"http://127.0.0.1:{port}/v2/user/data/download/"
    options = ("--silent", "--fail", "--noproxy", "*", "--write-out", "%{time_total}")
    measured = run([curl, *options, "--data", "{}", "--output", str(file), url])
    return Figure(float(measured.output), size, measured.cpu, measured.rss)


def _measure(fetch: partial[Figure], size: int) -> Figure:
    source, target = _zip(size), OUT / "download.copy"
    target.unlink(missing_ok=True)
    with _served(source) as port:
        figure = fetch(port, target, size)
    if target.stat().st_size != source.stat().st_size:
        raise RunError(f"{target.stat().st_size:,} bytes came of {source.stat().st_size:,}.")
    target.unlink()
    return figure


def _zip(megabytes: int) -> Path:
    """Make a zip of about that size, once."""
    path = OUT / f"download-{megabytes}.zip"
    if not path.exists():
        OUT.mkdir(exist_ok=True)
        part = path.with_suffix(".part")
        with (
            zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive,
            archive.open("user_data_tiktok.json", "w", force_zip64=True) as file,
        ):
            for _ in range(megabytes):
                file.write(os.urandom(_PIECE))
        part.replace(path)
    return path


@contextmanager
def _served(path: Path) -> Iterator[str]:
    command = [sys.executable, program("serve_file"), str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().strip()
        finally:
            server.terminate()
