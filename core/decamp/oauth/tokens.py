"""What a service hands out at a sign-in, and how it is written down."""

from __future__ import annotations

from datetime import datetime

import msgspec
from attrs import field, frozen

from decamp.auth import Grant

__all__ = ["Tokens"]


@frozen
class Tokens:
    """A pair of tokens (RFC 6749 section 1.4 and 1.5), and the grant that they stand for."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    """Empty if the service gave none."""

    expires_at: datetime | None
    """When the access token ends by this machine's clock; aware, UTC; None if not known."""

    grant: Grant

    def same_pair(self, other: Tokens) -> bool:
        """Tell whether it is the same pair, whatever a store has made of the grant."""
        return (self.access, self.refresh, self.expires_at) == (
            other.access,
            other.refresh,
            other.expires_at,
        )

    def to_json(self) -> bytes:
        """Write all of it, to be kept in a safe place."""
        return msgspec.json.encode(self, order="deterministic")

    @classmethod
    def from_json(cls, text: bytes | str) -> Tokens:
        """Read what `to_json` wrote.

        Raises:
            ValueError: It is something else.
        """
        return msgspec.json.decode(text, type=cls)
