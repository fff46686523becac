"""Apps as they are registered with TikTok: keys, approved scopes, redirect addresses.

Rules of the addresses: TikTok's pages "Login Kit for Web" and "Login Kit for Desktop".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal
from urllib.parse import urlsplit

import attrs
from attrs import field, frozen

from decamp_tiktok.sandbox.service.scopes import KNOWN

__all__ = ["App", "Kind", "redirect_fault", "webhook_fault"]

Kind = Literal["desktop", "web"]
_MOST_URIS = 10
_LONGEST_URI = 511  # "less than 512 characters"
_LOOPBACK = ("localhost", "127.0.0.1")


def redirect_fault(
    uri: str, kind: Kind, *, loopback: bool = False, registered: bool = False
) -> str:
    """Tell what is wrong with a redirect address by itself; empty if nothing.

    Args:
        kind: The rules differ between apps for desktop and web.
        loopback: Take ``http`` on loopback also for a web app, which TikTok does not.
        registered: It is one that an app registers, and may have ``*`` for its port.
    """
    if len(uri) > _LONGEST_URI:
        return "is longer than 511 characters"
    plain = uri.replace(":*/", ":1/", 1) if registered and kind == "desktop" else uri
    try:
        parts = urlsplit(plain)
        port = parts.port
    except ValueError:
        return "is no address"
    if "?" in uri or "#" in uri:
        return "has a query or a fragment"
    local = parts.hostname in _LOOPBACK
    if kind == "desktop":
        if parts.scheme not in ("http", "https"):
            return "begins neither with http:// nor with https://"
        if not local:
            return "has a host other than localhost and 127.0.0.1"
        return "" if port else "has no port"
    if parts.scheme == "https" and parts.hostname:
        return ""
    if loopback and parts.scheme == "http" and local:
        return ""
    return "does not begin with https://"


def _valid_uris(app: App, _attribute: attrs.Attribute[Any], uris: Sequence[str]) -> None:
    if len(uris) > _MOST_URIS:
        raise ValueError(f"an app has at most {_MOST_URIS} redirect addresses")
    for uri in uris:
        if fault := redirect_fault(uri, app.kind, loopback=app.loopback, registered=True):
            raise ValueError(f"the redirect address {uri} {fault}")


def _valid_scopes(_app: App, _attribute: attrs.Attribute[Any], scopes: frozenset[str]) -> None:
    if unknown := sorted(scopes.difference(KNOWN)):
        raise ValueError(f"there is no scope {unknown[0]}")


def webhook_fault(address: str) -> str:
    """Tell why nothing is sent to an address; empty if it can be used.

    TikTok wants ``https``, anywhere. The sandbox sends to this computer alone.
    """
    try:
        parts = urlsplit(address)
        local = parts.hostname in _LOOPBACK and parts.port != 0
    except ValueError:
        local = False
    if not local or parts.scheme not in ("http", "https"):
        return f"the sandbox sends events to loopback only, and {address} is elsewhere"
    return ""


def _valid_webhook(_app: App, _attribute: attrs.Attribute[Any], address: str) -> None:
    if address and (fault := webhook_fault(address)):
        raise ValueError(fault)


@frozen(kw_only=True)
class App:
    """One app of a developer."""

    key: str
    secret: str = field(repr=False)
    kind: Kind = "desktop"
    name: str = "Example app"
    loopback: bool = False
    """Let a web app redirect to ``http`` on loopback, to try a service on one's own machine.
    TikTok does not."""

    redirect_uris: tuple[str, ...] = field(
        default=("http://127.0.0.1:*/callback/", "http://localhost:*/callback/"),
        validator=_valid_uris,
    )
    scopes: frozenset[str] = field(default=frozenset(KNOWN), validator=_valid_scopes)
    """What TikTok has approved this app for."""

    webhook: str = field(default="", validator=_valid_webhook)
    """Where all events of this app are sent; empty for nowhere."""

    def takes(self, uri: str) -> bool:
        """Tell whether a redirect address is registered, the wildcard included."""
        if uri in self.redirect_uris:
            return "*" not in uri
        try:
            port = urlsplit(uri).port
        except ValueError:
            return False
        if port is None:
            return False
        return self.kind == "desktop" and uri.replace(f":{port}/", ":*/", 1) in self.redirect_uris
