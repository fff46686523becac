"""The key and secret of an app (RFC 6749 section 2.3.1: client identifier and password)."""

from __future__ import annotations

from attrs import field, frozen

__all__ = ["ClientKeys"]


@frozen
class ClientKeys:
    """What a service gave to the person or company that registered an app there."""

    key: str = field(repr=False)
    secret: str = field(repr=False)
