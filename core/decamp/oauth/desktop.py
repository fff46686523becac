"""Sign-in on a person's own machine (RFC 8252): the browser comes back to it, or a person does."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Collection

from decamp.oauth.authorization import Attempt, authorization_url, read_callback
from decamp.oauth.endpoint import TokenEndpoint
from decamp.oauth.loopback import LoopbackListener
from decamp.oauth.tokens import Tokens

__all__ = ["PATIENCE_SECONDS", "sign_in_by_browser", "sign_in_by_pasting"]

PATIENCE_SECONDS = 900.0
"""How long a person may take to read the consent page."""


def sign_in_by_browser(
    endpoint: TokenEndpoint,
    asked: Collection[str],
    show: Callable[[str], None],
    stop: threading.Event,
) -> Tokens:
    """Sign in with a browser on this machine.

    Args:
        endpoint: The service.
        asked: Scopes.
        show: Opens an address in the person's own browser; never in a view of ours.
        stop: Ends the waiting.

    Raises:
        AuthError: The person did not agree, or the service refused.
        Unavailable: The service cannot be reached.
    """
    with LoopbackListener(endpoint.oauth.redirect_path) as listener:
        attempt = Attempt.begin(listener.redirect_uri, asked, endpoint.now())
        show(authorization_url(endpoint.oauth, endpoint.keys.key, attempt))
        address = listener.wait(stop, PATIENCE_SECONDS)
    return _finish(endpoint, attempt, address)


def sign_in_by_pasting(
    endpoint: TokenEndpoint, asked: Collection[str], show: Callable[[str], str]
) -> Tokens:
    """Sign in with a browser on another machine.

    Args:
        endpoint: The service.
        asked: Scopes.
        show: Shows an address to the person, and gives the one that the browser ended at.

    Raises:
        AuthError: The person did not agree, or the service refused.
        Unavailable: The service cannot be reached.
    """
    redirect_uri = f"http://127.0.0.1:{_free_port()}{endpoint.oauth.redirect_path}"
    attempt = Attempt.begin(redirect_uri, asked, endpoint.now())
    address = show(authorization_url(endpoint.oauth, endpoint.keys.key, attempt))
    return _finish(endpoint, attempt, address)


def _finish(endpoint: TokenEndpoint, attempt: Attempt, address: str) -> Tokens:
    consent = read_callback(endpoint.oauth, attempt, address, endpoint.title)
    return endpoint.exchange(attempt, consent)


def _free_port() -> int:
    """Find a port that nobody listens on: the address must have one, and must lead nowhere."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
