"""A sign-in that is in use: gives a token that is valid now, renewed by one at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from decamp.auth import Grant
from decamp.errors import AuthError
from decamp.oauth.endpoint import AnswerLost, TokenEndpoint, TokenRefused
from decamp.oauth.store import TokenStore
from decamp.oauth.tokens import Tokens

__all__ = ["Session"]


class Session:
    """Tokens of one sign-in, for any number of threads.

    Args:
        endpoint: Where tokens are renewed.
        store: Where they are kept. Another process may renew them there at any time.
        key: Under which key.
        again: How a person signs in anew: the end of a sentence, or a command.

    Raises:
        AuthError: Nothing is kept under this key.
    """

    def __init__(self, endpoint: TokenEndpoint, store: TokenStore, key: str, again: str) -> None:
        self._endpoint = endpoint
        self._store = store
        self._key = key
        self._again = again
        self._mutex = threading.Lock()
        self._tokens = self._kept()

    @property
    def title(self) -> str:
        """The service, for people."""
        return self._endpoint.title

    @property
    def grant(self) -> Grant:
        """What is granted, as far as is known by now."""
        return self._tokens.grant

    def current(self) -> Tokens:
        """Give tokens that have not expired.

        Raises:
            AuthError: The service does not renew them.
            Unavailable: It cannot be asked now.
        """
        tokens = self._tokens
        return self.renewed(tokens) if _expired(tokens, self._endpoint.now) else tokens

    def renewed(self, stale: Tokens) -> Tokens:
        """Give other tokens than these, which have expired or were refused.

        Whoever comes first renews them; all others, in this process and in others, wait and
        take what came. The new pair is durable before anyone uses it.

        Raises:
            AuthError: The service does not renew them.
            Unavailable: It cannot be asked now; nothing has changed.
            Locked: Another process has been renewing them for too long.
        """
        with self._mutex:
            if not self._tokens.same_pair(stale) and not _expired(self._tokens, self._endpoint.now):
                return self._tokens
            with self._store.lock(self._key):
                kept = self._kept()
                if kept.same_pair(stale) or _expired(kept, self._endpoint.now):
                    # The old pair may die now: first see that the new one could be kept.
                    self._store.save(self._key, kept)
                    kept = self._refreshed(kept)
                    self._store.save(self._key, kept)
            self._tokens = kept
            return kept

    def revoke(self) -> bool:
        """Take back what was granted, at the service. What is kept here stays.

        Returns:
            The service took it back just now; False if it was not valid any more.

        Raises:
            AuthError: The app's keys are not accepted.
            Unavailable: The service cannot be asked now.
            AnswerLost: It may have been taken back.
        """
        try:
            tokens = self.current()
            try:
                self._endpoint.revoke(tokens)
            except TokenRefused:
                self._endpoint.revoke(self.renewed(tokens))
        except TokenRefused:
            return False
        return True

    def _kept(self) -> Tokens:
        tokens = self._store.load(self._key)
        if tokens is None:
            raise AuthError(
                f"There is no sign-in at {self._endpoint.title} any more.", hint=self._again
            )
        return tokens

    def _refreshed(self, tokens: Tokens) -> Tokens:
        """Renew, and ask a second time if the first answer was lost."""
        if not tokens.refresh:
            raise TokenRefused(
                f"The sign-in at {self.title} has ended, and cannot be renewed.", hint=self._again
            )
        try:
            return self._endpoint.refresh(tokens)
        except AnswerLost as lost:
            first = lost
        except TokenRefused as error:
            raise TokenRefused(
                f"{self.title} does not accept the sign-in any more: it was taken back, it has "
                "ended, or it was renewed elsewhere.",
                hint=self._again,
            ) from error
        try:
            return self._endpoint.refresh(tokens)
        except (AnswerLost, TokenRefused) as error:
            second = (
                "and so was that of a second attempt"
                if isinstance(error, AnswerLost)
                else "and it does not accept the former sign-in any more"
            )
            raise AuthError(  # no TokenRefused: what was granted may well be in force
                f"{self.title} was asked to renew the sign-in. Its answer was lost on the way, "
                f"{second}. Nothing of your data is lost.",
                hint=self._again,
            ) from first


def _expired(tokens: Tokens, now: Callable[[], datetime]) -> bool:
    return tokens.expires_at is not None and now() >= tokens.expires_at
