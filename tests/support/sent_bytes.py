"""A meter that keeps what it was told."""

from __future__ import annotations

from collections.abc import Callable

from decamp import Item, Receipt
from decamp.sending import Meter

__all__ = ["Told"]


class Told(Meter):
    """Counts what an importer sends, and keeps each position that it reached."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.reached: list[tuple[str, int]] = []

    def reach(self, name: str, position: int) -> None:
        """Keep it, too."""
        self.reached.append((name, position))
        super().reach(name, position)

    def of(self, import_item: Callable[[Item], Receipt], item: Item) -> Receipt:
        """Have an item imported, as the engine does."""
        with self.attempt():
            return import_item(self.counted(item))
