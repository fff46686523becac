"""Media that the person has already: a folder of files, found by name and checked by content."""

from __future__ import annotations

import hashlib
import os
import re
import threading
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path, PurePosixPath

from attrs import define, evolve, field

from decamp.errors import ConfigError
from decamp.media.sniff import HEAD, recognise
from decamp.model import Blob, Item

__all__ = ["MediaFolder"]

_CHUNK = 1 << 18

_KEY_LENGTH = 12
"""Object names are long; a shorter last component ("video", "play") may name anything."""

# 2023-05-01T120000Z, 2023-05-01_12-00-00, 20230501_120000, "2023-05-01 12.00.00 UTC";
# in front of it a word, behind it the number of the file in its post.
_TIME = re.compile(
    r"\D*(\d{4})\D?(\d{2})\D?(\d{2})\D{0,2}(\d{2})\D?(\d{2})\D?(\d{2})(?:Z|[ _]?UTC)?"
    r"(?:[ _.-]+\(?(\d{1,3})\)?)?"
)
_EPOCH = re.compile(r"\D*(1\d{9})(?:[ _.-]+\(?(\d{1,3})\)?)?")
_NUMBER = re.compile(r"\d{1,3}")

_Moment = tuple[int, int | None]
"""Unix seconds, and the number of the file in its post, if its name has one."""


@define
class _Index:
    names: dict[str, list[Path]]
    moments: dict[_Moment, list[Path]]


@define(slots=False)
class MediaFolder:
    """Looks up files by the object name in a link, else by the time of the item.

    A file is used only if it is the one candidate of the right sort; none is ever changed.

    Raises:
        ConfigError: It is not a folder.
    """

    folder: Path
    _lock: threading.Lock = field(factory=threading.Lock, init=False)

    def __attrs_post_init__(self) -> None:
        self.folder = self.folder.expanduser()
        if not self.folder.is_dir():
            raise ConfigError(
                f"{self.folder} is not a folder.",
                hint="Name the folder that holds your media: -o from.media=FOLDER",
            )

    def find(self, blob: Blob, item: Item) -> Blob | None:
        """Find a file for a blob; None if there is none, or if there are several."""
        found = self.look(blob, item)
        return _digested(found) if found is not None else None

    def look(self, blob: Blob, item: Item) -> Blob | None:
        """Do as `find`, without reading the file to its end: its digest stays unknown."""
        with self._lock:
            index = self._index
        for paths in (_by_key(index, blob), _by_time(index, blob, item)):
            fitting = {path: kind for path in paths if (kind := _kind(path, blob.media_type))}
            if len(fitting) == 1:
                [(path, media_type)] = fitting.items()
                return _local(path, media_type, blob)
        return None

    @cached_property
    def _index(self) -> _Index:
        index = _Index(defaultdict(list), defaultdict(list))
        for parent, folders, names in os.walk(self.folder):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in names:
                if not name.startswith("."):
                    path = Path(parent, name)
                    for key in {_plain(path.name), _plain(path.stem)}:
                        index.names[key].append(path)
                    moment = _moment(path)
                    if moment is not None:
                        index.moments[moment].append(path)
        return index


def _by_key(index: _Index, blob: Blob) -> Iterable[Path]:
    key = PurePosixPath(blob.link.key).name if blob.link is not None else ""
    if len(key) < _KEY_LENGTH:
        return ()
    names = {_plain(key), _plain(PurePosixPath(key).stem)}
    return [path for name in names for path in index.names.get(name, ())]


def _by_time(index: _Index, blob: Blob, item: Item) -> Iterable[Path]:
    """Find files named by the item's time; only blobs with plain numbers have such names."""
    time, number = item.record.get("time"), PurePosixPath(blob.name).stem
    # An id with a number: several items share the second, and its files fit any of them.
    if not isinstance(time, str) or not _NUMBER.fullmatch(number) or "#" in item.id:
        return ()
    try:
        seconds = int(datetime.fromisoformat(time).timestamp())
    except ValueError:
        return ()
    first = 0 if (seconds, 0) in index.moments else 1
    paths = list(index.moments.get((seconds, int(number) - 1 + first), ()))
    numbered = [one for one in item.blobs if _NUMBER.fullmatch(PurePosixPath(one.name).stem)]
    if len(numbered) == 1:
        paths += index.moments.get((seconds, None), ())
    return paths


def _moment(path: Path) -> _Moment | None:
    """Read a time and a number from a file name, or from a folder name and a file name."""
    own = _parsed(path.stem)
    if own is None and _NUMBER.fullmatch(path.stem):
        above = _parsed(path.parent.name)
        if above is not None and above[1] is None:
            return above[0], int(path.stem)
    return own


def _parsed(text: str) -> _Moment | None:
    if found := _EPOCH.fullmatch(text):
        seconds = int(found[1])
    elif found := _TIME.fullmatch(text):
        year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
        try:
            moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        except ValueError:
            return None
        seconds = int(moment.timestamp())
    else:
        return None
    number = found.groups()[-1]
    return seconds, int(number) if number is not None else None


def _plain(name: str) -> str:
    """Fold a name as browsers and file systems change it: case, form, odd characters."""
    return re.sub(r"[^\w.-]+", "_", unicodedata.normalize("NFC", name).casefold())


def _kind(path: Path, declared: str) -> str | None:
    try:
        with path.open("rb") as body:
            return recognise(declared, body.read(HEAD))
    except OSError:
        return None


def _local(path: Path, media_type: str, blob: Blob) -> Blob | None:
    try:
        size = path.stat().st_size
    except OSError:
        return None
    return evolve(blob, media_type=media_type, open=lambda: path.open("rb"), size=size, link=None)


def _digested(blob: Blob) -> Blob | None:
    digest, size = hashlib.sha256(), 0
    try:
        with blob.open() as body:
            while chunk := body.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
    except OSError:
        return None
    return evolve(blob, size=size, sha256=digest.hexdigest())
