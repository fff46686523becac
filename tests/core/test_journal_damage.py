"""Damage to the journal, page by page: it is noticed, or it does no harm. Never a fresh start."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from decamp.errors import JournalDamaged
from decamp.journal import Frozen, Intent, Journal, Marks, RunRecord, Settled
from decamp.journal.checksum import SUFFIX
from decamp.model import Blob, Item, Receipt

NOW = "2026-01-02T03:04:05Z"
PAGE = 4096
POSTS, SEGMENTS, ROWS = 300, 12, 400


def fill(path: Path) -> Journal:
    """Make a journal like that of a transfer of some hundred items."""
    journal = Journal.open(path)
    route = journal.add_route("tiktok", "disk", "/bundle", ["name:ada"], NOW).id
    journal.start_run(
        RunRecord("r1", route, "transfer", "running", NOW, None, "a.zip", "b", "", None, None, 1)
    )
    chance = random.Random(1)
    intents = []
    for number in range(SEGMENTS):
        keys = array("Q", [chance.getrandbits(64) for _ in range(ROWS)])
        frozen = Frozen("event:watched", {f"2024-{number + 1:02}": (keys, sum(keys) % 2**48)})
        intents.append(Intent(Item(f"event/watched/{number}", "event", {}), "", 0, frozen=frozen))
    for number in range(POSTS):
        item = Item(f"post:{number}", "post", {"n": number}, (Blob("1.mp4", "video/mp4"),))
        media = ({"declared": "1.mp4", "name": "1.mp4", "size": number, "sha256": "0" * 64},)
        intents.append(Intent(item, f"digest-{number}", 1, media))
    journal.intend(route, "r1", intents, full=False)
    for intent in intents[:-1]:  # the last stays open, as after a kill
        receipt = Receipt(intent.item.id, f"data/{intent.item.id}", data={"files": [["a", 1]]})
        journal.settle(route, "r1", [Settled(intent.item.id, "confirmed", receipt)])
    journal.set_ordinals(route, [("post:1", 1, Marks(("/a", "A")))])
    journal.end_run("r1", "done", NOW, 0, {"counts": {}, "note": "x" * 9_000})
    return journal


def content(journal: Journal) -> list[object]:
    """Read all that the journal can tell."""
    [route] = journal.all_routes()
    buckets = journal.buckets(route.id, "event:watched")
    return [
        journal.salt,
        journal.runs(),
        route,
        *journal.items(route.id, "confirmed", "incomplete", "failed"),
        *((known.item_id, item.record) for known, item, *_ in journal.open_intents(route.id)),
        *((name, one.count, one.total, one.keys()) for name, one in sorted(buckets.items())),
        journal.ordinals(route.id, ["post:1"]),
        *journal.effects("r1"),
        journal.standing(route.id),
    ]


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal as a run leaves it when it ends."""
    path = tmp_path_factory.mktemp("closed") / "journal.db"
    fill(path).close()
    assert sorted(one.name for one in path.parent.iterdir()) == ["journal.db", "journal.db.sum"]
    return path


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal as a run leaves it when it is killed: much waits in the write-ahead log."""
    folder = tmp_path_factory.mktemp("killed")
    journal = fill(folder / "going.db")
    copied = folder / "journal.db"
    for suffix in ("", "-wal"):
        shutil.copyfile(f"{journal.path}{suffix}", f"{copied}{suffix}")
    journal.close()
    return copied


def copy(source: Path, folder: Path) -> Path:
    for suffix in ("", "-wal", SUFFIX):
        if Path(f"{source}{suffix}").exists():
            shutil.copyfile(f"{source}{suffix}", folder / f"journal.db{suffix}")
    return folder / "journal.db"


def opened(path: Path) -> list[object] | None:
    """Read a damaged journal; None if the damage is told. Anything else fails the test."""
    try:
        journal = Journal.open(path)
    except JournalDamaged:
        return None
    try:
        return content(journal)
    except JournalDamaged:
        return None
    finally:
        journal.close()


def damages(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Damage each page in turn, in every way that disks and people do."""
    chance = random.Random(7)
    for start in range(0, len(data), PAGE):
        place = start + chance.randrange(min(PAGE, len(data) - start))
        yield "one bit", data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        end = min(start + PAGE, len(data))
        yield "zeroes", data[:start] + bytes(end - start) + data[end:]
        yield "noise", data[:start] + chance.randbytes(end - start) + data[end:]
        yield "cut off", data[:start]
        yield "cut in a page", data[: start + 100]
        if start:  # a page that landed in the place of another
            yield "misplaced", data[:start] + data[:PAGE] + data[end:]


def test_every_damage_to_a_closed_journal_is_told(closed: Path, tmp_path: Path) -> None:
    path = copy(closed, tmp_path)
    whole = path.read_bytes()
    assert opened(path) is not None
    tried = 0
    for what, damaged in damages(whole):
        if damaged == whole:
            continue
        copy(closed, tmp_path)
        path.write_bytes(damaged)
        assert opened(path) is None, f"{what}: not noticed"
        assert path.read_bytes() == damaged, f"{what}: the evidence was changed"
        tried += 1
    assert tried > 5 * (len(whole) // PAGE - 1)


def test_without_its_digest_a_damaged_journal_is_never_an_empty_one(
    closed: Path, tmp_path: Path
) -> None:
    """Then only the structure is judged; what is read must still be a journal with its items."""
    path = copy(closed, tmp_path)
    whole = path.read_bytes()
    told = 0
    for what, damaged in damages(whole):
        Path(f"{path}{SUFFIX}").unlink(missing_ok=True)
        path.write_bytes(damaged)
        found = opened(path)
        told += found is None
        assert found is None or len(found) > POSTS, what
    assert told


def test_every_damage_to_the_log_of_a_killed_run_leaves_a_former_state(
    killed: Path, tmp_path: Path
) -> None:
    """As after a power cut: the last commits may be gone, and the destination is asked."""
    path = copy(killed, tmp_path)
    log = Path(f"{path}-wal")
    whole = log.read_bytes()
    complete = opened(path)
    assert complete is not None
    assert len(whole) > 100 * PAGE
    seen = set()
    chance = random.Random(3)
    for start in chance.sample(range(0, len(whole), PAGE), 40):
        for damaged in (
            whole[:start] + bytes([whole[start] ^ 1]) + whole[start + 1 :],
            whole[:start],
        ):
            copy(killed, tmp_path)
            Path(f"{path}{SUFFIX}").unlink(missing_ok=True)
            log.write_bytes(damaged)
            try:
                journal = Journal.open(path)
            except JournalDamaged:
                continue
            assert journal.salt == complete[0]
            found = sum(1 for route in journal.all_routes() for _ in journal.receipts(route.id))
            journal.close()
            assert found < POSTS + SEGMENTS
            seen.add(found)
    assert len(seen) > 10, "the log was cut at many different commits"


def test_a_journal_without_its_log_is_a_former_state_or_told(killed: Path, tmp_path: Path) -> None:
    path = copy(killed, tmp_path)
    complete = opened(path)
    assert complete is not None
    Path(f"{path}{SUFFIX}").unlink()
    copy(killed, tmp_path)
    Path(f"{path}-wal").unlink()
    journal = Journal.open(path)
    assert journal.salt == complete[0], "no new journal was made in its place"
    journal.close()


def test_the_shared_memory_file_is_never_needed(killed: Path, tmp_path: Path) -> None:
    for damaged in (None, b"", b"\xa5" * 32_768):
        path = copy(killed, tmp_path)
        shared = Path(f"{path}-shm")
        shared.unlink(missing_ok=True)
        if damaged is not None:
            shared.write_bytes(damaged)
        assert opened(path) is not None
        Path(f"{path}{SUFFIX}").unlink()


def test_a_log_without_its_journal_is_told(killed: Path, tmp_path: Path) -> None:
    path = copy(killed, tmp_path)
    path.unlink()
    assert Journal.exists(path), "what is left of it is not nothing"
    with pytest.raises(JournalDamaged, match="only its write-ahead log is left"):
        Journal.open(path)
    assert not path.exists()


def empty(path: Path) -> None:
    path.touch()


def empty_database(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("VACUUM")
    db.close()


def folder(path: Path) -> None:
    path.mkdir()


def loop(path: Path) -> None:
    path.symlink_to(path)


def dangling(path: Path) -> None:
    path.symlink_to(path.with_name("nowhere"))


def pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize("make", [empty, empty_database, folder, loop, dangling, pipe])
def test_what_is_no_journal_is_never_taken_for_one(
    make: Callable[[Path], None], tmp_path: Path
) -> None:
    if sys.platform == "win32" and make in (loop, dangling, pipe):
        pytest.skip("not on Windows")
    path = tmp_path / "journal.db"
    make(path)
    with pytest.raises(JournalDamaged) as told:
        Journal.open(path)
    assert str(path) in told.value.message
    assert told.value.hint
    assert [one.name for one in tmp_path.iterdir()] == ["journal.db"]


# --- the digest beside it -----------------------------------------------------------------------


def test_the_digest_is_there_only_while_nobody_writes(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    digest = Path(f"{path}{SUFFIX}")
    journal = Journal.open(path)
    assert not digest.exists()
    journal.close()
    assert digest.exists()
    before = digest.read_bytes()

    reader = Journal.open(path)
    assert reader.runs() == []
    reader.close()
    assert digest.read_bytes() == before

    writer = Journal.open(path)
    writer.add_route("a", "b", "c", [], NOW)
    assert not digest.exists(), "a kill from here on must leave none that is wrong"
    other = Journal.open(path)
    other.close()
    writer.add_route("d", "e", "f", [], NOW)
    writer.close()
    assert digest.read_bytes() != before
    assert len(Journal.open(path).all_routes()) == 2


def test_a_digest_that_cannot_be_written_is_left_out(
    closed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = copy(closed, tmp_path)
    journal = Journal.open(path)
    journal.add_route("a", "b", "c", [], NOW)

    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("decamp.journal.checksum.tempfile.mkstemp", full)
    journal.close()
    assert not Path(f"{path}{SUFFIX}").exists()
    assert len(Journal.open(path).all_routes()) == 2


def test_a_plan_notices_damage_too(closed: Path, tmp_path: Path) -> None:
    path = copy(closed, tmp_path)
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(data)
    (tmp_path / "copy").mkdir()
    with pytest.raises(JournalDamaged):
        Journal.open_copy(path, tmp_path / "copy")


OPENS_AND_CLOSES = """
import sys
from pathlib import Path
from decamp.journal import Journal
Journal.open(Path(sys.argv[1])).close()
"""


def test_another_program_leaves_the_log_of_this_one_alone(tmp_path: Path) -> None:
    """Reading the file for its digest must not let go of SQLite's locks (fcntl(2))."""
    path = tmp_path / "home" / "journal.db"
    Journal.open(path).close()
    assert path.with_name(f"{path.name}{SUFFIX}").exists()
    journal = Journal.open(path)
    number = journal.add_route("a", "b", "c", ["name:x"], "2026-01-01T00:00:00Z").id
    Journal.open(path).close()  # another thread of this program, for example
    subprocess.run([sys.executable, "-c", OPENS_AND_CLOSES, str(path)], check=True)
    journal.set_newest(number, "2026-02-01T00:00:00Z")
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as other:
        [(newest,)] = other.execute("SELECT newest FROM routes").fetchall()
    other.close()
    assert newest == "2026-02-01T00:00:00Z"
    journal.close()
    Journal.open(path).close()  # and nobody takes it for damaged
