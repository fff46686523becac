"""A simulator of Bluesky's video service: jobs, limits, and the upload to the account's server.

The service itself cannot be had here. The tokens are real: the account's server signs them, and
judges the one with which this puts the video there.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from attrs import define, field

from pds_run import Pds


@define
class VideoSimulator:
    """What the service does, and what it was asked."""

    pds: Pds
    url: str = ""
    looks: int = 2
    """So many times it says that it is still at work."""
    fails: str = ""
    """Why no video can be made ready."""
    limits: dict[str, Any] = field(factory=lambda: {"canUpload": True})
    encodes: bytes = b""
    """What it adds to the bytes of a video."""
    asked: list[str] = field(factory=list)
    jobs: dict[str, dict[str, Any]] = field(factory=dict)

    @property
    def did(self) -> str:
        return f"did:web:{urlsplit(self.url).netloc.replace(':', '%3A')}"

    def upload(self, did: str, data: bytes, token: str) -> tuple[int, dict[str, Any]]:
        self.require(token, self.server, "com.atproto.repo.uploadBlob", did)
        job = f"job{hash((did, data)) & 0xFFFF_FFFF}"
        known = job in self.jobs
        if not known:
            self.jobs[job] = {"left": self.looks, "data": data + self.encodes, "token": token}
        status = {"jobId": job, "did": did, "state": "JOB_STATE_CREATED"}
        return (409, {"error": "already_exists", **status}) if known else (200, status)

    def look(self, job: str, token: str) -> dict[str, Any]:
        self.require(token, self.did, "app.bsky.video.getJobStatus")
        kept = self.jobs[job]
        status: dict[str, Any] = {"jobId": job, "state": "JOB_STATE_ENCODING"}
        if kept["left"]:
            kept["left"] -= 1
        elif self.fails:
            status |= {"state": "JOB_STATE_FAILED", "message": self.fails}
        else:
            kept.setdefault("blob", self.bring(kept))
            status |= {"state": "JOB_STATE_COMPLETED", "blob": kept["blob"]}
        return {"jobStatus": status}

    def bring(self, kept: dict[str, Any]) -> dict[str, Any]:
        """Put a video into the account's server, by the token that came with it."""
        headers = {"Authorization": f"Bearer {kept['token']}", "Content-Type": "video/mp4"}
        url = f"{self.pds.url}/xrpc/com.atproto.repo.uploadBlob"
        answer = httpx.post(url, content=kept["data"], headers=headers, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()["blob"]

    @property
    def server(self) -> str:
        return self.pds.get("com.atproto.server.describeServer").json()["did"]

    def require(self, token: str, audience: str, method: str, did: str = "") -> None:
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        assert (claims["aud"], claims["lxm"]) == (audience, method), claims
        assert claims["iss"] == (did or claims["iss"])


@contextmanager
def video_service(pds: Pds) -> Iterator[VideoSimulator]:
    """Run one on loopback."""
    service = VideoSimulator(pds)

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            parts = urlsplit(self.path)
            method = parts.path.rpartition("/")[2]
            params = {name: values[0] for name, values in parse_qs(parts.query).items()}
            token = self.headers["Authorization"].removeprefix("Bearer ")
            service.asked.append(method)
            status = 200
            if method == "app.bsky.video.uploadVideo":
                data = self.body()
                status, document = service.upload(params["did"], data, token)
            elif method == "app.bsky.video.getJobStatus":
                document = service.look(params["jobId"], token)
            else:
                service.require(token, service.did, method)
                document = service.limits
            data = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = handle_any  # noqa: N815

        def body(self) -> bytes:
            return self.rfile.read(int(self.headers["Content-Length"]))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        service.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield service
        server.shutdown()
        thread.join()
