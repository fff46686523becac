"""A person at a consent page: gets the address that decamp opens, and answers it."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

from cli_run import Cli, Ended

__all__ = ["Connecting", "visit"]

_SCRIPT = """
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as wire:
    wire.sendall(sys.argv[2].encode())
"""


def visit(url: str) -> tuple[int, str]:
    """Go to an address, as a browser does; gives status and page."""
    try:
        with build_opener(ProxyHandler({})).open(url, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


class Connecting:
    """Runs ``decamp connect`` in a process of its own, with a browser that is this test.

    Args:
        answer: Is given the address that decamp opened; what it returns is visited, in order.
    """

    def __init__(self, cli: Cli, answer: Callable[[str], list[str]]) -> None:
        self._cli, self._answer = cli, answer
        self.opened: list[str] = []
        self.pages: list[tuple[int, str]] = []

    def __call__(self, *words: str, **variables: str) -> Ended:
        with socket.create_server(("127.0.0.1", 0)) as door:
            script = self._cli.home.parent / "browser.py"
            script.write_text(_SCRIPT, encoding="utf-8")
            port = door.getsockname()[1]
            browser = f"{Path(sys.executable).as_posix()} {script} {port} %s"
            environment = self._cli.environment(BROWSER=browser, **variables)
            running = subprocess.Popen(
                [sys.executable, "-m", "decamp", "connect", *words],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            person = threading.Thread(target=self._sit, args=(door,), daemon=True)
            person.start()
            out, err = running.communicate(timeout=120)
            with socket.create_connection(("127.0.0.1", port)):
                pass  # ends the waiting, if no browser was opened
            person.join(timeout=60)
        said = err.decode("utf-8", "replace")
        assert "Traceback" not in said
        return Ended(running.returncode, out.decode("ascii"), said)

    def _sit(self, door: socket.socket) -> None:
        wire, _ = door.accept()
        with wire, wire.makefile("rb") as sent:
            url = sent.read().decode()
        if not url:
            return
        self.opened.append(url)
        self.pages += [visit(url) for url in self._answer(self.opened[-1])]
