"""Lets a run that stops leave the network within a second, whatever a server does."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, wait
from typing import Any

import httpcore

from decamp.errors import Unavailable
from decamp.stops import Stop

__all__ = ["Stoppable"]

_STEP_SECONDS = 0.5
"""How often whoever waits for a server looks whether the run stops."""


class Stoppable(httpcore.NetworkBackend):
    """Makes connections by another backend, and ends all waiting when told to stop.

    Looking up a name, connecting and the TLS handshake cannot be interrupted. Each is done
    in a thread that can be left behind: what it opens after a stop is closed at once.
    Reading is done in short steps. Requests are short, so writing is left as it is.

    Args:
        network: Makes the connections.
        stop: Set when the run is to end.
    """

    def __init__(self, network: httpcore.NetworkBackend, stop: Stop) -> None:
        self._network = network
        self._stop = stop

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to a host.

        Raises:
            Unavailable: The run stops.
            Exception: What the other backend raises.
        """

        def connect() -> httpcore.NetworkStream:
            return self._network.connect_tcp(host, port, timeout, local_address, socket_options)

        return _Stream(_opened(connect, self._stop), self._stop)


class _Stream(httpcore.NetworkStream):
    """A connection; every method may raise `Unavailable` because the run stops."""

    def __init__(self, stream: httpcore.NetworkStream, stop: Stop) -> None:
        self._stream = stream
        self._stop = stop

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what is there, within the time-out in seconds.

        A read that timed out has taken nothing, over TLS neither, so it can be repeated.
        """
        left = float("inf") if timeout is None else timeout
        while True:
            _check(self._stop)
            step = min(left, _STEP_SECONDS)
            try:
                return self._stream.read(max_bytes, step)
            except httpcore.ReadTimeout:
                left -= step
                if left <= 0:
                    raise

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of it."""
        _check(self._stop)
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Do the TLS handshake."""

        def shake() -> httpcore.NetworkStream:
            return self._stream.start_tls(ssl_context, server_hostname, timeout)

        return _Stream(_opened(shake, self._stop), self._stop)

    def get_extra_info(self, info: str) -> Any:
        """Tell what httpcore wants to know about the connection."""
        return self._stream.get_extra_info(info)


def _check(stop: Stop) -> None:
    if stop.is_set():
        raise Unavailable("Stopped while a server was asked.", hint="Run the same command again.")


def _opened(call: Callable[[], httpcore.NetworkStream], stop: Stop) -> httpcore.NetworkStream:
    """Do what opens a connection in a thread of its own, and leave it behind on a stop."""
    _check(stop)
    outcome: Future[httpcore.NetworkStream] = Future()

    def work() -> None:
        try:
            outcome.set_result(call())
        except BaseException as error:  # noqa: BLE001 - the one who waits gets it
            outcome.set_exception(error)

    threading.Thread(target=work, name="connect", daemon=True).start()
    try:
        while not wait([outcome], _STEP_SECONDS).done:
            _check(stop)
    except BaseException:
        outcome.add_done_callback(_close)
        raise
    return outcome.result()


def _close(outcome: Future[httpcore.NetworkStream]) -> None:
    if outcome.exception() is None:
        outcome.result().close()
