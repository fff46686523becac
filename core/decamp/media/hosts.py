"""What was learnt about each media server in this run: whether it answers, when to come back."""

from __future__ import annotations

import threading
from collections import defaultdict
from datetime import datetime
from enum import Enum, auto

from attrs import define, field

__all__ = ["Failure", "Hosts"]

_BROKEN = 3
"""So many files in a row that failed at all attempts are enough to expect no better."""

_OFFLINE = 3
"""So many servers whose names are not found, and none that answers, mean: no network."""


class Failure(Enum):
    """What the last attempt for a file came to."""

    BAD_ANSWER = auto()
    NO_ANSWER = auto()
    NO_NAME = auto()
    """The name of the server could not be resolved."""


@define
class _Host:
    failed: int = 0
    """Files in a row that could not be had."""
    silent: int = 0
    """Files in a row to which there was no answer."""
    answered: bool = False
    quiet: datetime | None = None


@define
class Hosts:
    """Shared by all threads that fetch.

    A server that answers badly may do better with other files: each still gets one
    attempt. One that does not answer at all is not asked again in this run, since each
    file would cost the time of a time-out.

    Args:
        attempts: Tries per file at a server that nothing bad is known of.
    """

    _attempts: int
    _lock: threading.Lock = field(factory=threading.Lock, init=False)
    _hosts: defaultdict[str, _Host] = field(factory=lambda: defaultdict(_Host), init=False)
    _nameless: set[str] = field(factory=set, init=False)
    _online: bool = field(default=False, init=False)

    @property
    def offline(self) -> bool:
        """Tell whether no server at all can be reached, as it seems."""
        return not self._online and len(self._nameless) >= _OFFLINE

    def attempts(self, host: str) -> int:
        """Tell how often to try for one file."""
        with self._lock:
            return 1 if self._hosts[host].failed >= _BROKEN else self._attempts

    def given_up(self, host: str) -> bool:
        """Tell whether there is no use in asking a server again in this run."""
        with self._lock:
            return self._hosts[host].silent >= _BROKEN

    def answered(self, host: str, *, well: bool) -> None:
        """Note that a server answers, and whether it works."""
        with self._lock:
            known = self._hosts[host]
            known.answered = self._online = True
            known.silent = 0
            if well:
                known.failed = 0

    def failed(self, host: str, failure: Failure, tries: int) -> None:
        """Note that a file could not be had.

        One file with all its tries is enough to know that a name cannot be resolved,
        unless it could be before.
        """
        with self._lock:
            known = self._hosts[host]
            known.failed += 1
            if failure is Failure.BAD_ANSWER:
                known.silent = 0
            elif failure is Failure.NO_NAME and not known.answered and tries >= self._attempts:
                known.silent = _BROKEN
                self._nameless.add(host)
            else:
                known.silent += 1

    def keep_quiet(self, host: str, until: datetime) -> None:
        """Note that a server wants no requests before a time."""
        with self._lock:
            known = self._hosts[host]
            known.quiet = max(until, known.quiet or until)

    def quiet(self, host: str, now: datetime) -> float:
        """Tell for how many seconds a server wants no requests."""
        with self._lock:
            until = self._hosts[host].quiet
            return max(0.0, (until - now).total_seconds()) if until is not None else 0.0
