"""Looks whether files of the bundle are still as they were written. Changes nothing.

A person's edit and a damaged disk both make a file ``changed`` here: it is not what decamp
delivered. The manifest tells them apart, once a run has finished; see `decamp.bundle.writing.bagging`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

from decamp.bundle.bag import (
    BAG_DECLARATION,
    BAG_INFO,
    MANIFEST,
    PAYLOAD,
    TAG_MANIFEST,
    manifest,
    read_manifest,
)
from decamp.bundle.entries import Entry, File
from decamp.bundle.marker import MARKER, read_marker
from decamp.bundle.page import INDEX, is_tag
from decamp.bundle.site import Folder
from decamp.bundle.writing.survey import is_clutter
from decamp.errors import Conflict, Corrupted, DestinationRefused
from decamp.model import Depth, Finding, Receipt

__all__ = ["verify"]

_GRAVEST_FIRST = ("missing", "replaced", "changed")
_LISTED = {BAG_DECLARATION, BAG_INFO, INDEX, MANIFEST, MARKER}
"""What the tag manifest always lists."""


def verify(folder: Folder, receipts: Iterable[Receipt], depth: Depth) -> Iterator[Finding]:
    """Go through the items; then, unless only existence counts, through everything else.

    At ``exists`` there is one look at each file. Deeper, a finding names the gravest problem
    of its item and the files that have it; what else is wrong shows when that is mended.

    Raises:
        DestinationRefused: The disk does not tell.
    """
    ours: set[str] = set()
    for receipt in receipts:
        files = Entry.from_data(receipt.data).files
        if depth != "exists":
            ours |= {file.path for file in files}
        yield _item(folder, receipt.item_id, files, depth)
    if depth != "exists":
        yield from _tag_files(folder, depth, ours)
        yield from _added(folder, ours)


def _item(folder: Folder, item_id: str, files: tuple[File, ...], depth: Depth) -> Finding:
    record, *blobs = files
    problems = {record: _problem(folder, record, depth)}
    if problems[record] != "missing":
        problems |= {blob: _problem(folder, blob, depth) for blob in blobs}
    problem = next((one for one in _GRAVEST_FIRST if one in problems.values()), "")
    if not problem:
        return Finding(item_id, depth)
    concerned = [file for file in problems if problems[file] == problem]
    return Finding(
        item_id,
        problem=problem,
        blobs=None if record in concerned else tuple(file.blob_name for file in concerned),
        places=tuple(folder.path(file.path) for file in concerned),
    )


def _problem(folder: Folder, file: File, depth: Depth) -> str:
    """Tell what is wrong with a file; empty if nothing is, as far as this depth looks."""
    if folder.is_gone(file.path):
        return "missing"
    if depth == "exists":
        return ""
    return _content_problem(
        folder, file.path, file.size, file.sha256 if depth == "digest" else None
    )


def _content_problem(folder: Folder, path: str, size: int | None, sha256: str | None) -> str:
    """Compare a file with what is known of it; None where that is to be no matter."""
    try:
        stamp = folder.stamp(path)
        if stamp is None:
            return "missing"
        if size not in (None, stamp[0]):
            return "changed"
        held = folder.held(path) if sha256 is not None else None
    except Conflict:
        return "replaced"
    except Corrupted:  # it is there, and cannot be read
        return "changed"
    return "" if held is None or held.sha256 == sha256 else "changed"


# --- what no receipt names ---------------------------------------------------------------


def _tag_files(folder: Folder, depth: Depth, ours: set[str]) -> Iterator[Finding]:
    """Compare the files beside the payload with the tag manifest, if the bag is complete."""
    marker = folder.read(MARKER)
    if marker is None:
        if ours:
            yield _about(folder, "missing", MARKER)
        return
    try:
        if not read_marker(marker, folder.root).complete:
            return  # the tag files are written when a run ends
    except DestinationRefused:
        yield _about(folder, "changed", MARKER)
        return
    digests: dict[str, str] = {}
    problem = _content_problem(folder, TAG_MANIFEST, None, None)
    if not problem:
        digests, problem = _listed(folder.read(TAG_MANIFEST) or b"")
    if problem:
        yield _about(folder, problem, TAG_MANIFEST)
    for name in sorted(_LISTED | digests.keys()):
        digest = digests.get(name) if depth == "digest" else None
        problem = _content_problem(folder, name, None, digest)
        if problem:
            yield _about(folder, problem, name)
    if not _content_problem(folder, MANIFEST, None, digests.get(MANIFEST, "")):
        yield from _no_longer_there(folder, ours)


def _listed(tag_manifest: bytes) -> tuple[dict[str, str], str]:
    """Give the digests in the tag manifest, and what is wrong with it."""
    digests = read_manifest(tag_manifest)
    known = {name: digests[name] for name in digests if is_tag(name)}
    as_written = manifest(File(name, 0, digest) for name, digest in known.items())
    whole = tag_manifest == as_written and known.keys() >= _LISTED
    return known, "" if whole else "changed"


def _no_longer_there(folder: Folder, ours: set[str]) -> Iterator[Finding]:
    """Go through what the manifest lists, but no receipt: other people's files."""
    for path in sorted(read_manifest(folder.read(MANIFEST) or b"").keys() - ours):
        if folder.is_gone(path):
            yield _about(folder, "missing", path)


def _added(folder: Folder, ours: set[str]) -> Iterator[Finding]:
    """Go through what is not from decamp."""
    if folder.exists(MARKER):
        for name in sorted(folder.names()):
            if name != PAYLOAD and not is_tag(name) and not is_clutter(name):
                yield _about(folder, "added", name)
    for path in sorted(path for path, _ in folder.files_below(PAYLOAD, others=True)):
        # Some systems store names in another normal form.
        if unicodedata.normalize("NFC", path) not in ours:
            yield _about(folder, "added", path)


def _about(folder: Folder, problem: str, path: str) -> Finding:
    return Finding("", problem=problem, places=(folder.path(path),))
