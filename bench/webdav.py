"""WebDAV: a bundle to Apache's mod_dav, against rclone without its pauses.

Both copy the very same files, from a bundle in a folder of this machine, to the same server on
loopback, with the same number of connections; both sign in, and both look at what was stored.
decamp writes the same files that rclone copies (a copy of a bundle is the bundle), so afterwards
the server's own folder is compared with the source: files and bytes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path

from attrs import frozen

from bench.bundles import Bundle, make_bundle, measure_tree
from bench.comparison import Case, Contender, Figure, Goal
from bench.environments import PeerError, environment
from bench.places import decamp, fresh_folder, script
from bench.process import Measured, RunError, run

__all__ = ["WEBDAV_CASES", "transfer_to_server", "webdav_server_ends"]

_HOST = Path(__file__).parents[1] / "tests" / "support" / "dav_host.py"
_CONNECTIONS = 8  # those that decamp's plugin uses
_USER, _PASSWORD = "ada", "secret"  # of a server that lives as long as the benchmark
_HOME = "webdav-home"


@frozen
class _Server:
    """Apache, and where its files lie."""

    url: str
    files: Path

    @property
    def place(self) -> Path:
        return self.files / "bundle"


@cache
def _server() -> _Server:
    """Start it once; it ends with this process, whose end it reads from a pipe."""
    run_folder = Path(tempfile.mkdtemp(prefix="decamp-bench-"))
    run_folder.chmod(0o711)  # Apache gives up being root
    settings = {"kind": "apache", "run": str(run_folder), "user": _USER, "password": _PASSWORD}
    process = subprocess.Popen(
        [sys.executable, str(_HOST), json.dumps(settings)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    port = process.stdout.readline().strip()
    if not port:
        raise PeerError("Apache does not start here; on Debian: apt install apache2-bin")
    _RUNNING.append((process, run_folder))
    return _Server(f"http://127.0.0.1:{port}/dav/bundle", run_folder / "files")


_RUNNING: list[tuple[subprocess.Popen[str], Path]] = []


@contextmanager
def webdav_server_ends() -> Iterator[None]:
    """Stop the server afterwards, if one was started, and remove its files."""
    try:
        yield
    finally:
        for process, folder in _RUNNING:
            process.communicate("")
            shutil.rmtree(folder, ignore_errors=True)


def _empty_place(server: _Server) -> None:
    """Make the collection anew: rclone needs one that exists."""
    shutil.rmtree(server.place, ignore_errors=True)
    server.place.mkdir()
    owner = server.files.stat()
    if os.name == "posix":
        os.chown(server.place, owner.st_uid, owner.st_gid)


def transfer_to_server(source: Path, home: Path) -> Measured:
    """Bring a source to the server, where nothing is before."""
    server = _server()
    _empty_place(server)
    return _run_decamp(source, server, home)


def _run_decamp(source: Path, server: _Server, home: Path) -> Measured:
    return run(
        [decamp(), "transfer", str(source), f"webdav:{server.url}"],
        extra={
            "DECAMP_HOME": str(home),
            "DECAMP_WEBDAV_USER": _USER,
            "DECAMP_WEBDAV_PASSWORD": _PASSWORD,
        },
    )


def _run_rclone(command: str, bundle: Bundle, server: _Server) -> Measured:
    obscured = run([command, "obscure", _PASSWORD]).output.strip()
    words = ["copy", str(bundle.path), ":webdav:", "--webdav-pacer-min-sleep", "1us", "-q"]
    words += ["--transfers", str(_CONNECTIONS), "--checkers", str(_CONNECTIONS)]
    return run(
        [command, *words],
        extra={
            "RCLONE_CONFIG": os.devnull,
            "RCLONE_WEBDAV_URL": server.url,
            "RCLONE_WEBDAV_VENDOR": "other",
            "RCLONE_WEBDAV_USER": _USER,
            "RCLONE_WEBDAV_PASS": obscured,
        },
    )


def _figure(measured: Measured, bundle: Bundle, *, by_size: bool) -> Figure:
    """Judge by the server's own disk that everything is there."""
    found = measure_tree(_server().place)
    if found != (bundle.files, bundle.size):
        raise RunError(f"{found} files and bytes are there, of {(bundle.files, bundle.size)}.")
    work = bundle.size // 1_000_000 if by_size else bundle.files
    return Figure(measured.seconds, work, measured.cpu, measured.rss)


def _copy_decamp(shape: tuple[int, int, int], home: Path, *, by_size: bool) -> Figure:
    """Copy with a new journal; what was learnt of the server stays from the warm-up."""
    bundle, server = make_bundle(*shape), _server()
    _empty_place(server)
    for path in home.iterdir():
        if path.name != "plugins":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return _figure(_run_decamp(bundle.path, server, home), bundle, by_size=by_size)


def _copy_rclone(shape: tuple[int, int, int], command: str, *, by_size: bool) -> Figure:
    bundle, server = make_bundle(*shape), _server()
    _empty_place(server)
    return _figure(_run_rclone(command, bundle, server), bundle, by_size=by_size)


class _Again:
    """Copies everything once, and then measures runs that find nothing to copy."""

    def __init__(self, shape: tuple[int, int, int], act: Callable[[Bundle, _Server], Measured]):
        self._shape, self._act = shape, act
        self._filled = False

    def __call__(self) -> Figure:
        bundle, server = make_bundle(*self._shape), _server()
        if not self._filled:
            _empty_place(server)
            self._act(bundle, server)
            self._filled = True
        return _figure(self._act(bundle, server), bundle, by_size=False)


def _copy_case(
    shape: tuple[int, int, int], what: str, goal: float, unit: str, _rows: int, rounds: int | None
) -> Case:
    command = script(environment("rclone"), "rclone")
    by_size = unit == "MB/s"
    posts, files, size = shape
    small = (min(posts, 20), min(files, 20), min(size, 1_000_000))
    home = fresh_folder(_HOME)
    return Case(
        title=f"WebDAV, {what}, to Apache",
        unit="MB/s" if by_size else "files/s",
        ours=Contender(
            "decamp transfer",
            partial(_copy_decamp, shape, home, by_size=by_size),
            partial(_copy_decamp, small, home, by_size=by_size),
        ),
        peer=Contender(
            "rclone copy, unpaced",
            partial(_copy_rclone, shape, command, by_size=by_size),
            partial(_copy_rclone, small, command, by_size=by_size),
        ),
        goal=Goal(goal, "rate"),
        rounds=rounds or 3,
    )


def _again_case(_rows: int, rounds: int | None) -> Case:
    """Both find the same full place: that of decamp, which rclone sees as its own copy too."""
    command, home = script(environment("rclone"), "rclone"), fresh_folder(_HOME)
    ours = _Again(_POSTS, lambda bundle, server: _run_decamp(bundle.path, server, home))
    peer = partial(_rclone_again, command)
    return Case(
        title="WebDAV, nothing to copy, 2 500 post folders there",
        unit="files/s",
        ours=Contender("decamp transfer", ours, ours),
        peer=Contender("rclone copy, unpaced", peer, peer),
        goal=Goal(1.0, "time"),
        rounds=rounds or 3,
    )


def _rclone_again(command: str) -> Figure:
    bundle = make_bundle(*_POSTS)
    return _figure(_run_rclone(command, bundle, _server()), bundle, by_size=False)


_POSTS = (2_500, 1, 20_000)

WEBDAV_CASES: Mapping[str, Callable[[int, int | None], Case]] = {
    "webdav-small": partial(
        _copy_case, (10, 500, 20_000), "5 000 files of 20 KB in 10 folders", 1.0, "files/s"
    ),
    "webdav-posts": partial(
        _copy_case, _POSTS, "2 500 post folders of a record and 20 KB", 1.0, "files/s"
    ),
    "webdav-large": partial(_copy_case, (20, 1, 50_000_000), "20 files of 50 MB", 0.9, "MB/s"),
    "webdav-again": _again_case,
}
"""How each is made, for a number of rows (of no use here) and of rounds."""
