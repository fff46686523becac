"""Where tokens are kept between two uses: a public protocol, so that services bring their own."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from decamp.oauth.tokens import Tokens

__all__ = ["TokenStore"]


class TokenStore(Protocol):
    """Keeps the tokens of several sign-ins, each under a key.

    All methods may be called by several threads and processes at a time.
    """

    def load(self, key: str) -> Tokens | None:
        """Give what was saved last; None if there is nothing."""
        ...

    def save(self, key: str, tokens: Tokens) -> None:
        """Replace what is kept, all or nothing, and durably on return.

        A service may let the former refresh token die as soon as it has answered. So a pair
        that is lost here is a sign-in that is lost.
        """
        ...

    def delete(self, key: str) -> None:
        """Forget what is kept; nothing there is fine."""
        ...

    def lock(self, key: str) -> AbstractContextManager[None]:
        """Wait for, and hold, the sole right to renew this key, over all processes.

        `load` and `save` are called while it is held; they must not wait for it themselves.

        Raises:
            Locked: Somebody else held it for too long.
        """
        ...
