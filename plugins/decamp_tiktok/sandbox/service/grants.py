"""What people granted to apps, and the codes and tokens that stand for it."""

from __future__ import annotations

from datetime import datetime

from attrs import define, field, frozen

from decamp_tiktok.sandbox.service.apps import App
from decamp_tiktok.sandbox.service.scopes import is_single
from decamp_tiktok.sandbox.service.users import User

__all__ = ["AccessToken", "Code", "Grant", "RefreshToken"]


@define(eq=False)
class Grant:
    """One consent of one person to one app."""

    app: App
    user: User
    open_id: str
    granted: frozenset[str]
    """What the person ticked."""

    since: datetime
    ends: datetime
    """When its refresh tokens end."""

    used: set[str] = field(factory=set)
    """Single scopes that a request has used up."""

    ended: bool = False
    """Revoked, by the app or by the person."""

    ongoing_until: datetime | None = None
    """When its ongoing scopes end by themselves; None if with the refresh token."""

    def scopes(self, now: datetime) -> frozenset[str]:
        """Give what it still allows."""
        left = self.granted - self.used
        if self.ongoing_until is not None and now >= self.ongoing_until:
            left = frozenset(scope for scope in left if not scope.endswith(".ongoing"))
        return left

    def use(self, scopes: tuple[str, ...]) -> tuple[str, ...]:
        """Use up those that are single, and give them."""
        single = tuple(scope for scope in scopes if is_single(scope))
        self.used.update(single)
        return single


@frozen(eq=False)
class Code:
    """An authorization code, for one exchange."""

    grant: Grant
    redirect_uri: str
    challenge: str
    """Empty if the sign-in goes without PKCE."""

    until: datetime


@define(eq=False)
class AccessToken:
    """What calls of the API carry."""

    grant: Grant
    until: datetime


@define(eq=False)
class RefreshToken:
    """What brings the next pair."""

    grant: Grant
    dead: bool = False
    """Used, and every use brings a new one."""
