"""What is compared with what; each is a row of the table of goals."""

from __future__ import annotations

import json
import shutil
import sys
import zipfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from bench.archives import Archive, make_archive
from bench.bluesky import bare_writes, transfer_posts
from bench.bundles import make_bundle
from bench.comparison import Case, Contender, Figure, Goal
from bench.downloads import download_case
from bench.environments import PeerError, environment
from bench.places import OUT, decamp, forget_runs, fresh_folder, program, script
from bench.process import Measured, RunError, run
from bench.webdav import WEBDAV_CASES

__all__ = ["CASES", "forget_runs", "read_decamp", "transfer_decamp"]


_MAX_RSS = 100_000_000
_SINGER_PART = 5  # it gets a fifth of the rows, or it would take most of the time
_WARM_UP_PART = 50
_OTHER_ENTRIES = 10  # every account has some short lists beside its rows


def read_decamp(archive: Archive) -> Figure:
    """Read all rows with our reader."""
    return _read(sys.executable, "read_decamp", archive)


def transfer_decamp(archive: Archive) -> Figure:
    """Make a new bundle with the command that people use, and a new journal."""
    folder = fresh_folder("decamp")
    bundle = folder / "bundle"
    measured = run(
        [decamp(), "transfer", str(archive.path), str(bundle), "--json"],
        extra={"DECAMP_HOME": str(folder / "home")},
        accept=(0, 3),  # 3: the account's picture, which cannot be had; see `make_archive`
    )
    receipt = json.loads(measured.output)
    counts = receipt["counts"]
    delivered = counts["event"]["delivered"] + counts["message"]["delivered"]
    if delivered != archive.rows or not (bundle / "manifest-sha256.txt").is_file():
        raise RunError(f"decamp delivered {delivered:,} rows of {archive.rows:,}.")
    headers = sum(receipt["segments"].values())  # the first line of each file says what it is
    _require_rows("decamp", bundle / "data", archive, headers)
    return Figure(measured.seconds, archive.rows, measured.cpu, measured.rss)


def _read_orjson(python: str, archive: Archive) -> Figure:
    return _read(python, "read_orjson", archive)


def _read(python: str, name: str, archive: Archive) -> Figure:
    """Measure reading itself, without the start of the interpreter."""
    measured = run([python, program(name), str(archive.path)])
    printed = json.loads(measured.output)
    if not 0 <= printed["rows"] - archive.rows < _OTHER_ENTRIES:
        raise RunError(f"{name} found {printed['rows']:,} rows of {archive.rows:,}.")
    return Figure(printed["seconds"], printed["rows"], printed["cpu"], measured.rss)


def _transfer_dlt(python: str, archive: Archive) -> Figure:
    folder = fresh_folder("dlt")
    measured = run([python, program("dlt_pipeline"), str(archive.path), str(folder)])
    _require_rows("dlt", folder / "data" / "tiktok", archive)
    return Figure(measured.seconds, archive.rows, measured.cpu, measured.rss)


def _transfer_singer(tap: str, target: str, archive: Archive) -> Figure:
    folder = fresh_folder("singer")
    configurations: dict[str, Mapping[str, str]] = {
        "tap": {"archive": str(archive.path)},
        "target": {"destination_path": str(folder / "data")},
    }
    for name, configuration in configurations.items():
        (folder / f"{name}.json").write_text(json.dumps(configuration), encoding="utf-8")
    measured = run(
        [tap, program("singer_tap"), "--config", str(folder / "tap.json")],
        [target, "--config", str(folder / "target.json")],
    )
    _require_rows("target-jsonl", folder / "data", archive)
    return Figure(measured.seconds, archive.rows, measured.cpu, measured.rss)


def _start(*command: str) -> Figure:
    measured = run([*command, "--help"])
    if "Usage" not in measured.output:
        raise RunError(f"{command[-1]} printed no help.")
    return Figure(measured.seconds, 1, measured.cpu, measured.rss)


def _require_rows(name: str, folder: Path, archive: Archive, headers: int = 0) -> None:
    """Count what was written, so that no one is fast by leaving something out.

    Args:
        headers: How many lines are no rows.

    Raises:
        RunError: There are more or fewer lines than rows.
    """
    lines = -headers
    for path in folder.rglob("*.jsonl"):
        if not path.relative_to(folder).parts[0].startswith("_dlt"):
            with path.open("rb") as file:
                while part := file.read(1 << 20):
                    lines += part.count(b"\n")
    if lines != archive.rows:
        raise RunError(f"{name} wrote {lines:,} rows of {archive.rows:,}.")


def _on(
    archive: Archive, small: Archive, name: str, measure: Callable[[Archive], Figure]
) -> Contender:
    return Contender(name, partial(measure, archive), partial(measure, small))


def _start_case(_rows: int, rounds: int | None) -> Case:
    ours = partial(_start, decamp())
    peer = partial(_start, sys.executable, program("hello"))
    return Case(
        title="decamp --help, against a typer program with two commands",
        unit="ms",
        ours=Contender("decamp", ours, ours),
        peer=Contender("typer hello", peer, peer),
        goal=Goal(1.3, "time"),
        rounds=rounds or 15,
    )


def _read_case(rows: int, rounds: int | None) -> Case:
    peer = partial(_read_orjson, script(environment("orjson"), "python"))
    archive, small = make_archive(rows), make_archive(rows // _WARM_UP_PART)
    return Case(
        title=f"Read every row of a zipped archive ({archive})",
        unit="rows/s",
        ours=_on(archive, small, "decamp's reader", read_decamp),
        peer=_on(archive, small, "zipfile, orjson.loads", peer),
        goal=Goal(1.5, "rate", _MAX_RSS),
        rounds=rounds or 5,
    )


def _dlt_case(rows: int, rounds: int | None) -> Case:
    peer = partial(_transfer_dlt, script(environment("dlt"), "python"))
    archive, small = make_archive(rows), make_archive(rows // _WARM_UP_PART)
    return Case(
        title=f"Archive to validated bundle ({archive}), against dlt to JSONL files",
        unit="rows/s",
        ours=_on(archive, small, "decamp transfer", transfer_decamp),
        peer=_on(archive, small, "dlt, filesystem", peer),
        goal=Goal(5.0, "rate"),
        rounds=rounds or 3,
    )


def _singer_case(rows: int, rounds: int | None) -> Case:
    tap = script(environment("tap"), "python")
    target = script(environment("target"), "target-jsonl")
    peer = partial(_transfer_singer, tap, target)
    archive, small = make_archive(rows), make_archive(rows // _WARM_UP_PART)
    part = make_archive(rows // _SINGER_PART)
    return Case(
        title=f"The same, against a Singer tap and target ({part.rows:,} rows for them)",
        unit="rows/s",
        ours=_on(archive, small, "decamp transfer", transfer_decamp),
        peer=_on(part, small, "tap | target-jsonl", peer),
        goal=Goal(8.0, "rate"),
        rounds=rounds or 3,
    )


class _Again:
    """Delivers an archive once, and then ever new copies of it, in which nothing is new."""

    def __init__(self) -> None:
        self._copies: dict[Path, list[Path]] = {}

    def __call__(self, archive: Archive) -> Figure:
        folder = OUT / f"again-{archive.rows}"
        if archive.path not in self._copies:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            self._copies[archive.path] = [_copy(archive, folder, number) for number in (1, 2)]
            self._run(archive.path, folder)
        copies = self._copies[archive.path]
        copies.reverse()  # the very same copy as last time would not even be read
        measured = self._run(copies[0], folder)
        counts = json.loads(measured.output)["counts"]
        if any(counts[kind].get("new") for kind in ("event", "message")):
            raise RunError("decamp took rows for new that it had delivered.")
        return Figure(measured.seconds, archive.rows, measured.cpu, measured.rss)

    @staticmethod
    def _run(path: Path, folder: Path) -> Measured:
        return run(
            [decamp(), "transfer", str(path), str(folder / "bundle"), "--json"],
            extra={"DECAMP_HOME": str(folder / "home")},
            accept=(0, 3),
        )


def _copy(archive: Archive, folder: Path, number: int) -> Path:
    """Write the same export as another file: with another number of spaces at its end."""
    path = folder / f"copy-{number}.zip"
    with (
        zipfile.ZipFile(archive.path) as source,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as target,
    ):
        [name] = source.namelist()
        with source.open(name) as data, target.open(source.getinfo(name), "w") as copy:
            shutil.copyfileobj(data, copy, 1 << 20)
            copy.write(b" " * number)
    return path


def _again_case(rows: int, rounds: int | None) -> Case:
    archive, small = make_archive(rows), make_archive(rows // _WARM_UP_PART)
    return Case(
        title=f"A new export with nothing new, {archive.rows:,} delivered rows",
        unit="rows/s",
        ours=_on(archive, small, "decamp transfer", _Again()),
        peer=_on(archive, small, "reading it alone", read_decamp),
        goal=Goal(2.0, "time"),
        rounds=rounds or 3,
    )


_MEDIA = ((20, 25_000_000), (4, 1_000_000))


def _copy_bundle(files: int, size: int, command: Callable[[Path, Path, Path], list[str]]) -> Figure:
    bundle, folder = make_bundle(files, 1, size).path, fresh_folder("copy")
    target = folder / "bundle"
    measured = run(command(bundle, target, folder), extra={"DECAMP_HOME": str(folder / "home")})
    copied = sum(path.stat().st_size for path in target.rglob("*.mp4"))
    if copied != files * size:
        raise RunError(f"{copied:,} bytes of media were copied, of {files * size:,}.")
    shutil.rmtree(folder)  # few files, but a gigabyte in memory after two runs
    return Figure(measured.seconds, copied // 1_000_000, measured.cpu, measured.rss)


def _media_case(_rows: int, rounds: int | None) -> Case:
    def plain_copy(source: Path, target: Path, _folder: Path) -> list[str]:
        return ["cp", "-r", str(source), str(target)]

    return _media("cp -r", plain_copy, rounds)


_SAFE_COPY = 'cp -r "$1" "$2" && cd "$2" && sha256sum --quiet -c manifest-sha256.txt && sync -f .'


def _media_checked_case(_rows: int, rounds: int | None) -> Case:
    if shutil.which("sha256sum") is None:
        raise PeerError("There is no sha256sum here.")

    def safe_copy(source: Path, target: Path, _folder: Path) -> list[str]:
        return ["sh", "-c", _SAFE_COPY, "sh", str(source), str(target)]

    return _media("cp, sha256sum, sync", safe_copy, rounds)


def _media(name: str, peer: Callable[[Path, Path, Path], list[str]], rounds: int | None) -> Case:
    def decamp_copy(source: Path, target: Path, _folder: Path) -> list[str]:
        return [decamp(), "transfer", str(source), str(target)]

    def contender(name: str, command: Callable[[Path, Path, Path], list[str]]) -> Contender:
        large, small = (partial(_copy_bundle, *shape, command) for shape in _MEDIA)
        return Contender(name, large, small)

    files, size = _MEDIA[0]
    return Case(
        title=f"Copy a bundle with {files} files of {size // 1_000_000} MB, against {name}",
        unit="MB/s",
        ours=contender("decamp transfer", decamp_copy),
        peer=contender(name, peer),
        goal=Goal(0.8, "rate"),
        rounds=rounds or 3,
    )


_POSTS = 2_000


def _bluesky_case(_rows: int, rounds: int | None) -> Case:
    def contender(name: str, measure: Callable[[int], Figure]) -> Contender:
        return Contender(name, partial(measure, _POSTS), partial(measure, 50))

    return Case(
        title=f"{_POSTS:,} posts without media to a Bluesky server, against bare applyWrites of 200",
        unit="rows/s",
        ours=contender("decamp transfer", partial(transfer_posts, decamp)),
        peer=contender("applyWrites", bare_writes),
        goal=Goal(0.8, "rate"),
        rounds=rounds or 3,
    )


CASES: Mapping[str, Callable[[int, int | None], Case]] = {
    "start": _start_case,
    "read": _read_case,
    "dlt": _dlt_case,
    "singer": _singer_case,
    "again": _again_case,
    "media": _media_case,
    "media-checked": _media_checked_case,
    "download": download_case,
    "bluesky": _bluesky_case,
    **WEBDAV_CASES,
}
"""How each is made, for a number of rows and of rounds (None for what suits it)."""
