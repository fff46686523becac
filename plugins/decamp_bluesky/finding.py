"""From a handle to the account's DID, and from there to its server.

https://atproto.com/specs/handle#handle-resolution and https://atproto.com/specs/did
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
from attrs import frozen

from decamp import ConfigError, DestinationRefused, Unavailable
from decamp_bluesky.answers import document
from decamp_bluesky.asking import answered
from decamp_bluesky.config import Config

__all__ = ["Found", "find", "safe_address"]

_HANDLE = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_DID = re.compile(r"did:(plc:[a-z2-7]{24}|web:[A-Za-z0-9.%:-]+)")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_DID_BYTES = 2_048


@frozen
class Found:
    """An account, and where it lives."""

    did: str
    server: str


def find(config: Config, http: httpx.Client) -> Found:
    """Find an account's server.

    Raises:
        ConfigError: What was given is no handle, or an address is not encrypted.
        DestinationRefused: Nobody has that handle, or its server cannot be told.
    """
    name = config.handle
    if _DID.fullmatch(name):
        did = name
    elif _HANDLE.fullmatch(name.lower()):
        did = _did(name.lower(), config, http)
    else:
        raise ConfigError(
            f"{name!r} is no Bluesky handle.",
            hint="Write it in full, such as bluesky:alice.bsky.social",
        )
    if config.server:
        return Found(did, safe_address(config.server, "server"))
    return Found(did, _server(did, "" if name == did else name.lower(), config, http))


def _did(handle: str, config: Config, http: httpx.Client) -> str:
    """Ask who has a handle: the server that was named; or the handle's own site, then a resolver."""
    if config.server:
        found = _ask(handle, safe_address(config.server, "server"), http)
    else:
        found = _own_site(handle, http)
        found = found or _ask(handle, safe_address(config.resolver, "resolver"), http)
    if found is None or not _DID.fullmatch(found):
        raise DestinationRefused(
            f"Nobody has the handle {handle}.",
            hint="Check it for typing mistakes: it stands in the Bluesky app, after the @.",
        )
    return found


def _own_site(handle: str, http: httpx.Client) -> str | None:
    try:
        answer = answered(http, "GET", f"https://{handle}/.well-known/atproto-did")
    except Unavailable:
        return None
    text = answer.text.strip() if len(answer.content) <= _DID_BYTES else ""
    return text if answer.status_code == 200 and _DID.fullmatch(text) else None


def _ask(handle: str, server: str, http: httpx.Client) -> str | None:
    url = f"{server}/xrpc/com.atproto.identity.resolveHandle"
    answer = answered(http, "GET", url, params={"handle": handle})
    if answer.status_code >= 500:
        raise Unavailable(f"{answer.url.host} cannot answer now (HTTP {answer.status_code}).")
    body = document(answer)
    if "did" not in body and "error" not in body:
        from decamp_bluesky.answers import no_server

        raise no_server(answer.url.host)
    did = body.get("did")
    return did if isinstance(did, str) else None


def _server(did: str, handle: str, config: Config, http: httpx.Client) -> str:
    """Read an account's server from its DID document, which has to name the handle too.

    Otherwise whoever answers for a handle could send the sign-in to a server of their own.
    """
    if did.startswith("did:plc:"):
        url = f"{safe_address(config.directory, 'directory')}/{did}"
    else:
        host = unquote(did.removeprefix("did:web:"))
        scheme = "http" if urlsplit(f"//{host}").hostname in _LOOPBACK else "https"
        url = f"{scheme}://{host}/.well-known/did.json"
    answer = answered(http, "GET", url)
    if answer.status_code >= 500:
        raise Unavailable(f"{answer.url.host} cannot answer now (HTTP {answer.status_code}).")
    found = document(answer) if answer.status_code == 200 else {}
    if handle and f"at://{handle}" not in (found.get("alsoKnownAs") or ()):
        raise DestinationRefused(
            f"The account {did} does not say that {handle} is its handle.",
            hint="Name the account by its DID, if you are sure that it is yours.",
        )
    services: Any = found.get("service")
    for service in services if isinstance(services, list) else ():
        if isinstance(service, dict) and str(service.get("id", "")).endswith("#atproto_pds"):
            endpoint = service.get("serviceEndpoint")
            if isinstance(endpoint, str):
                return safe_address(endpoint, "server", local=urlsplit(url).hostname in _LOOPBACK)
    raise DestinationRefused(
        f"{answer.url.host} does not tell on which server the account {did} is.",
        hint="Name it: -o to.server=https://...",
    )


def safe_address(text: str, what: str, *, local: bool = True) -> str:
    """Make sure that an address is encrypted, or on this machine where that is meant."""
    parts = urlsplit(text.rstrip("/"))
    loopback = local and parts.hostname in _LOOPBACK
    if not parts.hostname or parts.scheme not in ({"https", "http"} if loopback else {"https"}):
        raise ConfigError(
            f"The {what} {text!r} is no https address.", hint=f"Write: -o to.{what}=https://..."
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigError(f"The {what} must be an address alone, without a name or a question.")
    return f"{parts.scheme}://{parts.netloc}{parts.path}"
