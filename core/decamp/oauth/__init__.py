"""Sign-in by OAuth 2 (RFC 6749), as a plugin declares it in `decamp.auth.OAuth2`.

The way there: `authorization` makes the address of the consent page and reads the redirect,
`loopback` waits for it on this machine, `endpoint` turns a code into tokens. From then on a
`Session` gives valid tokens out of a `TokenStore`, and `bearer` brings them with each request.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from decamp.oauth.keys import ClientKeys
from decamp.oauth.store import TokenStore
from decamp.oauth.tokens import Tokens

if TYPE_CHECKING:
    import httpx

    from decamp.auth import OAuth2
    from decamp.oauth.endpoint import TokenEndpoint
    from decamp.oauth.session import Session
    from decamp.stops import Stop

__all__ = [
    "ClientKeys",
    "TokenStore",
    "Tokens",
    "open_endpoint",
    "require_safe_addresses",
    "signed_client",
]


def open_endpoint(
    oauth: OAuth2,
    keys: ClientKeys,
    *,
    title: str,
    now: Callable[[], datetime],
    stop: Stop | None = None,
    wrong_keys: str = "",
) -> TokenEndpoint:
    """Make the endpoint of an app at a service. Close its client when it is not needed any more.

    Args:
        wrong_keys: What a person does if the service does not accept the keys.

    Raises:
        ConfigError: Secrets may not be sent to one of its addresses.
    """
    from decamp.http import service_client
    from decamp.oauth.endpoint import TokenEndpoint

    require_safe_addresses(oauth)
    return TokenEndpoint(oauth, keys, title, service_client(stop=stop), now, wrong_keys)


def require_safe_addresses(oauth: OAuth2) -> None:
    """Make sure that secrets may be sent where a sign-in is declared to go.

    Raises:
        ConfigError: One of the addresses is neither https nor http on loopback.
    """
    from decamp.http import require_safe

    for url in (oauth.authorize_url, oauth.token_url, oauth.revoke_url):
        if url:
            require_safe(url)


def signed_client(session: Session, oauth: OAuth2, stop: Stop | None = None) -> httpx.Client:
    """Make the client that is signed in, for the service's own origin: that of its tokens."""
    from decamp.http import service_client
    from decamp.oauth.bearer import BearerAuth, origin_of

    return service_client(auth=BearerAuth(session, origin_of(oauth.token_url)), stop=stop)
