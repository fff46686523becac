"""The client for one server that is asked for very much that is small; see `decamp.Asks`."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterable, Mapping
from functools import lru_cache
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpcore
import httpx

from decamp.http.client import HEADERS, TIMEOUT, redact_libraries
from decamp.http.kept import Exchange, KeptOpen, Origin, origin_of
from decamp.http.login import LoginAuth
from decamp.http.stoppable import Stoppable
from decamp.stops import Stop

__all__ = ["DirectClient"]

_MOST_REFUSAL = 64 << 10
_TIMEOUTS = TIMEOUT.as_dict()


class DirectClient(httpx.Client):
    """A client like that of `service_client`, whose connections are kept open.

    So it is only for whoever may repeat every request; see `KeptOpen`.

    Args:
        login: Signs the requests.
        tls: Whose certificates to trust; the public authorities if None.
        stop: Set when the run is to end; within a second of it all requests end.
        network: Makes the connections.
    """

    def __init__(
        self,
        login: LoginAuth | None = None,
        tls: ssl.SSLContext | None = None,
        stop: Stop | None = None,
        network: httpcore.NetworkBackend | None = None,
    ) -> None:
        redact_libraries()
        context = tls or httpx.create_ssl_context(trust_env=False)
        stoppable = Stoppable(network or httpcore.SyncBackend(), stop or threading.Event())
        self._kept = KeptOpen(context, stoppable)
        self._login = login
        super().__init__(
            transport=self._kept,
            auth=login,
            headers=HEADERS,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            timeout=TIMEOUT,
            follow_redirects=False,
            trust_env=False,
        )

    def ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | Iterable[bytes] = b"",
    ) -> Exchange:
        """Send one request; see `decamp.Asks`."""
        scheme, _, rest = url.partition("://")
        netloc, _, path = rest.partition("/")
        origin, target = _origin(f"{scheme}://{netloc}"), f"/{path}"
        login = self._login
        if login is None:
            return self._exchange(origin, method, target, headers, body, "")
        login.require(*origin[:3])
        signed = login.sign(method, target)
        answer = self._exchange(origin, method, target, headers, body, signed)
        if answer.status == 401 and login.learn(answer.all_of("www-authenticate"), signed=signed):
            answer.drain(_MOST_REFUSAL)
            signed = login.sign(method, target)
            answer = self._exchange(origin, method, target, headers, body, signed)
        return answer

    def insist(self) -> bool:
        """Bring the password although nobody asks; see `LoginAuth.insist`."""
        return self._login is not None and self._login.insist()

    def _exchange(
        self,
        origin: Origin,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | Iterable[bytes],
        signed: str,
    ) -> Exchange:
        sent = [("Host", origin[3]), *HEADERS.items(), *headers.items()]
        if signed:
            sent.append(("Authorization", signed))
        if isinstance(body, bytes) and body:
            sent.append(("Content-Length", str(len(body))))
        return self._kept.exchange(origin, method, target, sent, body, _TIMEOUTS)


@lru_cache(16)
def _origin(text: str) -> Origin:
    return origin_of(httpx.URL(text))
