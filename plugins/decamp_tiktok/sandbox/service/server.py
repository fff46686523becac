"""The sandbox on loopback, in a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import tempfile
import threading
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from decamp import ConfigError
from decamp_tiktok.sandbox.service.admin import admin_routes
from decamp_tiktok.sandbox.service.apps import App
from decamp_tiktok.sandbox.service.clock import Clock
from decamp_tiktok.sandbox.service.faults import ServiceFault
from decamp_tiktok.sandbox.service.options import SandboxOptions
from decamp_tiktok.sandbox.service.simulator import Simulator
from decamp_tiktok.sandbox.service.web import application
from decamp_tiktok.sandbox.store import MediaStore

__all__ = ["SandboxServer"]

_HOST = "127.0.0.1"


class SandboxServer:
    """A running sandbox. A context manager.

    Args:
        options: What it is to be like.
        port: Where it listens; 0 for any port that is free.

    Raises:
        ConfigError: The port is taken.
    """

    def __init__(self, options: SandboxOptions | None = None, *, port: int = 0) -> None:
        self._socket = _listening(port)
        self._port: int = self._socket.getsockname()[1]
        self._folder = tempfile.TemporaryDirectory(prefix="decamp-sandbox-")
        self.simulator = Simulator(
            options or SandboxOptions(), Path(self._folder.name), self.address
        )
        self.media = MediaStore(now=self.simulator.clock.now)
        """The media of all copies, on the same port as everything else."""

        self._server = uvicorn.Server(
            uvicorn.Config(
                application(self.simulator, self.media, admin_routes(self.simulator)),
                http=_Protocol,
                ws="none",
                lifespan="off",
                log_config=None,  # addresses hold codes, and belong in no log
                log_level="critical",
                access_log=False,
                server_header=False,
                date_header=False,  # that of the sandbox's clock is sent
                # To close a connection that rests may cross with the next call on it, which would
                # then be lost: only the faults that are set may do that.
                timeout_keep_alive=3_600,
                timeout_graceful_shutdown=1,
            )
        )
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def address(self) -> str:
        """What takes the place of TikTok's hosts: ``http://127.0.0.1:8640``."""
        return f"http://{_HOST}:{self._port}"

    @property
    def clock(self) -> Clock:
        """The sandbox's time, which can be moved forward."""
        return self.simulator.clock

    @property
    def app(self) -> App:
        """The first app: by default the one for desktop."""
        return self.simulator.options.apps[0]

    def advance(self, **step: float) -> None:
        """Move the clock forward, and return when all events that this brings were sent.

        Args:
            step: As for `datetime.timedelta`: ``days=4``.
        """
        self.clock.advance(timedelta(**step))
        self.simulator.webhooks.settle()

    def fail(self, *faults: str) -> None:
        """Let calls go wrong: ``add:lost``, ``check:429@2``, ``download:cut@1-3``.

        Calls are counted from now on, and the first one is 1. See `ServiceFault`.

        Raises:
            ValueError: There is no such endpoint or fault.
        """
        for fault in faults:
            self.simulator.faults.set(ServiceFault.parse(fault))

    def sign_in(
        self,
        address: str,
        *,
        user: str = "",
        ticked: Collection[str] | None = None,
        allow: bool = True,
    ) -> str:
        """Answer a consent page as a person would, without a browser.

        Args:
            address: Where the app sends the person.
            user: Who it is; the first one if left out.
            ticked: The scopes that stay ticked; None for all.
            allow: Whether the person agrees.

        Returns:
            Where the person is sent back to.

        Raises:
            Misconfigured: TikTok shows an error page instead.
        """
        query = dict(parse_qsl(urlsplit(address).query, keep_blank_values=True))
        asked = self.simulator.ask(query, None)
        if isinstance(asked, str):
            return asked
        scopes = list(asked.question.scopes if ticked is None else ticked)
        user = user or self.simulator.options.users[0].username
        where = self.simulator.answer(asked.ticket, user, scopes, allow=allow)
        assert where is not None
        return where

    def __enter__(self) -> Self:
        self._thread.start()
        self.simulator.webhooks.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.simulator.webhooks.stop()
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()
        self._folder.cleanup()

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))


class _Protocol(H11Protocol):
    """Gives the application its connection, for the faults that end one."""

    def connection_made(self, transport: Any) -> None:
        self.app_state = {**self.app_state, "transport": transport}
        # Head and body are two writes; without this each answer waits 40 ms for the other side.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().connection_made(transport)


def _listening(port: int) -> socket.socket:
    """Listen at once: who knows the port can connect from now on."""
    try:
        return socket.create_server((_HOST, port), backlog=128)
    except OSError as error:
        raise ConfigError(
            f"The sandbox cannot listen on port {port}: {error.strerror or error}.",
            hint="Choose another one, or 0 for any that is free: --port 0",
        ) from error
