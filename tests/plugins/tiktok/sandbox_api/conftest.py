"""Sandboxes whose clock stands still until a test moves it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import pytest

from decamp_tiktok.sandbox.service import SandboxOptions, SandboxServer
from login_kit import Client

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture
def start() -> Iterator[Callable[..., Client]]:
    """Start a sandbox with some options, and give a client of it."""
    with ExitStack() as stack:

        def begin(**options: Any) -> Client:
            server = stack.enter_context(SandboxServer(SandboxOptions(**{"at": NOW} | options)))
            client = Client(server)
            stack.enter_context(client.http)
            return client

        yield begin


@pytest.fixture
def client(start: Callable[..., Client]) -> Client:
    """A client of a sandbox as it comes."""
    return start()
