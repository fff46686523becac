"""What a server will not take, told before it is sent."""

from __future__ import annotations

from collections.abc import Iterator

from decamp import Item, Loss, Preview
from decamp.bundle import names_of
from decamp_webdav.findings import Findings

__all__ = ["preview_of"]

_NOTHING = Preview()


def preview_of(item: Item, findings: Findings | None, refused: int | None) -> Preview:
    """Tell what of an item the server has shown that it does not take.

    Args:
        item: Its files may be links that nobody has followed yet.
        findings: What was learnt about the server, if anything was.
        refused: Bytes of the smallest file that it called too large, if it did.
    """
    if (findings is None or findings.takes_all_names) and refused is None:
        return _NOTHING
    return Preview((*_names(item, findings), *_sizes(item, refused)))


def _names(item: Item, findings: Findings | None) -> Iterator[Loss]:
    if findings is not None and any(map(findings.refuses, names_of(item))):
        yield Loss(
            "name",
            "A name that this server does not keep, or that is too long for it, keeps its item out.",
        )


def _sizes(item: Item, refused: int | None) -> Iterator[Loss]:
    sizes = [blob.size for blob in item.blobs if blob.rows is None]
    if refused is not None and any(size is None or size >= refused for size in sizes):
        yield Loss(
            "large-file",
            f"This server has refused a file of {refused:,} bytes: so large ones may not go there.",
            certain=False,
        )
