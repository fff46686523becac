"""Brings a password or a token with each request to one server, in the way that it asks for."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import threading
from collections.abc import Generator
from urllib.request import parse_http_list, parse_keqv_list

import httpx
from attrs import define

from decamp.errors import AuthError, PluginError

__all__ = ["LoginAuth"]

_SCHEME = re.compile(r"(?:^|,\s*)(basic|digest|bearer|negotiate|ntlm)\b\s*", re.IGNORECASE)
_HASHES = {"md5": hashlib.md5, "sha-256": hashlib.sha256}


class LoginAuth(httpx.Auth):
    """Signs requests to one origin, and none to any other. Thread-safe.

    The first request tells nothing: what the server wants stands in its answer. Digest (RFC
    7616) is preferred, because the password itself stays here.

    Args:
        origin: As in `decamp.auth.Login`.
        user: With a password.
        password: Of the user.
        token: Instead of both.
    """

    def __init__(self, origin: str, user: str, password: str, token: str = "") -> None:
        self._origin = url = httpx.URL(origin)
        self._where = url.scheme, url.host, url.port
        self._user = user
        self._password = password
        self._token = token
        self._lock = threading.Lock()
        self._basic = False
        self._digest: _Challenge | None = None

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign one request; see `httpx.Auth`."""
        url = request.url
        self.require(url.scheme, url.host, url.port)
        target = url.raw_path.decode("ascii")
        signed = self.sign(request.method, target)
        if signed:
            _bring(request, signed)
        response = yield request
        if response.status_code == 401:
            told = response.headers.raw
            offered = [v.decode("latin-1") for n, v in told if n.lower() == b"www-authenticate"]
            if self.learn(offered, signed=signed):
                _bring(request, self.sign(request.method, target))
                yield request

    def require(self, scheme: str, host: str, port: int | None) -> None:
        """Make sure that a request goes to the server that may be told.

        Raises:
            PluginError: It goes to another one.
        """
        if (scheme, host, port) != self._where:
            own = self._origin.host
            raise PluginError(f"{host} was not asked: the sign-in is for {own} alone.", plugin=own)

    def sign(self, method: str, target: str) -> str:
        """Give the ``Authorization`` of a request by what is known; empty if nothing is.

        It is text in latin-1, as all headers are here; names in it are in UTF-8 below that.

        Args:
            method: Of the request.
            target: Its path and query, percent-encoded.

        Raises:
            AuthError: The user name cannot be told in the way that the server wants.
        """
        if self._token:
            return f"Bearer {self._token}"
        if self._digest is not None:
            with self._lock:
                return self._digest.answer(method, target, self._user, self._password)
        if self._basic:
            if ":" in self._user:  # RFC 7617 section 2
                raise AuthError(
                    f"The user name for {self._origin.host} has a colon in it, which this server's "
                    "way to sign in cannot carry.",
                    hint="See how the server writes your user name; the password is asked for by itself.",
                )
            pair = f"{self._user}:{self._password}".encode()
            return f"Basic {base64.b64encode(pair).decode()}"
        return ""

    def insist(self) -> bool:
        """Bring the password from now on although nobody asks; False if it is brought already.

        It goes by Basic, until the server asks for something else.
        """
        with self._lock:
            if self._token or self._basic or self._digest is not None:
                return False
            self._basic = True
            return True

    def learn(self, offered: list[str], *, signed: str) -> bool:
        """Learn from a 401 what the server wants; False if there is nothing else to try.

        Args:
            offered: Each ``WWW-Authenticate`` of the answer, as latin-1. Some servers send none,
                though they have to (RFC 9110 section 15.5.2): then Basic is tried.
            signed: What `sign` gave for the request.

        Raises:
            AuthError: It wants what decamp does not know.
        """
        return not self._token and self._take(offered, signed=signed)

    def _take(self, offered: list[str], *, signed: str) -> bool:
        challenges = _challenges(", ".join(offered))
        with self._lock:
            if "digest" in challenges:
                # Not every server says that a nonce is stale, so a new one is tried once.
                if not self._digest or self._digest.nonce in signed:
                    self._digest = _Challenge.of(challenges["digest"])
                if self._digest is not None:
                    return self._digest.nonce not in signed
            if "basic" in challenges or not (offered or signed):
                self._digest = None
                self._basic = True
                return not signed.startswith("Basic ")
        if challenges and not signed:
            raise AuthError(
                f"{self._origin.host} wants a sign-in that decamp does not know: "
                f"{', '.join(sorted(challenges))}.",
                hint="Look whether your server offers app passwords or tokens: decamp connect",
            )
        return False


@define
class _Challenge:
    """What a server asks for by Digest (RFC 7616 section 3.3)."""

    realm: str
    nonce: str
    opaque: str
    algorithm: str
    qop: bool
    count: int = 0

    @classmethod
    def of(cls, fields: dict[str, str]) -> _Challenge | None:
        """Read one; None if it cannot be answered."""
        algorithm = fields.get("algorithm", "MD5")
        qop = [word.strip() for word in fields.get("qop", "").split(",") if word.strip()]
        known = algorithm.lower().removesuffix("-sess") in _HASHES
        if not known or "nonce" not in fields or (qop and "auth" not in qop):
            return None
        return cls(
            fields.get("realm", ""), fields["nonce"], fields.get("opaque", ""), algorithm, bool(qop)
        )

    def answer(self, method: str, target: str, user: str, password: str) -> str:
        """Answer it for a request (section 3.4)."""
        name = self.algorithm.lower()
        digest = _HASHES[name.removesuffix("-sess")]
        # What a server told was read as latin-1 and goes back so, and with it our names.
        user, password = (text.encode().decode("latin-1") for text in (user, password))

        def hashed(*parts: str) -> str:
            return digest(":".join(parts).encode("latin-1"), usedforsecurity=False).hexdigest()

        self.count += 1
        count, own = f"{self.count:08x}", secrets.token_hex(8)
        secret = hashed(user, self.realm, password)
        if name.endswith("-sess"):
            secret = hashed(secret, self.nonce, own)
        asked = hashed(method, target)
        proof = (
            hashed(secret, self.nonce, count, own, "auth", asked)
            if self.qop
            else hashed(secret, self.nonce, asked)
        )
        fields = {
            "username": user,
            "realm": self.realm,
            "nonce": self.nonce,
            "uri": target,
            "response": proof,
        }
        if self.opaque:
            fields["opaque"] = self.opaque
        told = ", ".join(f'{field}="{_escaped(value)}"' for field, value in fields.items())
        told = f"Digest {told}, algorithm={self.algorithm}"
        if self.qop or name.endswith("-sess"):
            told += f', qop=auth, nc={count}, cnonce="{own}"'
        return told


def _challenges(text: str) -> dict[str, dict[str, str]]:
    """Part ``WWW-Authenticate`` (RFC 9110 section 11.6.1) into schemes and their fields."""
    found: dict[str, dict[str, str]] = {}
    marks = list(_SCHEME.finditer(text))
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    for mark, end in zip(marks, ends, strict=False):  # a 401 may name no scheme at all
        rest = text[mark.end() : end].strip(" ,")
        fields = [part for part in parse_http_list(rest) if "=" in part]
        found.setdefault(
            mark[1].lower(),
            {name.strip().lower(): value for name, value in parse_keqv_list(fields).items()},
        )
    return found


def _bring(request: httpx.Request, signed: str) -> None:
    request.headers.encoding = "latin-1"
    request.headers["Authorization"] = signed


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
