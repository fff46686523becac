"""Runs one WebDAV server on loopback until standard input ends: ``python dav_host.py SETTINGS``.

SETTINGS is a JSON object, see `Settings`. Prints the port once the server answers. Nothing
outlives the tests this way, however they end: the pipe closes, and the server is stopped.
Files lie in ``RUN/files`` and are served at ``/dav/``.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from unicodedata import normalize
from urllib.parse import quote, unquote

from dav_programs import PROGRAMS, Settings

_TRIES = 5
_PATIENCE = 30.0
"""Seconds until a program has to answer."""
_LAST_WORDS = 3.0
"""Seconds in which it may end by itself."""
_MOST_WORDS = 8_000
"""Characters of its output that are shown."""


def wsgidav(settings: Settings, _port: int) -> Any:
    """Make a server that is not yet running."""
    return _cheroot(settings, _wsgidav_app(settings, {"/dav": str(settings.files)}))


def decomposing(settings: Settings, _port: int) -> Any:
    """Make WsgiDAV over a disk that keeps names in normal form D, as those of macOS did (UAX #15)."""
    app = _wsgidav_app(settings, {"/dav": str(settings.files)})

    def decomposed(environ: dict[str, Any], start_response: Any) -> Any:
        path = environ["PATH_INFO"].encode("latin-1").decode()
        environ["PATH_INFO"] = normalize("NFD", path).encode().decode("latin-1")
        target = unquote(environ.get("HTTP_DESTINATION", ""))
        if target:
            environ["HTTP_DESTINATION"] = quote(normalize("NFD", target), safe="/:")
        return app(environ, start_response)

    return _cheroot(settings, decomposed)


def nextcloud_simulator(settings: Settings, _port: int) -> Any:
    """Make WsgiDAV with what Nextcloud adds for large files; nothing else of Nextcloud."""
    from nextcloud_simulator import NextcloudSimulator

    uploads = settings.run / "uploads"
    uploads.mkdir(exist_ok=True)
    files = f"/remote.php/dav/files/{settings.user}"
    app = _wsgidav_app(
        settings,
        {files: str(settings.files), f"/remote.php/dav/uploads/{settings.user}": str(uploads)},
    )
    return _cheroot(settings, NextcloudSimulator(app, settings.user, settings.files, uploads))


def _wsgidav_app(settings: Settings, shares: dict[str, str]) -> Any:
    from wsgidav.wsgidav_app import WsgiDAVApp

    return WsgiDAVApp(
        {
            "provider_mapping": shares,
            "simple_dc": {"user_mapping": {"*": {settings.user: {"password": settings.password}}}},
            "http_authenticator": {
                "accept_basic": not settings.digest,
                "accept_digest": settings.digest,
                "default_to_digest": settings.digest,
            },
            "lock_storage": True,
            "property_manager": True,
            "verbose": 0,
            "logging": {"enable": False},
        }
    )


def _cheroot(settings: Settings, app: Callable[..., Any]) -> Any:
    from cheroot import wsgi
    from cheroot.ssl.builtin import BuiltinSSLAdapter

    server = wsgi.Server(("127.0.0.1", 0), app, numthreads=12, request_queue_size=64)
    if settings.certificate:
        server.ssl_adapter = BuiltinSSLAdapter(settings.certificate, settings.certificate)
    return server


THREADS: dict[str, Callable[[Settings, int], Any]] = {
    "wsgidav": wsgidav,
    "wsgidav-nfd": decomposing,
    "nextcloud-simulator": nextcloud_simulator,
}
"""Servers that are Python; they choose their port themselves."""

SERVERS = (*PROGRAMS, *THREADS)


_PORTS = range(10_000, 32_000)
"""Below those that systems give to whoever asks for any, as most other tests do."""


def free_port() -> int:
    """Find one that nobody is likely to take before the program listens there.

    Otherwise whatever listens there would be taken for the program.
    """
    while True:
        port = random.choice(_PORTS)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


def _answers(port: int, process: subprocess.Popen[bytes]) -> bool:
    """Wait until something listens, or until the process ends."""
    until = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.01)  # the only way to learn that another program listens
        else:
            return process.poll() is None
    return False


def _watch(settings: Settings, process: subprocess.Popen[bytes], ending: threading.Event) -> None:
    """Tell why a server ended before the tests that use it."""
    status = process.wait()
    if not ending.is_set():
        said = Path(settings.run, "output.log").read_text(errors="replace")[-_MOST_WORDS:]
        print(f"{settings.kind} ended with {status}:\n{said}", file=sys.stderr, flush=True)


def _run_program(settings: Settings) -> None:
    for _ in range(_TRIES):
        port = free_port()
        command = PROGRAMS[settings.kind](settings, port)
        with Path(settings.run, "output.log").open("wb") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=settings.run,
                start_new_session=True,
                env=os.environ | {"HOME": str(settings.run), "XDG_CONFIG_HOME": str(settings.run)},
            )
        try:
            if _answers(port, process):
                print(port, flush=True)
                ending = threading.Event()
                watched = (settings, process, ending)
                threading.Thread(target=_watch, args=watched, daemon=True).start()
                sys.stdin.read()
                ending.set()
                return
        finally:
            _end(process)
    print(Path(settings.run, "output.log").read_text(errors="replace"), file=sys.stderr)
    sys.exit(f"{settings.kind} does not start")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a server with the processes that it has begun, which some do not end themselves."""
    for last in ("SIGTERM", "SIGKILL"):
        with suppress(ProcessLookupError):
            if os.name == "nt":
                process.kill()
            else:
                os.killpg(process.pid, getattr(signal, last))
        with suppress(subprocess.TimeoutExpired):
            process.wait(_LAST_WORDS)


def _run_thread(settings: Settings) -> None:
    server = THREADS[settings.kind](settings, 0)
    server.prepare()
    threading.Thread(target=server.serve, daemon=True).start()
    print(server.bind_addr[1], flush=True)
    sys.stdin.read()
    os._exit(0)  # its threads would wait for clients that keep connections open


def main() -> None:
    given = json.loads(sys.argv[1])
    settings = Settings(**given | {"run": Path(given["run"])})
    settings.files.mkdir(exist_ok=True)
    (_run_program if settings.kind in PROGRAMS else _run_thread)(settings)


if __name__ == "__main__":
    main()
