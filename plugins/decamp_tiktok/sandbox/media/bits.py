"""Write numbers bit by bit."""

from __future__ import annotations

__all__ = ["Bits"]


class Bits:
    """A growing sequence of bits, most significant first."""

    def __init__(self) -> None:
        self._digits: list[str] = []
        self._length = 0

    def put(self, value: int, width: int) -> None:
        """Add an unsigned number with a fixed number of bits."""
        if width:
            self._digits.append(f"{value:0{width}b}")
            self._length += width

    def put_golomb(self, value: int) -> None:
        """Add an unsigned Exp-Golomb code, ``ue(v)`` in ITU-T H.264 section 9.1."""
        width = (value + 1).bit_length()
        self.put(value + 1, 2 * width - 1)

    def fill(self, bit: int) -> None:
        """Add the same bit until a byte is full."""
        missing = -self._length % 8
        self.put(((1 << missing) - 1) * bit, missing)

    def to_bytes(self) -> bytes:
        """Give the bytes; the last one must be full."""
        return int("".join(self._digits) or "0", 2).to_bytes(self._length // 8, "big")
