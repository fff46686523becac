"""Login Kit, TikTok's sign-in, as a declaration: the host carries it out.

Sources: developers.tiktok.com/doc/login-kit-desktop, /doc/login-kit-web,
/doc/oauth-user-access-token-management, /doc/data-portability-api-get-started and
/doc/data-portability-data-types (August 2026).
"""

from __future__ import annotations

from decamp import OAuth2, Permission, Term
from decamp_tiktok.api.client import API
from decamp_tiktok.config import Config

__all__ = ["PERMISSIONS", "login_kit"]

_AUTHORIZE = "https://www.tiktok.com"
_FULL_ALONE = "Likes, favourites and comments come with the full archive alone."


def _scopes(kind: str) -> dict[Term, str]:
    return {"once": f"portability.{kind}.single", "ongoing": f"portability.{kind}.ongoing"}


PERMISSIONS = (
    Permission(
        name="all",
        title="Full archive",
        brings="Everything that TikTok gives: what the others bring, and also likes, favourites, "
        "comments, purchases, LIVE and what else TikTok keeps.",
        scopes=_scopes("all"),
    ),
    Permission(
        name="posts",
        title="Posts and profile",
        brings="Posts with links to their videos and photos, the profile, settings, followers and "
        f"whom you follow. {_FULL_ALONE}",
        scopes=_scopes("postsandprofile"),
    ),
    Permission(
        name="activity",
        title="Activity",
        brings="What you watched, searched, shared and bought, and logins. No likes, no favourites "
        "and no comments: they come with the full archive alone.",
        scopes=_scopes("activity"),
    ),
    Permission(
        name="messages",
        title="Direct messages",
        brings="Chats with their texts: who wrote what and when; no photos and no voice.",
        scopes=_scopes("directmessages"),
    ),
)


def login_kit(config: Config) -> OAuth2:
    """Declare the sign-in for these settings."""
    api = config.api
    return OAuth2(
        authorize_url=f"{api or _AUTHORIZE}/v2/auth/authorize/",
        token_url=f"{api or API}/v2/oauth/token/",
        revoke_url=f"{api or API}/v2/oauth/revoke/",
        permissions=PERMISSIONS,
        client_parameter="client_key",
        scope_separator=",",
        granted_parameter="scopes",
        challenge="hex",
        challenge_on_the_web=False,
        account_field="open_id",
        refresh_expires_field="refresh_expires_in",
        keys="They stand on the page of your app at developers.tiktok.com, under Credentials. The "
        "app needs Login Kit, the Data Portability API and the redirect address "
        "http://127.0.0.1:*/callback/",
    )
