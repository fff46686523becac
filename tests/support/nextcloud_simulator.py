"""A SIMULATOR of Nextcloud's chunked upload, version 2, over WsgiDAV. It is no Nextcloud.

What it follows is the developer manual's page on chunked file upload:

- MKCOL of ``uploads/USER/ID``, PUT of pieces named by numbers from 1 to 10000 into it, MOVE of
  its ``.file`` to where the file goes. All of them carry ``Destination``, the full address of
  the finished file.
- Pieces are put together in the order of their names, have at least 5 MB (but the last), and
  are checked against ``OC-Total-Length``.
- Pieces can be listed, but not read back. DELETE of the collection gives the upload up.
- The finished file appears whole; the collection is gone afterwards.

`SLOW` in a file's name makes its assembly outlast the answer, as large files do behind an
impatient front end: the MOVE is answered 504, further ones 423, and the file appears after it
was asked for so many times. Nothing depends on time.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

__all__ = ["CHUNK", "LOOKS", "SLOW", "NextcloudSimulator"]

CHUNK = 5 << 20
"""Smallest piece, in bytes, but for the last. (The manual says 5 MB.)"""

SLOW = "slow-assembly"
LOOKS = 3
"""So often a slow file is looked for before it is there."""

_PIECE = re.compile(r"0*([1-9][0-9]{0,3}|10000)")
_Answer = Iterable[bytes]


class NextcloudSimulator:
    """WSGI middleware; every other request goes to WsgiDAV."""

    def __init__(self, app: Callable[..., _Answer], user: str, files: Path, uploads: Path) -> None:
        self._app = app
        self._files, self._uploads = files, uploads
        self._uploads_at = f"/remote.php/dav/uploads/{user}/"
        self._files_at = f"/remote.php/dav/files/{user}/"
        self._lock = threading.Lock()
        self._assembling: dict[Path, int] = {}
        """Slow files, and how often they will still be missed."""

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> _Answer:
        path = environ["PATH_INFO"].encode("latin-1").decode()
        if path == "/status.php":
            return _json(start, {"installed": True, "versionstring": "31.0.0"})
        if path == "/ocs/v2.php/cloud/capabilities":
            dav = {"chunking": "1.0", "chunkingParallelUploadDisabled": False}
            return _json(start, {"ocs": {"data": {"capabilities": {"dav": dav}}}})
        if path.startswith(self._uploads_at) and "HTTP_AUTHORIZATION" in environ:
            return self._upload(environ, start, path[len(self._uploads_at) :].strip("/"))
        if path.startswith(self._files_at) and environ["REQUEST_METHOD"] in ("PROPFIND", "HEAD"):
            self._look(self._files / path[len(self._files_at) :])
        return self._app(environ, start)

    # --- an upload -----------------------------------------------------------------------

    def _upload(self, environ: dict[str, Any], start: Callable[..., Any], path: str) -> _Answer:
        method = environ["REQUEST_METHOD"]
        upload, _, name = path.partition("/")
        if not upload or method in ("PROPFIND", "DELETE", "OPTIONS"):
            return self._app(environ, start)
        target = self._target(environ)
        if target is None:
            return _error(start, "400 Bad Request", "Destination header is missing or wrong")
        if method == "MKCOL" and not name:
            return self._app(environ, start)
        if method == "PUT" and (number := _PIECE.fullmatch(name)):
            if not 1 <= int(number[1]) <= 10_000:
                return _error(start, "400 Bad Request", "Invalid chunk id")
            return self._app(environ, start)
        if method == "MOVE" and name == ".file":
            return self._move(environ, start, self._uploads / upload, target)
        return _error(start, "405 Method Not Allowed", f"No {method} here")

    def _target(self, environ: dict[str, Any]) -> Path | None:
        destination = unquote(urlsplit(environ.get("HTTP_DESTINATION", "")).path)
        if not destination.startswith(self._files_at) or ".." in destination.split("/"):
            return None
        return self._files / destination[len(self._files_at) :]

    def _move(
        self, environ: dict[str, Any], start: Callable[..., Any], folder: Path, target: Path
    ) -> _Answer:
        with self._lock:
            if target in self._assembling:
                return _error(start, "423 Locked", "The file is still being put together")
            if not folder.is_dir():
                return _error(start, "404 Not Found", "No such upload")
            if not target.parent.is_dir():
                return _error(start, "409 Conflict", "No such folder")
            there = target.exists()
            if there and environ.get("HTTP_OVERWRITE", "T") == "F":
                return _error(start, "412 Precondition Failed", "The file is there")
            pieces = sorted(path for path in folder.iterdir() if _PIECE.fullmatch(path.name))
            sizes = [path.stat().st_size for path in pieces]
            total = environ.get("HTTP_OC_TOTAL_LENGTH")
            if total is not None and int(total) != sum(sizes):
                return _error(start, "400 Bad Request", f"Chunks have {sum(sizes)} of {total}")
            if any(size < CHUNK for size in sizes[:-1]):
                return _error(start, "400 Bad Request", "Chunks are too small")
            assembled = folder.with_name(f"{folder.name}.whole")
            with assembled.open("wb") as whole:
                for piece in pieces:
                    with piece.open("rb") as part:
                        shutil.copyfileobj(part, whole)
            shutil.rmtree(folder)
            if SLOW in target.name:
                self._assembling[target] = LOOKS
                assembled.rename(self._waiting(target))
                return _error(start, "504 Gateway Timeout", "Still putting it together")
            assembled.replace(target)
        start("204 No Content" if there else "201 Created", [("Content-Length", "0")])
        return []

    def _look(self, target: Path) -> None:
        """Let a slow file come nearer; also when its folder is listed."""
        with self._lock:
            for path in [path for path in self._assembling if target in (path, path.parent)]:
                self._assembling[path] -= 1
                if not self._assembling[path]:
                    del self._assembling[path]
                    self._waiting(path).replace(path)

    def _waiting(self, target: Path) -> Path:
        return self._uploads.with_name(f"waiting-{os.fsencode(target).hex()[-60:]}")


def _json(start: Callable[..., Any], value: Any) -> _Answer:
    body = json.dumps(value).encode()
    start("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def _error(start: Callable[..., Any], status: str, message: str) -> _Answer:
    body = (
        '<?xml version="1.0" encoding="utf-8"?><d:error xmlns:d="DAV:" '
        'xmlns:s="http://sabredav.org/ns"><s:exception>Sabre\\DAV\\Exception</s:exception>'
        f"<s:message>{message}</s:message></d:error>"
    ).encode()
    headers = [("Content-Type", "application/xml; charset=utf-8")]
    start(status, [*headers, ("Content-Length", str(len(body)))])
    return [body]
