"""Kills and disk errors at every step: nothing half-written, and the next run ends the work."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path

import bagit
import pytest

from bundle_disk import begun, disk, transfer
from bundle_faults import ENDED, FAILED_WELL, KILLED, run_with_fault
from bundle_items import (
    conversation,
    messages,
    post,
    profile,
    section,
    snapshot,
    validate_bag,
    watched,
)
from decamp import Receipt

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

OLD = [post(place="Rotterdam"), conversation(), messages()]
NEW = [post("2021-01-01T00:00:00Z"), profile(), messages(year=2025), watched(), section()]
CHANGED = post(data=b"other film", caption="Changed")


PREVIOUS: dict[str, Receipt] = {}
"""What the journal has of the first run."""


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder in memory where there is one: hundreds of runs here, each with its fsyncs."""
    shared = Path("/dev/shm")
    place = shared if os.access(shared, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=place) as folder:
        yield Path(folder)


def run(root: Path) -> None:
    """A first run of OLD if there is none, then a run that adds NEW and updates a post."""
    done = root.parent / f"done-{root.name}"
    if not done.exists():
        transfer(root, OLD)
        done.touch()
    with begun(root) as importer:
        receipts = [importer.import_item(item) for item in (*OLD[1:], *NEW)]
        receipts.append(importer.update_item(CHANGED, PREVIOUS[CHANGED.id]))
        importer.sync()
        importer.finish(sorted(receipts, key=lambda receipt: receipt.item_id))


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, bytes]]:
    folder = tmp_path_factory.mktemp("reference")
    PREVIOUS.update({receipt.item_id: receipt for receipt in transfer(folder / "first", OLD)})
    run(folder / "b")
    whole = snapshot(folder / "b")
    whole_before = snapshot(folder / "first")
    yield whole | {f"first:{name}": data for name, data in whole_before.items()}
    PREVIOUS.clear()


def assert_sound(root: Path, reference: dict[str, bytes]) -> None:
    """Whatever has a final name is whole, and only a valid bag says that it is complete."""
    found = snapshot(root) if root.exists() else {}
    for name, data in found.items():
        if name.startswith("data/"):
            assert data in (reference.get(name), reference.get(f"first:{name}"))
    if "decamp.json" in found:
        assert disk(root).check()
        complete = json.loads(found["decamp.json"])["complete"]
        try:
            validate_bag(root)
            assert complete
        except bagit.BagError:
            assert not complete


def finished(reference: dict[str, bytes]) -> dict[str, bytes]:
    return {name: data for name, data in reference.items() if not name.startswith("first:")}


def test_killed_before_any_operation(memory: Path, reference: dict[str, bytes]) -> None:
    for step in count(1):
        root = memory / f"b{step}"
        ended = run_with_fault(partial(run, root), root, step)
        assert ended in (ENDED, KILLED)
        assert_sound(root, reference)
        run(root)
        assert snapshot(root) == finished(reference), f"killed at step {step}"
        shutil.rmtree(root)
        if ended == ENDED:
            break
    assert step > 100


def test_an_error_at_any_operation(memory: Path, reference: dict[str, bytes]) -> None:
    survived = 0
    for step in count(1):
        root = memory / f"b{step}"
        error = OSError(errno.EIO, os.strerror(errno.EIO))
        ended = run_with_fault(partial(run, root), root, step, error)
        assert ended in (ENDED, FAILED_WELL), f"failed badly at step {step}"
        assert_sound(root, reference)
        run(root)
        assert snapshot(root) == finished(reference), f"failed at step {step}"
        shutil.rmtree(root)
        # An error while cleaning up is no reason to fail, so go on past a few of those.
        survived = survived + 1 if ended == ENDED else 0
        if survived > 10:
            break
    assert step > 100
