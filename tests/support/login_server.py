"""A service that signs people in by OAuth 2, on loopback; right, or wrong as it is told."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from attrs import define, field

from decamp.auth import OAuth2, Permission

KEY, SECRET = "CANARYkey", "CANARYsecret"
ALL, CHATS = "data.all.ongoing", "data.chats.ongoing"


class Clock:
    """A time that only the test moves."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 25, 21, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def move(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@define(eq=False, slots=False)
class LoginServer:
    """The service. Whatever it hands out begins with CANARY, so that it can be searched for."""

    port: int
    clock: Clock
    lifetime: float = 86_400.0
    refresh_lifetime: float = 365 * 86_400.0
    granted: frozenset[str] | None = None
    """What the person leaves ticked; None for all."""
    rotates: bool = True
    answers: list[object] = field(factory=list)
    """What goes wrong with the next calls of /token: ``dropped`` (before), ``lost`` (after), or
    a pair of status and body; None for nothing."""
    revoke_answers: list[object] = field(factory=list)
    calls: Counter[str] = field(factory=Counter)
    forms: list[dict[str, str]] = field(factory=list)
    seen: list[str] = field(factory=list)
    """The header Authorization of each call of /api."""
    codes: dict[str, dict[str, str]] = field(factory=dict)
    access: dict[str, datetime] = field(factory=dict)
    refresh: dict[str, str] = field(factory=dict)
    """Refresh token to scopes."""
    revoked: list[str] = field(factory=list)
    lock: threading.Lock = field(factory=threading.Lock)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def oauth(self, **changes: object) -> OAuth2:
        return OAuth2(**{  # type: ignore[arg-type]
            "authorize_url": f"{self.base}/authorize",
            "token_url": f"{self.base}/token",
            "revoke_url": f"{self.base}/revoke",
            "permissions": (
                Permission(name="all", title="All of it", brings="Everything.",
                           scopes={"ongoing": ALL, "once": "data.all.once"}),
                Permission(name="chats", title="Chats", brings="Texts of chats.",
                           scopes={"ongoing": CHATS}),
            ),
            "account_field": "open_id",
            "refresh_expires_field": "refresh_expires_in",
        } | changes)  # fmt: skip

    def authorize(self, url: str) -> str:
        """Do what a browser and a person do with the address; gives where the browser ends."""
        asked = dict(parse_qsl(urlsplit(url).query))
        scopes = set(asked["scope"].replace(",", " ").split())
        granted = scopes if self.granted is None else scopes & self.granted
        code = f"CANARYcode{secrets.token_hex(4)}!5328.e2*"
        self.codes[code] = asked | {"granted": " ".join(sorted(granted))}
        back = {"code": code, "scope": " ".join(sorted(granted)), "state": asked["state"]}
        return f"{asked['redirect_uri']}?{urlencode(back)}"

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, object]]:
        if (form.get("client_id"), form.get("client_secret")) != (KEY, SECRET):
            return 401, {"error": "invalid_client", "error_description": "wrong", "log_id": "77"}
        if form["grant_type"] == "authorization_code":
            asked = self.codes.pop(form["code"], None)
            if asked is None or asked["redirect_uri"] != form.get("redirect_uri"):
                return 400, {"error": "invalid_grant", "error_description": "code"}
            if not self._proved(asked, form.get("code_verifier", "")):
                return 400, {"error": "invalid_request", "error_description": "code verifier"}
            return 200, self.hand_out(asked["granted"])
        scopes = self.refresh.get(form["refresh_token"])
        if scopes is None:
            return 400, {"error": "invalid_grant", "error_description": form["refresh_token"]}
        if self.rotates:
            del self.refresh[form["refresh_token"]]
        return 200, self.hand_out(scopes)

    def hand_out(self, scopes: str) -> dict[str, object]:
        access, refresh = (f"CANARY{kind}{secrets.token_hex(8)}" for kind in ("act", "rft"))
        self.access[access] = self.clock() + timedelta(seconds=self.lifetime)
        self.refresh[refresh] = scopes
        return {
            "access_token": access,
            "expires_in": self.lifetime,
            "refresh_token": refresh,
            "refresh_expires_in": self.refresh_lifetime,
            "open_id": "account-1",
            "scope": scopes,
            "token_type": "Bearer",
        }

    def admits(self, header: str) -> bool:
        return self.clock() < self.access.get(header.removeprefix("Bearer "), self.clock())

    @staticmethod
    def _proved(asked: dict[str, str], verifier: str) -> bool:
        digest = hashlib.sha256(verifier.encode()).digest()
        forms = (digest.hex(), base64.urlsafe_b64encode(digest).decode().rstrip("="))
        return asked.get("code_challenge", "") in (forms if verifier else ("",))


@contextmanager
def serving(**settings: object) -> Iterator[LoginServer]:
    """Run a service as long as the block runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            form = {k: v[0] for k, v in parse_qs(self.rfile.read(length).decode()).items()}
            with server.lock:
                path = urlsplit(self.path).path
                server.calls[path] += 1
                server.forms.append(form)
                answer = self._answer(path, form)
            if answer is None:
                self.close_connection = True
                return
            status, body = answer
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self) -> None:
            self.do_POST()

        def _answer(self, path: str, form: dict[str, str]) -> tuple[int, object] | None:
            if path == "/token":
                wrong = server.answers.pop(0) if server.answers else None
                if isinstance(wrong, tuple):
                    return wrong
                if wrong == "dropped":
                    return None
                given = server.token(form)
                return None if wrong == "lost" else given
            if path == "/revoke":
                wrong = server.revoke_answers.pop(0) if server.revoke_answers else None
                if isinstance(wrong, tuple):
                    return wrong
                if wrong == "dropped":
                    return None
                if not server.admits(form["token"]):
                    return 200, {"error": {"code": "access_token_invalid", "message": "no"}}
                del server.access[form["token"]]
                server.refresh.clear()
                server.revoked.append(form["token"])
                return 200, b""
            if path == "/moved":
                return 302, b""
            header = self.headers.get("Authorization", "")
            server.seen.append(header)
            return (200, {"fine": True}) if server.admits(header) else (401, {"fine": False})

        def log_message(self, *args: object) -> None:
            """Keep quiet."""

    class Listener(ThreadingHTTPServer):
        request_queue_size = 64

        def handle_error(self, request: object, client_address: object) -> None:
            """Clients that break off are part of the tests."""

    with Listener(("127.0.0.1", 0), Handler) as listener:
        server = LoginServer(listener.server_address[1], Clock(), **settings)  # type: ignore[arg-type]
        thread = threading.Thread(target=listener.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown()
            thread.join()


@pytest.fixture
def server() -> Iterator[LoginServer]:
    with serving() as running:
        yield running
