"""Remembers very many paths in little memory, where a mistake costs no more than a request."""

from __future__ import annotations

__all__ = ["Marks"]

_BITS = 1 << 23


class Marks:
    """Which paths were marked; of some others it says so too (a Bloom filter of one hash).

    It takes a megabyte once there is a path. Of 100 000 paths it mistakes one in eighty others.
    """

    def __init__(self) -> None:
        self._bits = bytearray()

    def __bool__(self) -> bool:
        """Tell whether any path was marked."""
        return bool(self._bits)

    def __contains__(self, path: str) -> bool:
        """Tell whether a path was marked, or may have been."""
        if not self._bits:
            return False
        place, bit = divmod(hash(path) % _BITS, 8)
        return bool(self._bits[place] >> bit & 1)

    def add(self, path: str) -> None:
        """Mark a path."""
        if not self._bits:
            self._bits = bytearray(_BITS // 8)
        place, bit = divmod(hash(path) % _BITS, 8)
        self._bits[place] |= 1 << bit
