"""How a service signs people in: declared by its plugin, carried out by the host.

A plugin never sees a refresh token or the secret of an app; it gets a client that is
signed in (`Context.http`), and what was granted (`Context.grant`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from attrs import frozen

__all__ = ["AppPassword", "Grant", "Login", "OAuth2", "Permission", "Term"]

Term = Literal["once", "ongoing"]
"""May what is granted be used a single time, or again and again?"""


@frozen(kw_only=True)
class Permission:
    """Something that a person can grant, in the service's own terms."""

    name: str
    """As it is typed: ``posts``."""

    title: str
    """As the service calls it: ``Posts and profile``."""

    brings: str
    """What comes with it, and what does not; one sentence."""

    scopes: Mapping[Term, str]
    """The scope (RFC 6749 section 3.3) for each term in which it can be had."""


@frozen(kw_only=True)
class OAuth2:
    """Sign-in by authorization code (RFC 6749 section 4.1), with a service's own quirks.

    An app's key and secret belong to the person or service that runs decamp, not to the
    plugin: the host asks for them.
    """

    authorize_url: str
    token_url: str
    revoke_url: str = ""
    permissions: tuple[Permission, ...] = ()

    client_parameter: str = "client_id"
    """How the service calls the parameter of RFC 6749 section 2.3.1."""

    scope_separator: str = " "
    granted_parameter: str = "scope"
    """The parameter of the redirect that names what was granted."""

    challenge: Literal["base64url", "hex"] = "base64url"
    """How the SHA-256 of the PKCE verifier is written; RFC 7636 section 4.2 says base64url."""

    challenge_on_the_web: bool = True
    """Does it take PKCE with an https redirect address too? If not, state and secret bind."""

    redirect_path: str = "/callback/"
    """Path of the redirect address on this machine, as it is registered with the app."""

    account_field: str = ""
    """The field of the token answer that names the account; empty if there is none."""

    refresh_expires_field: str = ""
    """The field of the token answer with the refresh token's lifetime in seconds."""

    keys: str = ""
    """Where a person gets an app's key and secret; one sentence."""


@frozen(kw_only=True)
class Login:
    """Sign-in at one server, by a user name and password or by a token, with each request.

    Whether a password goes by Basic (RFC 7617) or Digest (RFC 7616) the server decides; a token
    goes as Bearer (RFC 6750). A server may also let everybody in: then nobody signs in, and
    what it refuses is for the plugin to say.
    """

    origin: str
    """Scheme, host and port of the only server that is told: ``https://cloud.example.org``."""

    url: str
    """An address there that is open to whoever is signed in, to try the sign-in at."""

    ca_file: str = ""
    """PEM file of an authority that is trusted besides the public ones."""

    plain_http: bool = False
    """The person allows http to a server in a private network, which then is told unencrypted.
    A plugin that lets a person say so has a setting of this name; public servers stay refused."""

    keys: str = ""
    """Where a person gets a password for an app; one sentence."""


@frozen(kw_only=True)
class AppPassword:
    """Sign-in by a password that a person has made for decamp, in exchange for a session.

    The host asks for it, unseen, hands it to `decamp.SignsIn.sign_in`, and keeps nothing of it.
    """

    account: str
    """Who signs in, as people know the account."""

    keys: str = ""
    """Where a person makes such a password; one sentence."""


@frozen(kw_only=True)
class Grant:
    """What a person has granted, as far as the service told."""

    account: str
    """The account's id at the service; empty if it did not tell."""

    asked: frozenset[str]
    scopes: frozenset[str]
    """Granted: may be less than was asked for."""

    since: datetime
    """When the person agreed; aware, UTC. Another consent has another time."""

    until: datetime | None = None
    """When it ends unless renewed by a new sign-in; None if unknown."""
