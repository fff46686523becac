"""The file of connections: which there are, and what was granted. No secret stands in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from attrs import frozen

from decamp.auth import Grant
from decamp.errors import ConfigError
from decamp.filesystems import make_private, no_room, replace_private
from decamp.home import Home
from decamp.validation import require_valid, validator

__all__ = ["FILE", "Connection", "Connections", "as_json", "require_name"]

FILE = "connections.json"
"""Its name, below decamp's home."""

_SCHEMA = "connections"
_NAME = re.compile(r"[a-z][a-z0-9-]{1,39}")
_LOCK = "connections"


@frozen
class Connection:
    """One sign-in."""

    name: str
    plugin: str
    options: Mapping[str, str]
    """Settings of the plugin, as they were typed."""
    grant: Grant


def require_name(name: str) -> None:
    """Make sure that a connection may have this name.

    Raises:
        ConfigError: It may not. One letter would be a drive, and a dot or slash a path.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{name!r} cannot be the name of a connection.",
            hint="Use 2 to 40 lower-case letters, digits and hyphens, beginning with a letter.",
        )


def as_json(connection: Connection) -> dict[str, Any]:
    """Describe a connection, as one entry of ``connections.schema.json``."""
    grant = connection.grant
    return {
        "name": connection.name,
        "plugin": connection.plugin,
        "options": dict(connection.options),
        "account": grant.account,
        "asked": sorted(grant.asked),
        "granted": sorted(grant.scopes),
        "since": _stamp(grant.since),
        "until": None if grant.until is None else _stamp(grant.until),
    }


class Connections:
    """The connections of one user.

    Args:
        home: Where decamp keeps its files.
    """

    def __init__(self, home: Home) -> None:
        self._path = home.folder / FILE
        self._turn = home.turn

    def all(self) -> list[Connection]:
        """List them, by name.

        Raises:
            ConfigError: The file cannot be read.
        """
        return sorted(self._read().values(), key=lambda one: one.name)

    def get(self, name: str) -> Connection | None:
        """Give the one of this name."""
        return self._read().get(name)

    def put(self, connection: Connection) -> None:
        """Keep one, durably on return, in the place of any other of its name."""
        with self._turn(_LOCK):
            self._write(self._read() | {connection.name: connection})

    def regrant(self, name: str, grant: Grant) -> None:
        """Note what is granted now. A connection that is gone stays gone."""
        with self._turn(_LOCK):
            kept = self._read()
            if name in kept and kept[name].grant != grant:
                old = kept[name]
                self._write(kept | {name: Connection(name, old.plugin, old.options, grant)})

    def remove(self, name: str) -> None:
        """Forget one; none of this name is fine."""
        with self._turn(_LOCK):
            kept = self._read()
            if kept.pop(name, None) is not None:
                self._write(kept)

    def _read(self) -> dict[str, Connection]:
        try:
            document = msgspec.json.decode(self._path.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._unreadable(type(error).__name__) from error
        problems = validator(_SCHEMA).problems(document)
        if problems:
            raise self._unreadable(problems[0])
        return {entry["name"]: _from_json(entry) for entry in document["connections"]}

    def _write(self, kept: Mapping[str, Connection]) -> None:
        document = {"connections": [as_json(kept[name]) for name in sorted(kept)]}
        require_valid(_SCHEMA, document)
        make_private(self._path.parent)
        try:
            replace_private(self._path, msgspec.json.format(msgspec.json.encode(document)) + b"\n")
        except OSError as error:
            full = no_room(error, self._path)
            if full is not None:
                raise full from error
            raise ConfigError(
                f"The connections could not be kept in {self._path} ({error.strerror}).",
                hint="Set DECAMP_HOME to a folder that you can write to.",
            ) from error

    def _unreadable(self, why: str) -> ConfigError:
        return ConfigError(
            f"The connections in {self._path} cannot be read ({why}).",
            hint="Put a former copy of the file back; or move it away, and connect again.",
        )


def _from_json(entry: Mapping[str, Any]) -> Connection:
    until = entry["until"]
    return Connection(
        name=entry["name"],
        plugin=entry["plugin"],
        options=entry["options"],
        grant=Grant(
            account=entry["account"],
            asked=frozenset(entry["asked"]),
            scopes=frozenset(entry["granted"]),
            since=datetime.fromisoformat(entry["since"]),
            until=None if until is None else datetime.fromisoformat(until),
        ),
    )


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
