"""Kills and disk errors at every step of an undo: the next one ends the work."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import count
from pathlib import Path

import bagit
import pytest

from bundle_disk import begun, disk, transfer
from bundle_faults import ENDED, FAILED_WELL, KILLED, run_with_fault
from bundle_items import blob, conversation, messages, post, profile, snapshot, validate_bag
from decamp import Receipt

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

PHOTO = blob("2.jpg", b"\xff\xd8", "image/jpeg")
OLD = [post(place="Rotterdam"), conversation(), messages()]
NEW = [post("2021-01-01T00:00:00Z"), profile(), messages(year=2025)]
CHANGED = post(data=b"other film", caption="Changed")
OLDER = post(data=b"film", extra="from an older export").evolve(blobs=(PHOTO,))


@pytest.fixture(scope="module")
def memory() -> Iterator[Path]:
    """A folder in memory where there is one: hundreds of runs here, each with its fsyncs."""
    shared = Path("/dev/shm")
    place = shared if os.access(shared, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=place) as folder:
        yield Path(folder)


class History:
    """Two finished runs: the second adds, updates and fills. What each left is kept."""

    def __init__(self, memory: Path) -> None:
        root = memory / "first"
        self.first = {one.item_id: one for one in transfer(root, OLD)}
        self.before = snapshot(root)
        self.root = memory / "second"
        shutil.copytree(root, self.root)
        with begun(self.root) as importer:
            self.second = [importer.import_item(item) for item in NEW]
            update = importer.update_item(CHANGED, self.first[CHANGED.id])
            self.second.append(importer.fill_item(OLDER, update))
            every = self.first | {one.item_id: one for one in self.second}
            importer.sync()
            importer.finish([every[item_id] for item_id in sorted(every)])
        self.after = snapshot(self.root)
        validate_bag(self.root)

    def last(self) -> Iterable[Receipt]:
        """The receipts of what is there after both runs."""
        return (self.first | {one.item_id: one for one in self.second}).values()

    def undo_the_second(self, root: Path) -> None:
        """Take the second run back, as the engine does; nothing of a former try is known."""
        with begun(root) as importer:
            left = dict(self.first)
            for receipt in reversed(self.second):
                back = importer.remove(receipt, self.first.get(receipt.item_id))
                if back is not None:
                    left[receipt.item_id] = back
            importer.sync()
            importer.finish([left[item_id] for item_id in sorted(left)])

    def undo_both(self, root: Path) -> None:
        """Take everything back."""
        with begun(root) as importer:
            for receipt in self.last():
                assert importer.remove(receipt, None) is None
            importer.sync()
            importer.finish([])


@pytest.fixture(scope="module")
def history(memory: Path) -> History:
    return History(memory)


def assert_sound(root: Path, history: History) -> None:
    """Whatever is there is whole, and only a valid bag says that it is complete."""
    found = snapshot(root)
    for name, data in found.items():
        if name.startswith("data/"):
            assert data in (history.before.get(name), history.after.get(name)), name
    assert disk(root).check().holds or found.keys() <= {".decamp.lock"}
    if "decamp.json" in found:
        complete = json.loads(found["decamp.json"])["complete"]
        try:
            validate_bag(root)
            assert complete
        except bagit.BagError:
            assert not complete


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("error", [None, OSError(errno.EIO, os.strerror(errno.EIO))])
def test_an_undo_that_breaks_off_anywhere_is_repeated(
    memory: Path, history: History, whole: bool, error: OSError | None
) -> None:
    undo = history.undo_both if whole else history.undo_the_second
    expected = {} if whole else history.before
    survived = 0
    for step in count(1):
        root = memory / f"{whole}-{error}-{step}"
        shutil.copytree(history.root, root)
        ended = run_with_fault(partial(undo, root), root, step, error)
        assert ended in (ENDED, FAILED_WELL if error else KILLED), f"broke badly at step {step}"
        assert_sound(root, history)
        undo(root)
        assert snapshot(root) == expected, f"broke at step {step}"
        assert not whole or not list(root.iterdir())
        shutil.rmtree(root)
        # An error while cleaning up is no reason to fail, so go on past a few of those.
        survived = survived + 1 if ended == ENDED else 0
        if survived > (10 if error else 0):
            break
    assert step > 50


def test_an_update_that_was_killed_anywhere_can_be_taken_back(
    memory: Path, history: History
) -> None:
    """The next process repeats it, and its receipt has what the record said before."""

    def update(root: Path) -> Receipt:
        with begun(root) as importer:
            receipt = importer.update_item(CHANGED, history.first[CHANGED.id])
            importer.sync()
        return receipt

    for step in count(1):
        root = memory / f"u{step}"
        shutil.copytree(memory / "first", root)
        ended = run_with_fault(partial(update, root), root, step)
        assert ended in (ENDED, KILLED)
        if ended == ENDED:
            break
        receipt = update(root)
        with begun(root) as importer:
            importer.finish([*(history.first | {CHANGED.id: receipt}).values()])
        validate_bag(root)
        with begun(root) as importer:
            back = importer.remove(receipt, history.first[CHANGED.id])
            assert back is not None
            importer.finish([*(history.first | {CHANGED.id: back}).values()])
        assert snapshot(root) == history.before, f"killed at step {step}"
        shutil.rmtree(root)
    assert step > 20


def test_finishing_alone_ends_an_undo_that_was_killed_in_its_end(
    memory: Path, history: History
) -> None:
    """The journal knows by then that everything was taken back, so nothing is asked again."""
    for step in count(1):
        root = memory / f"f{step}"
        shutil.copytree(history.root, root)
        with begun(root) as importer:
            for receipt in history.last():
                importer.remove(receipt, None)
        ended = run_with_fault(partial(finish_nothing, root), root, step)
        assert ended in (ENDED, KILLED)
        finish_nothing(root)
        assert list(root.iterdir()) == []
        shutil.rmtree(root)
        if ended == ENDED:
            break
    assert step > 10


def finish_nothing(root: Path) -> None:
    with begun(root) as importer:
        importer.finish([])
