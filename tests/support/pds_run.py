"""A real AT Protocol server (`@atproto/pds`) with its DID directory, on loopback.

``make test`` installs it from the lock file in ``tests/support/pds``. Its judge is its own
repository export, read with ``libipld``, which is not ours.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from attrs import define

HERE = Path(__file__).parent / "pds"
PASSWORD = "correct horse battery staple"
LIMITS = {"PDS_RATE_LIMITS_ENABLED": "true"}


def missing() -> str:
    """Say why it cannot run here; empty if it can. In CI that is a failure, not a reason to skip."""
    if shutil.which("node") is None:
        return "node is not installed"
    if not (HERE / "node_modules" / "@atproto" / "pds").is_dir():
        return "the PDS is not installed: make test does it where npm is"
    return ""


def require_pds() -> None:
    """Skip where it cannot run; fail in CI."""
    if why := missing():
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)


@define
class Account:
    """Somebody with an account there."""

    handle: str
    did: str
    app_password: str
    token: str


@define
class Pds:
    """The running server."""

    url: str
    plc: str
    folder: Path
    _process: subprocess.Popen[str]
    _accounts: int = 0

    @classmethod
    @contextmanager
    def run(cls, folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[Pds]:
        """Run it on the data of a folder, with these settings of its own on top."""
        process = subprocess.Popen(
            ["node", str(HERE / "serve.mjs"), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=HERE,
            env=os.environ | dict(settings or {}),
        )
        assert process.stdin
        assert process.stdout
        with process.stdin, process.stdout:
            ready = process.stdout.readline()
            assert ready, "the PDS did not start"
            addresses = json.loads(ready)
            yield cls(addresses["pds"], addresses["plc"], folder, process)
        process.wait()

    def jump(self, seconds: float) -> None:
        """Move the server's clock ahead."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{seconds * 1000:.0f}\n")
        self._process.stdin.flush()
        self._process.stdout.readline()

    def kill(self) -> None:
        """Kill it, as a power cut would."""
        self._process.kill()

    def account(self, name: str = "") -> Account:
        """Make an account, with an app password."""
        self._accounts += 1
        name = name or f"u{self._accounts}-{os.getpid()}"
        body = {"handle": f"{name}.test", "email": f"{name}@example.com", "password": PASSWORD}
        made = self.call("com.atproto.server.createAccount", body)
        token = made["accessJwt"]
        app = self.call("com.atproto.server.createAppPassword", {"name": "decamp"}, token)
        return Account(made["handle"], made["did"], app["password"], token)

    def call(self, method: str, body: Mapping[str, Any], token: str = "") -> dict[str, Any]:
        """Call a procedure."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = httpx.post(f"{self.url}/xrpc/{method}", json=body, headers=headers, timeout=60)
        assert answer.status_code == 200, (method, answer.status_code, answer.text)
        return answer.json() if answer.content else {}

    def get(self, method: str, **params: str) -> httpx.Response:
        """Ask a query."""
        return httpx.get(f"{self.url}/xrpc/{method}", params=params, timeout=60)

    def blob(self, did: str, cid: str) -> bytes:
        """Fetch a blob."""
        answer = self.get("com.atproto.sync.getBlob", did=did, cid=cid)
        assert answer.status_code == 200, answer.text
        return answer.content

    def blobs(self, did: str) -> list[str]:
        """List the blobs that records refer to."""
        answer = self.get("com.atproto.sync.listBlobs", did=did, limit="1000")
        return sorted(answer.json()["cids"])

    def repository(self, did: str) -> dict[str, dict[str, Any]]:
        """Read the repository's export: each record by collection and key.

        Links to blocks are CIDs as text, as libipld gives them.
        """
        import libipld

        answer = self.get("com.atproto.sync.getRepo", did=did)
        assert answer.status_code == 200, answer.text
        header, blocks = libipld.decode_car(answer.content)
        by_cid = {libipld.encode_cid(cid): block for cid, block in blocks.items()}
        commit = by_cid[_text(header["roots"][0])]
        found: dict[str, dict[str, Any]] = {}
        for key, cid in _walk(by_cid, _text(commit["data"])):
            found[key] = by_cid[cid]
        return found


def _walk(blocks: Mapping[str, Any], node: str) -> Iterator[tuple[str, str]]:
    """Go through the tree of a repository; https://atproto.com/specs/repository#mst-structure."""
    tree = blocks[node]
    if tree["l"]:
        yield from _walk(blocks, _text(tree["l"]))
    key = b""
    for entry in tree["e"]:
        key = key[: entry["p"]] + entry["k"]
        yield key.decode(), _text(entry["v"])
        if entry["t"]:
            yield from _walk(blocks, _text(entry["t"]))


def _text(cid: Any) -> str:
    import libipld

    return libipld.encode_cid(cid) if isinstance(cid, bytes) else str(cid)
