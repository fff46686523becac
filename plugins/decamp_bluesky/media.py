"""The files of a post, made ready: what they are, what they will be called, and small enough."""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from attrs import field, frozen

from decamp import Blob, Item, ItemRejected
from decamp_bluesky.cids import blob_cid
from decamp_bluesky.config import COVER, Config
from decamp_bluesky.shape import HEAD, is_page, looks, size_of

__all__ = ["Card", "Media", "TooLarge", "can_shrink", "declared", "is_image", "prepared", "shown"]

_MOST_PIXELS = 80_000_000
_ONE_AT_A_TIME = threading.Lock()
"""A picture takes a hundred megabytes of memory when it is unpacked."""
_SIDES = (2_000, 1_600, 1_280, 1_024, 768)
_QUALITIES = (90, 80, 70)


class TooLarge(ItemRejected):
    """A file is above the limit, and cannot be made smaller."""


@frozen
class Card:
    """A link that stands for what is too large."""

    url: str

    def as_shown(self) -> dict[str, Any]:
        """Describe it as an embed does."""
        host = urlsplit(self.url).hostname or self.url
        return {"external": {"uri": self.url, "title": host, "description": ""}}


@frozen
class Media:
    """A file that a record is going to show."""

    name: str
    media_type: str
    size: int
    cid: str
    """Its name at the server; empty if that shows only once it is there."""

    shape: tuple[int, int] | None
    open: Callable[[], BinaryIO] = field(eq=False, repr=False)
    shrunk: bool = False

    @property
    def image(self) -> bool:
        """It is a picture, not a video."""
        return self.media_type.startswith("image/")

    def as_shown(self) -> dict[str, Any]:
        """Describe it as an embed does, without a text for those who cannot see it."""
        ref = {"$link": self.cid}
        blob = {"$type": "blob", "ref": ref, "mimeType": self.media_type, "size": self.size}
        entry: dict[str, Any] = {"image": blob, "alt": ""} if self.image else {"video": blob}
        if self.shape:
            entry["aspectRatio"] = {"width": self.shape[0], "height": self.shape[1]}
        return entry


def shown(item: Item) -> list[Blob]:
    """List the files that a post shows, without the cover."""
    return [blob for blob in item.blobs if blob.name.partition(".")[0] != COVER]


def is_image(blob: Blob) -> bool:
    """Tell by what was declared whether it is a picture."""
    return blob.media_type.startswith("image/")


def prepared(blob: Blob, config: Config) -> Media:
    """Look at a file, and make an image smaller if it has to be.

    Raises:
        ItemRejected: It is not what it should be, or too large.
    """
    if not blob.size or blob.sha256 is None:
        raise ItemRejected(f"{blob.name} is empty, and Bluesky takes no empty files.")
    with blob.open() as body:
        head = _read(body, HEAD)
    media_type = looks(head) or blob.media_type
    family = media_type.partition("/")[0]
    if is_page(head) or family not in ("image", "video"):
        raise ItemRejected(
            f"{blob.name} is no {blob.media_type.partition('/')[0]}, whatever its name says.",
            hint="Get the file again, or leave the post out.",
        )
    if family == "video" and blob.size > config.max_video:
        raise TooLarge(
            f"{blob.name} has {blob.size:,} bytes, and this server takes {config.max_video:,}.",
            hint="If your server takes more, say so: -o to.max_video=BYTES",
        )
    with blob.open() as body:
        shape = size_of(media_type, head, body)
    if family == "image" and blob.size > config.max_image:
        return _shrunk(blob, shape, config)
    known = family == "image" or config.video == "server"
    cid = blob_cid(blob.sha256) if known else ""
    return Media(blob.name, media_type, blob.size, cid, shape, blob.open)


def declared(blob: Blob, config: Config) -> Media:
    """Describe a file without reading it; one that others or we encode anew has no name then."""
    size = blob.size or 0
    known = size <= config.max_image if is_image(blob) else config.video == "server"
    cid = blob_cid(blob.sha256) if blob.sha256 is not None and known else ""
    return Media(blob.name, blob.media_type, size, cid, None, blob.open)


def can_shrink() -> bool:
    """Tell whether Pillow is there."""
    try:
        import PIL.Image  # noqa: F401
    except ImportError:
        return False
    return True


def _shrunk(blob: Blob, shape: tuple[int, int] | None, config: Config) -> Media:
    """Encode an image anew, as large as the limit allows."""
    over = f"{blob.name} has {blob.size:,} bytes, and an image may have {config.max_image:,}"
    if config.oversized == "skip":
        raise ItemRejected(f"{over}.", hint="To make it smaller: -o to.oversized=shrink")
    if not can_shrink():
        raise TooLarge(
            f"{over}; making it smaller needs Pillow.", hint="pip install 'decamp[images]'"
        )
    if shape and shape[0] * shape[1] > _MOST_PIXELS:
        raise TooLarge(f"{blob.name} has {shape[0]} times {shape[1]} pixels: too many.")
    from PIL import Image, ImageOps

    try:
        with _ONE_AT_A_TIME, blob.open() as body, Image.open(body) as opened:
            opened.draft("RGB", (_SIDES[0], _SIDES[0]))
            if opened.width * opened.height > _MOST_PIXELS:
                raise TooLarge(f"{blob.name} has too many pixels.")
            image = ImageOps.exif_transpose(opened).convert("RGB")
            image.thumbnail((_SIDES[0], _SIDES[0]), Image.Resampling.LANCZOS)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise TooLarge(f"{over}, and it cannot be read to make it smaller.") from error
    for side in _SIDES:
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
        for quality in _QUALITIES:
            out = io.BytesIO()
            image.save(out, "JPEG", quality=quality, optimize=True)
            data = out.getvalue()
            if len(data) <= config.max_image:
                cid = blob_cid(hashlib.sha256(data).hexdigest())
                return Media(
                    blob.name, "image/jpeg", len(data), cid, image.size,
                    partial(io.BytesIO, data), shrunk=True,
                )  # fmt: skip
    raise TooLarge(f"{over}; it could not be made small enough.")


def _read(body: BinaryIO, size: int) -> bytes:
    """Read so many bytes, or all there are: a raw stream may give them piece by piece."""
    pieces = []
    while size > 0:
        piece = body.read(size)
        if not piece:
            break
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)
