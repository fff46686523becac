"""What every plugin gets: the settings, a client, and what to remember."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from attrs import field, frozen

from decamp.auth import Grant

if TYPE_CHECKING:
    import httpx

__all__ = ["CONTRACT_VERSION", "C", "Context", "MemorySecrets", "Secrets"]

CONTRACT_VERSION = 1
"""Raised when a plugin written for the former version would stop working."""

C = TypeVar("C")


class Secrets(Protocol):
    """Keeps texts that nobody else may read, by name. A plugin meets its own alone."""

    def get(self, name: str) -> str | None:
        """Give a secret; None if there is none of this name."""
        ...

    def set(self, name: str, value: str) -> None:
        """Keep a secret, durably on return.

        Raises:
            ConfigError: It cannot be kept here; the hint says what to do.
        """
        ...

    def delete(self, name: str) -> None:
        """Forget a secret; none of this name is fine."""
        ...


class MemorySecrets:
    """Keeps secrets for as long as it lives, and no longer: for surroundings without a home."""

    def __init__(self) -> None:
        self._kept: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        """Give a secret."""
        return self._kept.get(name)

    def set(self, name: str, value: str) -> None:
        """Keep a secret."""
        self._kept[name] = value

    def delete(self, name: str) -> None:
        """Forget a secret."""
        self._kept.pop(name, None)


@frozen
class Context(Generic[C]):
    """What the host hands to `create`, once per transfer."""

    config: C
    log: logging.Logger
    now: Callable[[], datetime]
    """The time, aware and in UTC."""

    scratch: Path
    """A private folder for temporary files; the host removes it."""

    http: httpx.Client | None = None
    """A client that is signed in: it brings the token, and renews it once it has expired.
    Redirects are not followed, and every answer is returned. Present if the plugin
    declares `ExporterSpec.auth` for these settings. For a `Login` it also `decamp.Asks`."""

    grant: Grant | None = None
    """What the person granted; present together with `http`, if anybody signed in."""

    state: Path | None = None
    """A private folder of this plugin, not made yet, that stays between runs: for what can be
    learnt again, since it may be removed at any time. None where nothing is to be kept."""

    connect: str = ""
    """The command by which this person grants access again, for hints. Empty if that is done in
    another way than on the command line."""

    secrets: Secrets = field(factory=MemorySecrets)
    """What the plugin must remember between runs and nobody may read: sessions."""

    pause: Callable[[float], None] = time.sleep
    """Waits some seconds, for a service that works on something. Raises `Unavailable` at once
    when the run is to stop; let it pass."""

    notes: Secrets = field(factory=MemorySecrets)
    """What else it must remember and cannot learn again; small, and durable on return."""
