"""What a media server may do to a request, besides answering it."""

from __future__ import annotations

from typing import Literal, get_args

from attrs import field, frozen, validators

__all__ = ["Fault", "FaultKind"]

FaultKind = Literal[
    "expired",  # 403, as TikTok's servers answer when a link is too old
    "not-found",  # 404
    "gone",  # 410
    "html",  # 200 with a page instead of the file
    "empty",  # 200 without a byte
    "cut",  # the first answer ends early; later ones are whole and honour Range
    "ignore-range",  # as "cut", but later answers are 200 from the first byte on
    "changed-etag",  # as "cut", but later the file is another one
    "wrong-type",  # the right bytes, as text/plain
    "oversized",  # the file is followed by zeros
    "redirect",  # 302
    "flaky",  # 503 at first, whole afterwards
]


@frozen
class Fault:
    """One thing that goes wrong."""

    kind: FaultKind = field(validator=validators.in_(get_args(FaultKind)))
    location: str = ""
    """For ``redirect``: where to."""

    size: int = 8 << 20
    """For ``oversized``: bytes in all."""
