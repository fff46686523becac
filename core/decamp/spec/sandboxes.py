"""Simulators of services, brought by their plugins."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import Protocol, runtime_checkable

from attrs import frozen

__all__ = [
    "Sandbox",
    "SandboxSession",
    "ServedSandbox",
    "Serves",
    "Simulation",
]


@frozen
class SandboxSession:
    """A running simulator."""

    location: str
    """What to give as SOURCE, without the plugin's name."""

    allowed: tuple[tuple[str, int], ...] = ()
    """Loopback addresses (host, port) that media may be fetched from while it runs."""

    options: tuple[tuple[str, str], ...] = ()


class Sandbox(Protocol):
    """A simulator of a service, brought by its plugin."""

    def start(self, folder: Path) -> AbstractContextManager[SandboxSession]:
        """Run it, with all of its files below the folder."""
        ...


@frozen(kw_only=True)
class Simulation:
    """What a person wants of a simulator that is served."""

    port: int = 0
    """On loopback; 0 for any that is free."""

    seed: int = 0
    """The same number makes the same people, keys and answers."""

    delay: timedelta = timedelta(0)
    """How long the service needs for what it is asked for."""

    faults: tuple[str, ...] = ()
    """What is to go wrong, in the simulator's own words."""

    options: tuple[tuple[str, str], ...] = ()
    """Further settings, in the simulator's own words."""


@frozen(kw_only=True)
class ServedSandbox:
    """A simulator that listens on loopback, and how a person uses it."""

    address: str
    facts: tuple[tuple[str, str], ...] = ()
    """What a person needs to know: names, and what is to be said about them."""

    commands: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """What to do in another terminal: what for, and the words after ``decamp``."""


@runtime_checkable
class Serves(Protocol):
    """A simulator that other programs on this computer can use as the service."""

    def serve(self, wanted: Simulation) -> AbstractContextManager[ServedSandbox]:
        """Serve it until the end of the context.

        Raises:
            ConfigError: A setting is wrong, the port is taken, or a library is missing.
        """
        ...
