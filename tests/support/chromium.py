"""A real browser without a window: Chromium, over its DevTools protocol and a pipe."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from attrs import define, field

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
assert CHROMIUM or not os.environ.get("CI"), "CI has to have chromium"

_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-dev-shm-usage", "--no-proxy-server",
    "--remote-debugging-pipe",
)  # fmt: skip
_ON_3_AND_4 = "import os,sys; r,w=map(int,sys.argv[1:3]); a=os.dup(r); b=os.dup(w); "
_ON_3_AND_4 += "os.dup2(a,3); os.dup2(b,4); os.set_inheritable(3,True); os.set_inheritable(4,True); os.execv(sys.argv[3],sys.argv[3:])"


@define
class Browser:
    """One page. Whatever it asks is answered in order; nothing here waits by the clock."""

    _outgoing: IO[bytes]
    _incoming: IO[bytes]
    _session: str = ""
    _number: int = 0
    said: list[str] = field(factory=list)
    """What the page and its policy complained about."""

    requested: list[str] = field(factory=list)
    """Every address that was asked for."""

    _events: list[dict[str, Any]] = field(factory=list)
    _buffer: bytes = b""

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the protocol."""
        self._number += 1
        number = self._number
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        self._outgoing.write(json.dumps(message).encode() + b"\0")
        self._outgoing.flush()
        while True:
            answer = self._read()
            if answer.get("id") == number:
                assert "error" not in answer, answer["error"]
                result: dict[str, Any] = answer["result"]
                return result

    def open(self, address: str) -> None:
        """Go to an address, and return when it is loaded."""
        loader = self.send("Page.navigate", url=address)["loaderId"]
        while self.wait("Page.frameNavigated")["frame"]["loaderId"] != loader:
            """What was there before, such as the empty page, may be told late."""
        self.loaded()

    def loaded(self) -> None:
        """Return when the next page is loaded."""
        self.wait("Page.loadEventFired")

    def wait(self, method: str) -> dict[str, Any]:
        """Return the next event of a kind."""
        while True:
            for index, event in enumerate(self._events):
                if event["method"] == method:
                    del self._events[: index + 1]
                    params: dict[str, Any] = event["params"]
                    return params
            self._read()

    def run(self, script: str) -> Any:
        """Evaluate an expression in the page."""
        result = self.send("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def click(self, selector: str) -> None:
        """Click in the middle of an element with the mouse, as a person does."""
        box = self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            "e.scrollIntoView({block: 'center'}); const b = e.getBoundingClientRect();"
            "return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.send(
                "Input.dispatchMouseEvent",
                type=kind, x=box[0], y=box[1], button="left", clickCount=1,
            )  # fmt: skip

    def press(self, key: str) -> None:
        """Press and release a key: ``Tab``, ``Enter``, or a space."""
        code = {"Tab": 9, "Enter": 13, " ": 32}[key]
        text = {"Enter": "\r", " ": " "}.get(key, "")
        for kind in ("keyDown", "keyUp"):
            self.send(
                "Input.dispatchKeyEvent",
                type=kind, key=key, text=text if kind == "keyDown" else "",
                windowsVirtualKeyCode=code, code="Space" if key == " " else key,
            )  # fmt: skip

    def picture(self, path: Path, *, dark: bool = False, width: int = 900) -> None:
        """Write a picture of the whole page."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=800, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        shot = self.send("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def begin(self) -> None:
        """Attach to a page."""
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        attached = self.send("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.send(f"{domain}.enable")

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            chunk = os.read(self._incoming.fileno(), 1 << 16)
            assert chunk, "the browser has ended"
            self._buffer += chunk
        text, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        if "method" in message:
            self._note(message)
        return message

    def _note(self, event: dict[str, Any]) -> None:
        self._events.append(event)
        if event["method"] == "Network.requestWillBeSent":
            self.requested.append(event["params"]["request"]["url"])
        elif event["method"] == "Log.entryAdded":
            self.said.append(event["params"]["entry"]["text"])
        elif event["method"] == "Runtime.exceptionThrown":
            self.said.append(str(event["params"]))


@contextmanager
def browser() -> Iterator[Browser]:
    """Start a browser with an empty profile."""
    assert CHROMIUM
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [sys.executable, "-c", _ON_3_AND_4, str(theirs_in), str(theirs_out),
             CHROMIUM, *_FLAGS, f"--user-data-dir={profile}"],
            pass_fds=(theirs_in, theirs_out), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(theirs_in)
        os.close(theirs_out)
        with os.fdopen(ours_out, "wb") as to, os.fdopen(ours_in, "rb", buffering=0) as from_:
            one = Browser(to, from_)
            try:
                one.begin()
                yield one
            finally:
                process.terminate()
                process.wait()
