"""What a server's refusal means, in words for a person, and what the engine is to do."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Mapping
from datetime import datetime
from math import ceil

import httpx
from attrs import frozen

from decamp import (
    AccessDenied,
    AuthError,
    DestinationFull,
    DestinationRefused,
    ItemRejected,
    RateLimited,
    TransferError,
    Unavailable,
)
from decamp.http_times import retry_after

__all__ = [
    "Access",
    "BrokenOff",
    "TooLarge",
    "gone",
    "not_moved",
    "not_webdav",
    "refusal",
    "still_there",
    "unauthorised",
    "unreachable",
]

_AGAIN = "then run the same command again; it continues where it stopped."
_LATER = f"Wait a little, {_AGAIN}"
_PATIENCE = 60.0
"""Seconds that decamp waits by itself."""
_BETWEEN = (
    "It did before, so the address is right. Look at it in a browser on this computer: the network, or "
    f"a page in front of the server, may want you to sign in anew; {_AGAIN}"
)
_PAGE = f"Look at that address in a browser, whether a page wants you to sign in; {_AGAIN}"
_CLOUDS = "Clouds often want an app password, which you make on their page about security."
_OTHER_NAME = "is for another name", "Use the address that stands in it as the server's name."
_CERTIFICATES = {
    9: ("is not valid yet", "Check the clock of this computer, and that of the server."),
    10: ("has run out", "Renew it on the server; check the clock of this computer too."),
    62: _OTHER_NAME,
    64: _OTHER_NAME,
}


@frozen
class Access:
    """How this person is let in, for the words of refusals."""

    connect: str = ""
    """See `decamp.Context.connect`."""
    signed_in: bool = False
    """By a connection."""
    ca_file: str = ""
    """The certificate of an authority that is trusted besides the public ones."""


class TooLarge(ItemRejected):
    """The server takes no file so large."""


class BrokenOff(Unavailable):
    """An answer began, or might have, and did not come to its end."""


def refusal(
    status: int,
    headers: Mapping[str, str],
    where: str,
    now: datetime,
    target: str = "",
    *,
    worked: bool = False,
) -> TransferError:
    """Say what a status means that the caller has no use for.

    Args:
        status: Of the answer.
        headers: Of the answer.
        where: The address, for people.
        now: The time.
        target: Where a redirect leads.
        worked: The server has done the same before.
    """
    code, pause = f"HTTP {status}", _pause(headers, now)
    if status == 401:
        return unauthorised(where, Access())
    if status == 403:
        return AccessDenied(
            f"{where}: the server does not allow this to this user ({code}).",
            hint="Choose a folder in which you may write and delete, and look whether it is shared "
            "with you for reading only.",
        )
    if 300 <= status < 400:
        return _redirected(where, target, code, worked=worked)
    if status in (404, 409, 410) and not worked:
        return DestinationRefused(
            f"{where}: there is no such folder on this server, and none can be made there ({code}).",
            hint="Check the address for typing mistakes. That of a cloud often has your user name "
            "in it; look it up in the settings or the help of your server.",
        )
    if status in (404, 409, 410):
        return Unavailable(
            f"{where}: the folder is not there, or not any more ({code}).",
            hint=f"See whether something else moved or removed it, {_AGAIN}",
        )
    if status in (405, 501) and worked:
        return DestinationRefused(  # so rclone says that its disk is full
            f"{where}: the server now refuses what it did before ({code}).",
            hint="Its disk or your quota may be full, or it may be busy with what was cut off. "
            f"Look there, {_AGAIN}",
        )
    if status in (405, 501):
        return DestinationRefused(
            f"{where}: the server does not do this there ({code}). Its address may be that of a "
            "web page, not of a WebDAV folder.",
            hint="Look up the WebDAV address in the settings or the help of your server.",
        )
    if status == 413:
        return TooLarge(
            f"{where}: the file is larger than the server takes ({code}).",
            hint="Raise the limit for uploads in the settings of the server, or of the proxy before it.",
        )
    if status in (400, 414, 422):
        return ItemRejected(
            f"{where}: the server does not take this name or this file ({code}).",
            hint="Choose an address with shorter and plainer names.",
        )
    if status == 423:
        return Unavailable(
            f"{where}: another program holds a lock on it ({code}).",
            hint=f"Close what has it open, for example a synchronisation, {_AGAIN}",
            retry_after=pause,
        )
    if status == 507:
        return DestinationFull(
            f"No room left to write {where}: the server's disk or your quota is full ({code}).",
            hint=f"Make room there, {_AGAIN}",
        )
    if status == 429:
        return RateLimited(
            f"{where}: the server asks to slow down ({code}).",
            hint=_later(pause),
            retry_after=pause,
        )
    if status >= 500 or status in (408, 425):
        return Unavailable(
            f"{where}: the server cannot answer now ({code}).",
            hint=_later(pause),
            retry_after=pause,
        )
    return DestinationRefused(
        f"{where}: the server answered in a way that decamp does not know ({code}).",
        hint=f"Check the address, {_AGAIN}",
    )


def unauthorised(where: str, access: Access) -> AuthError:
    """Say that nobody is signed in, or that the server does not accept who is (401)."""
    if access.connect and not access.signed_in:
        url = httpx.URL(where)
        return AuthError(
            f"You are not signed in at {url.scheme}://{url.netloc.decode()}, which wants that for "
            f"{where} (HTTP 401).",
            hint=f"Sign in: {access.connect}. {_CLOUDS}",
        )
    again = f"Sign in again: {access.connect}." if access.connect else "Check both."
    return AuthError(
        f"{where}: the server does not accept the user name and password, or the token (HTTP 401).",
        hint=f"{again} {_CLOUDS}",
    )


def gone(where: str) -> Unavailable:
    """Say that something was removed under our hands; it may be made again."""
    return Unavailable(
        f"{where} is gone: something removed it while decamp was using it.",
        hint="Run the same command again; it continues where it stopped.",
    )


def still_there(where: str) -> Unavailable:
    """Say that a success code was none: a page in front of a server answers so, too."""
    return Unavailable(
        f"{where}: the server said that it removed this file, but it is still there.",
        hint=_PAGE,
    )


def not_moved(to: str) -> Unavailable:
    """Say the same of a MOVE."""
    return Unavailable(
        f"{to}: the server said that it moved something there, but it is not there.", hint=_PAGE
    )


def not_webdav(where: str, why: str, *, worked: bool = False) -> DestinationRefused:
    """Say that an answer is none of a WebDAV server: a sign-in page, for example.

    Args:
        where: The address, for people.
        why: The end of a sentence.
        worked: The server has answered as one before.
    """
    look = (
        "Look up the WebDAV address in the settings or the help of your server; the address "
        "of its web page is another one."
    )
    if where.startswith("http:"):
        look += " It may have to begin with https://."
    if "%" in where:
        look += (
            " Some servers cannot tell an address with signs such as & or %: then choose another."
        )
    return DestinationRefused(
        f"{where} does not answer as a WebDAV folder{' any more' if worked else ''}: {why}.",
        hint=_BETWEEN if worked else look,
    )


def unreachable(error: httpx.TransportError, where: str, ca_file: str = "") -> TransferError:
    """Say why there was no answer.

    Args:
        error: What was raised.
        where: The address, for people.
        ca_file: See `Access.ca_file`.
    """
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _untrusted(cause, where, ca_file)
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return DestinationRefused(
            f"{where}: no secure connection could be made, so nothing was sent.",
            hint="Check the address and the port: it may be one of plain http. For a server in your "
            "own network that has no TLS, write http:// and add -o to.plain_http=yes.",
        )
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return Unavailable(
            f"{where} cannot be found: there is no such host, or no network.",
            hint=f"Check the address for typing mistakes and the network, {_AGAIN}",
        )
    if isinstance(error, httpx.TimeoutException):
        return Unavailable(f"{where} does not answer.", hint=_LATER)
    if isinstance(error, httpx.ConnectError):
        return Unavailable(
            f"{where} cannot be reached.", hint=f"See whether the server is running, {_AGAIN}"
        )
    plain = where.startswith("http:")
    look = (
        "See whether the address has to begin with https://"
        if plain
        else "Check the network and the room on the server"
    )
    return BrokenOff(f"{where}: the connection broke off.", hint=f"{look}, {_AGAIN}")


def _untrusted(error: ssl.SSLCertVerificationError, where: str, ca_file: str) -> DestinationRefused:
    """Say why a certificate is not to be trusted (X509_V_ERR_* of OpenSSL's x509_vfy.h)."""
    why, hint = _CERTIFICATES.get(error.verify_code, ("", ""))
    if not why and ca_file:
        why = f"is not of the authority in {ca_file}"
        hint = (
            "Check the address, and ask who runs the server which certificate is the authority's."
        )
    if not why:
        why = "cannot be trusted"
        hint = (
            "Check the address. For a server of your own with a certificate of your own "
            "authority, add -o to.ca_file=FILE.pem."
        )
    return DestinationRefused(
        f"{where}: the certificate of the server {why}, so nothing was sent.", hint=hint
    )


def _redirected(where: str, target: str, code: str, *, worked: bool) -> DestinationRefused:
    hint = "If that is your server, give its final address, with https:// and the right folder."
    try:
        here = httpx.URL(where)
        there = here.join(target)
    except (httpx.InvalidURL, ValueError):
        there = None
    if target and there is not None and _origin(there) == _origin(here):
        return DestinationRefused(
            f"{where}: the server sends us from one of its addresses to another and answers at none "
            f"({code}): in a circle, or to a sign-in page.",
            hint=_BETWEEN if worked else hint,
        )
    host = there.host if target and there is not None else ""
    return DestinationRefused(
        f"{where}: the server sends us to another address{f', at {host}' if host else ''} ({code}), "
        "which decamp does not follow: your password is for this one alone.",
        hint=_BETWEEN if worked else hint,
    )


def _origin(url: httpx.URL) -> tuple[str, bytes]:
    return url.scheme, url.netloc


def _later(pause: float | None) -> str:
    """Say when to come back, if that is later than decamp would wait by itself."""
    if pause is None or pause <= _PATIENCE:
        return _LATER
    minutes = ceil(pause / 60)
    long = f"{minutes} minutes" if minutes < 120 else f"{ceil(pause / 3600)} hours"
    return f"It asks to wait for {long}; {_AGAIN}"


def _pause(headers: Mapping[str, str], now: datetime) -> float | None:
    pause = retry_after(headers, now)
    return None if pause is None else pause.total_seconds()


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__
