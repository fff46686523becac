"""What asks waiting to end."""

from __future__ import annotations

from typing import Protocol

__all__ = ["LookingStop", "Stop"]


class Stop(Protocol):
    """Tells whether a run is to end, as a `threading.Event` does."""

    def is_set(self) -> bool:
        """Tell it."""
        ...


class LookingStop:
    """Ends waiting for a destination as long as it is only looked at.

    What changes it is finished, and whether a request belongs to that only the run knows. So a
    run says when its looking is over.

    Args:
        stop: Asks the run to end; None if that is not known yet, see `follow`.
    """

    def __init__(self, stop: Stop | None = None) -> None:
        self._stop = stop

    def is_set(self) -> bool:
        """Tell whether the run is to end, and has only looked."""
        stop = self._stop  # another thread may say meanwhile that it is over
        return stop is not None and stop.is_set()

    def follow(self, stop: Stop) -> None:
        """Look until this asks to end."""
        self._stop = stop

    def over(self) -> None:
        """Wait from now on for whatever is asked of the destination."""
        self._stop = None
