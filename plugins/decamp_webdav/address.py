"""Addresses: checked once, and percent-encoded in one way (RFC 3986 section 2)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import quote, unquote, urlsplit

from attrs import frozen

from decamp import ConfigError

__all__ = ["Address", "name_key"]

_PORTS = {"https": 443, "http": 80}
_SCHEMES = {"davs": "https", "dav": "http", "webdavs": "https", "webdav": "http"}
_QUERY = re.compile("[?#]")
_HINT = "Write https://HOST/PATH/FOLDER, as your server's help tells it for WebDAV."


@frozen
class Address:
    """The address of a folder on a server."""

    origin: str
    """Scheme, host and port: ``https://cloud.example``; no slash at its end."""
    path: str
    """Percent-encoded, with a slash at the beginning and none at the end."""

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read what was typed.

        Raises:
            ConfigError: It is no address of a folder, or has a user or password in it.
        """
        try:
            parts = urlsplit(text)
            scheme, host, port = parts.scheme, parts.hostname or "", parts.port
            names = [unquote(part, errors="strict") for part in parts.path.strip("/").split("/")]
        except ValueError as error:
            raise _refused(text, "it cannot be read") from error
        scheme = _SCHEMES.get(scheme, scheme)
        if parts.username is not None or parts.password is not None:
            raise ConfigError(
                "A password or user name inside an address is refused.",
                hint="Leave it out; decamp asks for it when it signs in: decamp connect webdav",
            )
        if scheme not in _PORTS or not host:
            raise _refused(text, "it does not begin with https:// and a host")
        if parts.query or parts.fragment:
            raise _refused(text, "it has a ? or #, as pages have")
        if not names[0] and len(names) == 1:
            names = []
        if any(name in ("", ".", "..") or "/" in name or _control(name) for name in names):
            raise _refused(text, "a name in its path is empty, . or .., or has a / in it")
        try:
            shown = host if ":" in host else host.encode("idna").decode()
        except UnicodeError as error:
            raise _refused(text, "its host is no name") from error
        shown = f"[{shown}]" if ":" in shown else shown
        suffix = "" if port in (None, _PORTS[scheme]) else f":{port}"
        return cls(f"{scheme}://{shown}{suffix}", "".join(f"/{_quoted(name)}" for name in names))

    @property
    def url(self) -> str:
        """The whole of it, without a slash at the end. One folder has one."""
        return self.origin + self.path

    def at(self, relative: str) -> str:
        """Give the address of a file below the folder."""
        return self.url + "".join(f"/{_quoted(name)}" for name in relative.split("/") if name)

    def folder(self, relative: str = "") -> str:
        """Give the address of a folder below it, with the slash that servers ask for."""
        return self.at(relative) + "/"

    def parents(self) -> Iterator[str]:
        """Go through the folder and those above it, the outermost first, with slashes."""
        names = self.path.split("/")[1:]
        for count in range(1, len(names) + 1):
            yield f"{self.origin}/{'/'.join(names[:count])}/"


def name_key(path: str) -> str:
    """Give a path in normal form C: some servers give names back in another (UAX #15)."""
    return unicodedata.normalize("NFC", path)


@lru_cache(1024)  # nearly all names of a path are met again and again
def _quoted(name: str) -> str:
    return quote(name, safe="", errors="surrogateescape")


def _control(name: str) -> bool:
    return any(ord(character) < 32 or ord(character) == 127 for character in name)


def _refused(text: str, why: str) -> ConfigError:
    return ConfigError(
        f"{_shown(text)!r} is not the address of a folder on a server: {why}.", hint=_HINT
    )


def _shown(text: str) -> str:
    """Leave out what may be secret: all before an @, however a password tears it, and a query."""
    _, at, rest = text.rpartition("@")
    plain = _QUERY.split(rest, maxsplit=1)[0]
    return f"{'...@' if at else ''}{plain}{'?...' if plain != rest else ''}"
