"""The session: signed in once with an app password, then renewed, never signed in again.

An app password is made in Bluesky's settings and can be revoked there. It is typed once, for
``decamp connect``, or read from the environment, and not kept; what is kept, as a secret, is the
session. A refresh token is good for one use, so its successor is durable before it is used.
"""

from __future__ import annotations

import os
import threading
from datetime import datetime
from typing import TYPE_CHECKING, Any

import httpx
import msgspec
from attrs import define, field, frozen

from decamp import AuthError, Secrets, TransferError
from decamp_bluesky.answers import document, error_of
from decamp_bluesky.asking import answered
from decamp_bluesky.config import APP_PASSWORDS

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["VARIABLE", "Session", "session_name"]

VARIABLE = "DECAMP_BLUESKY_PASSWORD"
_METHODS = "com.atproto.server."


def session_name(did: str) -> str:
    """Name the secret that is an account's session."""
    return f"session:{did}"


@frozen
class _Tokens:
    access: str = field(repr=False)
    refresh: str = field(repr=False)


@define
class Session:
    """The sign-in of one account at its server. Safe for several threads."""

    _http: httpx.Client
    _server: str
    _did: str
    _secrets: Secrets
    _now: Callable[[], datetime]
    _connect: str
    """The command that signs in again, for hints."""

    _tokens: _Tokens | None = field(default=None, init=False)
    _lock: threading.Lock = field(factory=threading.Lock, init=False)

    def headers(self) -> dict[str, str]:
        """Give the header that signs a request; signs in first if need be.

        Raises:
            AuthError: There is no session, and no password to begin one with.
        """
        with self._lock:
            if self._tokens is None:
                self._tokens = self._kept() or self._begin()
            return {"Authorization": f"Bearer {self._tokens.access}"}

    def renew(self, used: dict[str, str]) -> None:
        """Renew the session, unless another thread has done so since these headers were made.

        Raises:
            AuthError: It cannot be renewed; the person has to sign in.
        """
        with self._lock:
            if self._tokens is None or used["Authorization"] != f"Bearer {self._tokens.access}":
                return
            headers = {"Authorization": f"Bearer {self._tokens.refresh}"}
            try:
                answer = self._call("refreshSession", None, headers)
            except AuthError as error:
                if error.code == "access-denied":
                    raise
                self._secrets.delete(self._name)
                self._tokens = None
                self._tokens = self._begin()
                return
            self._tokens = self._keep(answer)

    def begin(self, password: str) -> None:
        """Begin a session in the place of a former one.

        Raises:
            AuthError: The password is not accepted; a former session stays.
        """
        with self._lock:
            self._tokens = self._exchanged(password)

    def end(self) -> bool:
        """End the session at the server, and tell whether it was still valid.

        Raises:
            Unavailable: The server cannot be reached.
        """
        with self._lock:
            kept = self._tokens or self._kept()
            valid = kept is not None
            if kept is not None:
                try:
                    headers = {"Authorization": f"Bearer {kept.refresh}"}
                    self._call("deleteSession", None, headers)
                except AuthError:
                    valid = False
            self._tokens = None
            return valid

    @property
    def _hint(self) -> str:
        return f"{APP_PASSWORDS} Then sign in: {self._connect}"

    @property
    def _name(self) -> str:
        return session_name(self._did)

    def _kept(self) -> _Tokens | None:
        """Give the session of this very server; one of another is not for its eyes."""
        kept = self._secrets.get(self._name)
        if kept is None:
            return None
        try:
            server, *tokens = msgspec.json.decode(kept, type=tuple[str, str, str])
        except (msgspec.DecodeError, msgspec.ValidationError):
            return None
        return _Tokens(*tokens) if server == self._server else None

    def _begin(self) -> _Tokens:
        password = os.environ.get(VARIABLE, "").strip()
        if not password:
            raise AuthError(
                f"decamp is not signed in to this Bluesky account at {self._server}.",
                hint=self._hint,
            )
        return self._exchanged(password)

    def _exchanged(self, password: str) -> _Tokens:
        try:
            answer = self._call(
                "createSession", {"identifier": self._did, "password": password}, {}
            )
        except AuthError as error:
            if error.code == "access-denied":
                raise
            raise AuthError(
                "Bluesky does not accept the app password for this account.",
                hint=f"Check the account and the password. {self._hint}",
            ) from error
        return self._keep(answer)

    def _keep(self, answer: dict[str, Any]) -> _Tokens:
        access, refresh = answer.get("accessJwt"), answer.get("refreshJwt")
        if not (isinstance(access, str) and isinstance(refresh, str)):
            raise AuthError("The server's answer to the sign-in holds no session.")
        kept = (self._server, access, refresh)
        self._secrets.set(self._name, msgspec.json.encode(kept).decode())
        return _Tokens(access, refresh)

    def _call(self, method: str, body: Any, headers: dict[str, str]) -> dict[str, Any]:
        url = f"{self._server}/xrpc/{_METHODS}{method}"
        answer = answered(self._http, "POST", url, json=body, headers=headers)
        if answer.is_success:
            return document(answer)
        error: TransferError = error_of(answer, "the sign-in", self._now())
        if answer.status_code == 400 and not isinstance(
            error, AuthError
        ):  # a refresh token that is used up, revoked or too old
            error = AuthError(error.message)
        raise error
