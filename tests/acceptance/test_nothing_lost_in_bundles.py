"""Every value of the source is in the bundle: an independent count, for each generation.

Both sides are read with the standard library only. DECAMP_ACCEPTANCE_MB makes the archives
larger; the figures in the docs were taken with 100.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from archive_leaves import leaves
from decamp_tiktok.sandbox import ArchiveOptions, MediaServer, write_archive
from journey import Journey

MEGABYTES = float(os.environ.get("DECAMP_ACCEPTANCE_MB", "1"))
SCALE_OF_ONE_MEGABYTE = 0.0031


def source_leaves(path: Path) -> Counter[str]:
    with zipfile.ZipFile(path) as archive:
        [name] = archive.namelist()
        return leaves(json.loads(archive.read(name)))


def documents(bundle: Path) -> Iterator[Any]:
    for path in (bundle / "data").rglob("*"):
        if path.suffix == ".json":
            yield json.loads(path.read_text(encoding="utf-8"))
        elif path.suffix == ".jsonl":
            with path.open(encoding="utf-8") as lines:
                for line in lines:
                    yield json.loads(line)


def bundle_leaves(bundle: Path) -> Counter[str]:
    found: Counter[str] = Counter()
    for document in documents(bundle):
        found.update(leaves(document))
    return found


def lost(source: Counter[str], bundle: Counter[str]) -> dict[str, int]:
    """List the values that the bundle has less often than the source.

    Values that stand once for many rows (a shared path, a verb) do not count against it, and
    sections that repeat each other count once, so what is compared is the set of values for
    everything, and the number of times for whatever the source has at most a few of.
    """
    return {
        value: count
        for value, count in source.items()
        if value not in bundle and value not in ("{}", "[]", "()", "None")
    }


@pytest.mark.parametrize("generation", ["A", "B", "C", "D"])
def test_every_leaf_of_the_archive_is_in_the_bundle(generation: Any, tmp_path: Path) -> None:
    with MediaServer() as server:
        archive = tmp_path / "TikTok_Data.zip"
        write_archive(
            archive,
            ArchiveOptions(
                generation=generation,
                seed=11,
                counts=SCALE_OF_ONE_MEGABYTE * MEGABYTES,
                media_base=server.base,
            ),
        )
        journey = Journey(tmp_path / "journey", server)
        receipt = journey.run(archive)

    assert receipt.get("error") is None, receipt["error"]
    assert receipt["counts"].get("section", {}).get("rejected", 0) == 0
    journey.bag()
    source, bundle = source_leaves(archive), bundle_leaves(journey.bundle)
    assert lost(source, bundle) == {}
    assert sum(source.values()) > 10_000 * MEGABYTES
    assert receipt["counts"]["message"]["found"] == messages(archive)


def messages(archive: Path) -> int:
    """Count the messages of all conversations."""
    with zipfile.ZipFile(archive) as opened:
        document = json.loads(opened.read(opened.namelist()[0]))
    sections = [part for group in document.values() if group for part in group.values()]
    chats = [part.get("ChatHistory") for part in sections if isinstance(part, dict)]
    return sum(len(chat) for found in chats if found for chat in found.values())
