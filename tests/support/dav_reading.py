"""Reads WebDAV folders back with other programs than decamp: rclone, and a few lines of our own.

The lines share no code with the plugin: httpx, and the standard library's parser.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit
from xml.etree import ElementTree as ET

import httpx

from dav_programs import rclone_command
from dav_servers import DavServer

__all__ = ["client", "download", "listing", "rclone", "rclone_copy", "readers"]

_DAV = "{DAV:}"


def client(server: DavServer, *, digest: bool = False) -> httpx.Client:
    """Give a client that is signed in."""
    auth = httpx.DigestAuth(*server.auth) if digest else httpx.BasicAuth(*server.auth)
    verify = httpx.create_ssl_context(verify=True, trust_env=False)
    if server.ca is not None:
        verify.load_verify_locations(server.ca)
    return httpx.Client(auth=auth, verify=verify, trust_env=False, timeout=60)


_UNABLE = ("lighttpd", "rclone")


def listing(http: httpx.Client, url: str) -> dict[str, int | None]:
    """List a folder and all below it: sizes by relative path; None for a folder."""
    base = unquote(urlsplit(url).path)
    found: dict[str, int | None] = {}
    waiting = [url]
    while waiting:
        folder = waiting.pop()
        # lighttpd wants to know what an empty body would be
        headers = {"Depth": "1", "Content-Type": "application/xml"}
        answer = http.request("PROPFIND", folder, headers=headers)
        assert answer.status_code == 207, (folder, answer.status_code)
        for response in ET.fromstring(answer.content).iter(f"{_DAV}response"):
            raw = urlsplit(str(response.findtext(f"{_DAV}href"))).path
            path = unquote(raw)
            is_folder = response.find(f".//{_DAV}resourcetype/{_DAV}collection") is not None
            if is_folder and path.rstrip("/") == unquote(urlsplit(folder).path).rstrip("/"):
                continue
            relative = path[len(base) :].rstrip("/")
            assert path.startswith(base) and relative not in found, path
            if is_folder:
                found[relative] = None
                root = urlsplit(url)
                waiting.append(f"{root.scheme}://{root.netloc}{raw.rstrip('/')}/")
            else:
                found[relative] = int(response.findtext(f".//{_DAV}getcontentlength") or 0)
    return found


def download(server: DavServer, url: str, folder: Path, *, digest: bool = False) -> Path:
    """Fetch all files below an address."""
    with client(server, digest=digest) as http:
        for path, size in listing(http, url).items():
            place = folder / path
            if size is None:
                place.mkdir(parents=True, exist_ok=True)
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            answer = http.get(url + quote(path))
            assert answer.status_code == 200, (path, answer.status_code)
            assert len(answer.content) == size, path
            place.write_bytes(answer.content)
    return folder


def rclone(server: DavServer, url: str, *words: str) -> None:
    """Run rclone's own client, with `:webdav:` for this address."""
    command = str(rclone_command())
    secret = subprocess.run(
        [command, "obscure", server.password], capture_output=True, text=True, check=True
    ).stdout.strip()
    variables = {
        "RCLONE_CONFIG": os.devnull,
        "RCLONE_WEBDAV_URL": url,
        "RCLONE_WEBDAV_USER": server.user,
        "RCLONE_WEBDAV_PASS": secret,
        "RCLONE_WEBDAV_VENDOR": "other",
        "RCLONE_WEBDAV_PACER_MIN_SLEEP": "1us",
    }
    if server.ca is not None:
        variables["RCLONE_CA_CERT"] = str(server.ca)
    done = subprocess.run(
        [command, *words], env=os.environ | variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def rclone_copy(server: DavServer, url: str, folder: Path) -> Path:
    """Fetch all below an address with rclone."""
    rclone(server, url, "copy", ":webdav:", str(folder), "--quiet")
    return folder


def readers(server: DavServer) -> dict[str, Callable[[DavServer, str, Path], Path]]:
    """Give the clients that can read from a server, by their names.

    rclone cannot list what lighttpd has: it sends no body and no type, which is answered 415.
    """
    every = {"rclone": rclone_copy, "lines of our own": download}
    return {name: read for name, read in every.items() if (server.kind, name) != _UNABLE}
