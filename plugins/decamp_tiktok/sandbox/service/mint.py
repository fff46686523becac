"""Codes, tokens and ids in TikTok's shapes, the same ones for the same seed."""

from __future__ import annotations

import string
from random import Random

__all__ = ["Mint"]

_LETTERS = string.ascii_letters + string.digits
_FIRST_REQUEST = 7_576_000_000_000_000_000  # 19 digits, and beyond 2^53


class Mint:
    """Makes them. Not one of them is worth anything outside of the sandbox."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._secret = Random(f"{seed}/secrets")
        self._log = Random(f"{seed}/log ids")
        self._request = _FIRST_REQUEST + Random(f"{seed}/requests").randrange(10**12)

    def code(self) -> str:
        """Make an authorization code; it has to be quoted in an address, as TikTok's do."""
        return f"{self._word(64)}*{self._secret.randrange(10)}!{self._end()}"

    def access_token(self) -> str:
        """Make an access token."""
        return f"act.{self._word(64)}!{self._end()}"

    def client_token(self) -> str:
        """Make a token for an app alone, without a person."""
        return f"clt.{self._word(48)}!{self._end()}"

    def refresh_token(self) -> str:
        """Make a refresh token."""
        return f"rft.{self._word(64)}!{self._end()}"

    def ticket(self) -> str:
        """Make the name of a consent page that is shown once."""
        return self._word(32)

    def log_id(self) -> str:
        """Make a log id, which every answer has."""
        return f"2026{self._log.getrandbits(100):030X}"

    def request_id(self) -> int:
        """Make the next id of a request."""
        self._request += self._log.randrange(1, 10**9)
        return self._request

    def open_id(self, app: str, user: str) -> str:
        """Give the id by which an app knows a person: another one for every app."""
        source = Random(f"{self._seed}/open id/{app}/{user}")
        return f"-000{''.join(source.choices(_LETTERS + '-_', k=32))}"

    def _word(self, length: int) -> str:
        return "".join(self._secret.choices(_LETTERS, k=length))

    def _end(self) -> str:
        return f"{self._secret.randrange(1_000, 10_000)}.e1"
