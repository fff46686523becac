"""Runs of the engine to a real Bluesky server, with faults at any of their requests."""

from __future__ import annotations

import hashlib
import io
import logging
import os
import struct
import sys
import threading
import traceback
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from attrs import define, field

from decamp.credentials import SecretStore
from decamp.engine import Engine, Job, Settings
from decamp.engine.routes.mute import remembered
from decamp.events import Event
from decamp.journal import Journal
from decamp.model import Account, Blob, Item, Page
from decamp.spec import Context, ExporterSpec, ImporterSpec
from decamp.stops import LookingStop
from decamp.testing import ScriptedExporter
from decamp.testing.fakes import NoConfig
from decamp.upkeep import Place as Spot
from decamp.upkeep import Undoing, resolve, undo, verify
from decamp_bluesky.config import Config, capabilities
from decamp_bluesky.importer import BlueskyImporter
from pds_run import Pds

COLLECTION = "app.bsky.feed.post"
LONG = "Word by word it goes on. " * 40
"""Enough for a thread."""


def png(width: int, height: int, shade: int = 0) -> bytes:
    """Make a picture of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    rows = (b"\0" + bytes([shade]) * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def mp4(filler: int = 1000) -> bytes:
    """Make the frame of a video: what tells its type and size, and bytes in between."""

    def box(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I4s", 8 + len(data), kind) + data

    header = bytes(40) + struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    tkhd = box(b"tkhd", header + struct.pack(">II", 576 << 16, 1024 << 16))
    moov = box(b"moov", box(b"trak", tkhd))
    return box(b"ftyp", b"isom\0\0\2\0isomiso2mp41") + box(b"mdat", bytes(filler)) + moov


def blob(name: str, data: bytes) -> Blob:
    """Make a blob that is known, as the host hands it on."""
    kind = "video/mp4" if name.endswith(".mp4") else "image/png"
    digest = hashlib.sha256(data).hexdigest()
    return Blob(name, kind, lambda: io.BytesIO(data), len(data), digest)


def post(second: int, caption: str = "", *blobs: Blob, **fields: Any) -> Item:
    """Make a public post of its own second of 2019."""
    moment = datetime(2019, 5, 1, 12, tzinfo=UTC) + timedelta(seconds=second)
    time = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
    record = {"time": time, "type": "video", "audience": "public", "caption": caption, **fields}
    return Item(f"post:{time}", "post", record, blobs)


class MovedClock:
    """A clock that moves only when somebody waits; a server's clock moves with it."""

    def __init__(self, pds: Pds | None = None) -> None:
        self.ahead = 0.0
        self.waited: list[float] = []
        self._pds = pds
        self.until: float | None = None
        """A run that would wait longer than this is stopped."""

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.ahead)

    def wait(self, seconds: float, stop: threading.Event) -> None:
        self.waited.append(seconds)
        self.ahead += seconds
        if self._pds is not None:
            self._pds.jump(seconds)


@define(slots=False)
class Place:
    """A home and an account, over several runs."""

    home: Path
    config: Config
    clock: MovedClock = field(factory=MovedClock)
    events: list[Event] = field(factory=list)
    runs: int = 0

    def run(self, *items: Item, dry_run: bool = False, wait: bool = True) -> dict[str, Any]:
        """Have these delivered; gives the receipt, or the plan."""
        self.runs += 1
        self.home.mkdir(exist_ok=True)
        scratch = self.home / f"scratch-{os.getpid()}-{self.runs}"
        scratch.mkdir()
        exporter = ScriptedExporter(
            [Page(items)], Account(names=("ada.example",)), None, str(items)
        )
        path = self.home / "journal.db"
        journal = Journal.open_copy(path, scratch) if dry_run else Journal.open(path)
        importer = self._importer(scratch)
        try:
            return Engine(
                Job(
                    id=f"run-{os.getpid()}-{self.runs:04d}",
                    command="transfer",
                    exporter_spec=ExporterSpec(
                        name="scripted", title="Scripted", config=NoConfig,
                        create=lambda context: exporter, kinds=frozenset({"post"}),
                    ),
                    exporter=exporter,
                    importer_spec=ImporterSpec(
                        name="bluesky", title="Bluesky", config=Config,
                        create=lambda context: importer, capabilities=capabilities(self.config),
                    ),
                    importer=importer,
                    source="scripted:",
                    dry_run=dry_run,
                ),
                Settings(
                    journal=journal,
                    scratch=scratch,
                    copies=self.home / "copies",
                    fetch=lambda blob, item: blob,
                    release=lambda item: None,
                    lock=lambda name: nullcontext(),
                    emit=self.events.append,
                    stop=threading.Event(),
                    wait=wait,
                    now=self.clock.now,
                    pause=self.clock.wait,
                ),
            ).run()  # fmt: skip
        finally:
            journal.close()

    def undo(self, *, dry_run: bool = False) -> dict[str, Any]:
        """Take back what the latest run brought that is left; gives what was done."""
        with self._spot() as spot:
            journal = spot.journal
            runs = journal.runs()
            run = next(
                one for one in runs if journal.has_effects(one.id) or journal.undo_begun(one)
            )
            undoing, stop = Undoing(spot, run), threading.Event()
            return undo(undoing, emit=self.events.append, stop=stop, dry_run=dry_run)

    def verify(self) -> dict[str, Any]:
        """Look at what was brought; gives what was found."""
        with self._spot() as spot:
            emit, stop = self.events.append, threading.Event()
            return verify(spot, deep=False, sample=0, emit=emit, stop=stop)

    def resolve(self, *again: str) -> dict[str, Any]:
        """Settle that these are to be sent again."""
        with self._spot() as spot:
            return resolve(spot, again=again)

    @contextmanager
    def _spot(self) -> Iterator[Spot]:
        journal = Journal.open(self.home / "journal.db")
        importer = self._importer(self.home)
        try:
            found = remembered(journal, "bluesky", importer.check())
            [route] = journal.all_routes()
            yield Spot(
                plugin="bluesky", importer=importer, destination=found, journal=journal,
                route=route, let_go=importer.close, public=True, looking=LookingStop(),
            )  # fmt: skip
        finally:
            journal.close()

    def _importer(self, scratch: Path) -> BlueskyImporter:
        log, secrets = logging.getLogger("test"), SecretStore(self.home)
        return BlueskyImporter(Context(self.config, log, self.clock.now, scratch, secrets=secrets))

    def killed(self, step: int, act: Callable[[], dict[str, Any]]) -> int:
        """Do something in a child that is killed before or after a request; gives how it ended.

        Args:
            step: 2n - 1 is before the n-th request, 2n after its answer.
            act: A run or an undo.
        """
        child = os.fork()
        if child:
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        code = 1
        try:
            with at_requests(lambda number: step in number and os.kill(os.getpid(), 9)):
                code = act()["exit_code"]
        except BaseException:  # noqa: BLE001 (nothing may leave the child)
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)


@contextmanager
def at_requests(act: Callable[[range], Any]) -> Iterator[list[str]]:
    """Call something before each request, with its steps; gives the list of what is sent.

    The range holds the odd step of a request before it is sent, the even one afterwards.
    """
    sent: list[str] = []
    lock = threading.Lock()
    send = httpx.Client.send

    def counted(self: httpx.Client, request: httpx.Request, **how: Any) -> httpx.Response:
        with lock:
            sent.append(request.url.path.rpartition("/")[2])
            number = len(sent)
        act(range(2 * number - 1, 2 * number))
        answer = send(self, request, **how)
        answer.read()
        act(range(2 * number, 2 * number + 1))
        return answer

    httpx.Client.send = counted  # type: ignore[method-assign]
    try:
        yield sent
    finally:
        httpx.Client.send = send  # type: ignore[method-assign]


def clear(pds: Pds, did: str, token: str) -> None:
    """Delete all posts of an account."""
    keys = [name.partition("/")[2] for name in pds.repository(did) if name.startswith(COLLECTION)]
    kind = "com.atproto.repo.applyWrites#delete"
    for start in range(0, len(keys), 200):
        writes = [
            {"$type": kind, "collection": COLLECTION, "rkey": key}
            for key in keys[start : start + 200]
        ]
        pds.call("com.atproto.repo.applyWrites", {"repo": did, "writes": writes}, token)
