"""Stores of tokens for tests: real ones, in memory or in files."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from decamp.oauth import Tokens
from decamp.oauth.authorization import Attempt


class MemoryTokens:
    """Keeps tokens as JSON, and notes what was done in which order."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.done: list[str] = []
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def load(self, key: str) -> Tokens | None:
        return Tokens.from_json(self.kept[key]) if key in self.kept else None

    def save(self, key: str, tokens: Tokens) -> None:
        assert self._locks[key].locked() or key not in self.kept
        self.kept[key] = tokens.to_json()
        self.done.append("saved")

    def delete(self, key: str) -> None:
        self.kept.pop(key, None)

    @contextmanager
    def lock(self, key: str) -> Iterator[None]:
        with self._locks[key]:
            yield


class MemoryAttempts:
    """Keeps sign-ins on their way as JSON."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def put(self, attempt: Attempt) -> None:
        self.kept[attempt.state] = attempt.to_json()

    def take(self, state: str) -> Attempt | None:
        kept = self.kept.pop(state, None)
        return None if kept is None else Attempt.from_json(kept)


@pytest.fixture
def tokens() -> MemoryTokens:
    return MemoryTokens()
