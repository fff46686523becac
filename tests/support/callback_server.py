"""An app's address for events: keeps what comes, and answers what a test says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

from attrs import define, field, frozen


@frozen
class Received:
    """A request that came."""

    path: str
    headers: dict[str, str]
    """By name in lower case."""

    spelt: tuple[str, ...]
    """The names as they were sent."""

    body: bytes


@define
class CallbackServer:
    """What came, in order, and what is answered."""

    address: str = ""
    received: list[Received] = field(factory=list)
    answers: list[int] = field(factory=list)
    """The next status codes; 200 when there are none left. 0 ends the connection."""

    came: Event = field(factory=Event)
    """Set once something has come."""


@contextmanager
def callback_server() -> Iterator[CallbackServer]:
    """Run one on loopback."""
    state = CallbackServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            named = {name.lower(): value for name, value in self.headers.items()}
            spelt = tuple(self.headers.keys())
            state.received.append(Received(self.path, named, spelt, self.rfile.read(length)))
            state.came.set()
            status = state.answers.pop(0) if state.answers else 200
            if status:
                self.send_response(status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    state.address = f"http://127.0.0.1:{server.server_port}/events"
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
