"""Files before they are sent: where they are kept, and sources that are damaged or go away."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import attrs
import pytest

from bundle_dav import begun
from bundle_items import post
from dav_servers import DavServer
from decamp import Blob, Corrupted, ItemError
from decamp.bundle import Content
from decamp_webdav.drafts import Drafts
from journey import tree

SMALL, LARGE = b"small" * 1_000, b"large" * 100_000


def content(data: bytes) -> Content:
    made = Blob.from_bytes("1.mp4", "video/mp4", data)
    digest = hashlib.sha256(data).hexdigest()
    return Content("data/1.mp4", Blob("1.mp4", "video/mp4", made.open, len(data), digest))


@pytest.mark.parametrize("data", [b"", SMALL, LARGE], ids=["empty", "small", "large"])
@pytest.mark.parametrize("head", [b"", b"head\n"])
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("copy", [True, False])
def test_a_draft_is_what_was_written(
    data: bytes, head: bytes, known: bool, copy: bool, tmp_path: Path
) -> None:
    drafts = Drafts(str(tmp_path))
    with drafts.room() as room:
        body = content(data) if known else [data[:70_000], data[70_000:]]
        held = drafts.write(f"{room}/a", head, body, copy=copy)
        assert (held.size, held.head) == (len(head + data), head)
        assert held.sha256 == hashlib.sha256(head + data).hexdigest()
        assert held.body_sha256 == hashlib.sha256(data).hexdigest()
        assert drafts.size(f"{room}/a") == held.size
        with drafts.open(f"{room}/a") as file:
            assert file.read() == head + data
        for _ in range(2):  # as often as it has to be sent
            sent = drafts.body(f"{room}/a")
            assert (sent if isinstance(sent, bytes) else b"".join(sent)) == head + data
        on_disk = data == LARGE and (copy or bool(head) or not known)
        in_memory = data != LARGE and (bool(head) or not known)
        assert bool(drafts._small) == in_memory
        assert bool([path for path in tmp_path.rglob("*") if path.is_file()]) == on_disk
        if copy and on_disk:
            assert Path(drafts.file(f"{room}/a")).read_bytes() == head + data
    assert not drafts._small and not drafts._large and not drafts._known
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    drafts.close()
    assert not list(tmp_path.iterdir())


def test_a_small_one_is_read_when_it_is_sent(tmp_path: Path) -> None:
    drafts = Drafts(str(tmp_path))
    bad = attrs.evolve(content(SMALL).blob, open=other(SMALL[:-1] + b"x"))
    with drafts.room() as room:
        drafts.write(room, b"", Content("data/1.mp4", bad))
        with pytest.raises(Corrupted):
            drafts.body(room)


def other(data: bytes) -> Callable[[], BinaryIO]:
    return lambda: io.BytesIO(data)


class _Breaking(io.BytesIO):
    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() >= 1 << 18:
            raise OSError(5, "Input/output error")
        return super().read(size)


def gone() -> BinaryIO:
    raise FileNotFoundError(2, "No such file or directory")


SOURCES: dict[str, tuple[Callable[[], BinaryIO], type[ItemError], str]] = {
    "another byte": (other(LARGE[:-1] + b"E"), Corrupted, "another length or digest"),
    "another first byte": (other(b"L" + LARGE[1:]), Corrupted, "another length or digest"),
    "cut off": (other(LARGE[:-1]), Corrupted, "another length or digest"),
    "empty": (other(b""), Corrupted, "another length or digest"),
    "longer": (other(LARGE + b"e"), Corrupted, "another length or digest"),
    "much longer": (other(LARGE * 2), Corrupted, "another length or digest"),
    "breaks off": (lambda: _Breaking(LARGE), ItemError, "could not be read"),
    "gone": (gone, ItemError, "could not be read"),
}


@pytest.mark.parametrize("small", [False, True])
@pytest.mark.parametrize(("source", "kind", "words"), SOURCES.values(), ids=SOURCES)
def test_what_is_damaged_at_its_source_never_appears(
    source: Callable[[], BinaryIO],
    kind: type[ItemError],
    words: str,
    small: bool,
    dav: DavServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if small:
        monkeypatch.setattr("decamp_webdav.drafts._SMALL", len(LARGE))
    url = dav.place()
    item = post(data=LARGE)
    bad = item.evolve(blobs=(attrs.evolve(item.blobs[0], open=source),))
    with begun(dav, url, tmp_path) as importer:
        other_item = importer.import_item(post("2024-01-01T00:00:00Z"))
        with pytest.raises(kind, match=words):
            importer.import_item(bad)
        assert not [path for path in tree(dav.path(url)) if "2023" in path and "data" in path]
        right = importer.import_item(item)
        importer.finish(sorted([other_item, right], key=lambda receipt: receipt.item_id))
    found = tree(dav.path(url))
    digest = hashlib.sha256(LARGE).hexdigest()
    assert digest in (dav.path(url) / "manifest-sha256.txt").read_text()
    films = [path for path in found if path.endswith("1.mp4")]
    assert len(films) == 2
    assert not list(dav.path(url).rglob(".decamp-tmp*"))
