"""Turns what was typed into plugins: names, locations and options to specs and settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PureWindowsPath
from typing import Any, TypeVar

from attrs import frozen

from decamp.auth import AppPassword, Login, OAuth2
from decamp.connections import Connection, Connections
from decamp.errors import ConfigError, SourceUnreadable, TransferError
from decamp.home import Home
from decamp.options import build_config, describe
from decamp.registry import Loaded, Registry
from decamp.spec import ExporterSpec, ImporterSpec
from decamp.validation import encodable

__all__ = [
    "Source",
    "Target",
    "chosen",
    "declared",
    "find_destination",
    "find_source",
    "require_text",
    "signing_side",
]

_WEB = ("http", "https")
S = TypeVar("S", ExporterSpec[Any], ImporterSpec[Any])


def require_text(*texts: str) -> None:
    """Refuse what could not be written down.

    Raises:
        ConfigError: It is no Unicode text.
    """
    for text in texts:
        if not encodable(text):
            raise ConfigError(
                f"{text!r} is no Unicode text, so decamp could not write it down.",
                hint="Rename the file or folder, or set LANG to a UTF-8 locale.",
            )


@frozen
class Source:
    """A source that was found: its plugin, its settings, and who is signed in, if anybody."""

    spec: ExporterSpec[Any]
    config: Any
    connection: Connection | None = None


@frozen
class Target:
    """A destination that was found: its plugin, its settings, and who is signed in, if anybody."""

    spec: ImporterSpec[Any]
    config: Any
    connection: Connection | None = None


def find_source(text: str, options: dict[str, str], registry: Registry, home: Home) -> Source:
    """Find the plugin that reads a source, with its settings.

    Raises:
        ConfigError: It cannot be told what is meant.
        SourceUnreadable: There is nothing of this name.
    """
    if not text.strip():
        raise ConfigError("SOURCE is empty.", hint="Name the export: its zip, file or folder.")
    name, location = _split(text)
    if name is None and location in registry.exporters and not Path(location).exists():
        name, location = location, ""  # the colon is optional
    connection = _connection(name, location, registry, home)
    if connection is not None:
        spec = registry.exporter(connection.plugin)
        rest = location if name else ""
        return Source(spec, _configured(spec, rest, _merged(spec, connection, options)), connection)
    if name in _WEB and name not in registry.exporters:
        download = "Download the export first, then name the file."
        raise ConfigError(
            "decamp reads files; it does not fetch an export from a web address.",
            hint=" ".join([download, *_servers("source", text, registry)]),
        )
    if name not in registry.exporters:
        _hint_at_addresses("source", text, location, registry)
    if name is None:
        spec = _recognised(Path(location).expanduser(), registry)
    else:
        spec = _of_this_name(registry.exporter, name, home)
    return Source(spec, *_signed_in_there(spec, location, options, home))


def find_destination(text: str, options: dict[str, str], registry: Registry, home: Home) -> Target:
    """Find the plugin that writes to a destination, with its settings.

    Raises:
        ConfigError: It cannot be told what is meant.
    """
    if not text.strip():
        raise ConfigError("DESTINATION is empty.", hint="Name the folder to write to.")
    name, location = _split(text)
    if name in registry.importers:
        spec = registry.importer(name)
        placed = location or any(
            one.location and one.name in options for one in describe(spec.config)
        )
        connection = None if placed else _only(spec, home)
    else:
        connection = Connections(home).get(name or location)
    if connection is not None and connection.plugin in registry.importers:
        if name is None and Path(location).exists():
            raise _both(location)
        spec = registry.importer(connection.plugin)
        rest = location if name else ""
        return Target(spec, _configured(spec, rest, _merged(spec, connection, options)), connection)
    if name not in registry.importers:
        _hint_at_addresses("destination", text, location, registry)
    spec = _of_this_name(registry.importer, name, home) if name else _path_importer(registry)
    return Target(spec, *_signed_in_there(spec, location, options, home))


def signing_side(plugin: str, registry: Registry) -> ExporterSpec[Any] | ImporterSpec[Any]:
    """Find the side of a plugin that declares a sign-in; most have it on the source's."""
    if plugin in registry.exporters or plugin not in registry.importers:
        return registry.exporter(plugin)
    return registry.importer(plugin)


def declared(
    spec: ExporterSpec[Any] | ImporterSpec[Any], connection: Connection
) -> OAuth2 | Login | AppPassword | None:
    """Give the sign-in that a connection was made for."""
    if spec.auth is None:
        return None
    settings = _merged(spec, connection, {})
    return spec.auth(build_config(spec.config, settings, plugin=spec.name))


def chosen(options: Sequence[str], side: str) -> dict[str, str]:
    """Keep the options of one side: ``from`` or ``to``."""
    chosen = {}
    for option in options:
        name, _, value = option.partition("=")
        if name.startswith(f"{side}."):
            chosen[name.removeprefix(f"{side}.")] = value
    return chosen


def _split(text: str) -> tuple[str | None, str]:
    """Part ``plugin:location``; one letter before a colon is a drive, not a plugin."""
    name, colon, location = text.partition(":")
    if not colon or PureWindowsPath(text).drive or not name.replace("-", "").isalnum():
        return None, text
    if "@" in location.partition("//")[2].partition("/")[0]:
        raise ConfigError(
            "A password or user name inside an address is refused.",
            hint="Leave it out; decamp asks for it when it signs in.",
        )
    return name, location


def _connection(
    name: str | None, location: str, registry: Registry, home: Home
) -> Connection | None:
    """Find the connection that is meant: by its name, or as the only one of its plugin."""
    known = Connections(home)
    if name is None:
        found = known.get(location)
        if found is not None and Path(location).exists():
            raise _both(location)
        return found
    found = known.get(name)
    if name not in registry.exporters:
        return found
    spec = registry.exporter(name)
    if found is None:
        return None if location else _only(spec, home)
    # A plugin's name before an address names no connection: the one of that server is meant.
    at_address = location and isinstance(declared(spec, found), Login)
    return None if at_address else found


def _only(spec: ExporterSpec[Any] | ImporterSpec[Any], home: Home) -> Connection | None:
    """Give the connection of a plugin's own name, or else its only one.

    Raises:
        ConfigError: There are several.
    """
    of_plugin = [one for one in Connections(home).all() if one.plugin == spec.name]
    named = [one for one in of_plugin if one.name == spec.name]
    if len(of_plugin) > 1 and not named:
        names = ", ".join(f"{one.name}:" for one in of_plugin)
        raise ConfigError(
            f"There are several connections to {spec.title}.", hint=f"Say which one: {names}"
        )
    return next(iter(named or of_plugin), None)


def _both(location: str) -> ConfigError:
    return ConfigError(
        f"{location} is the name of a connection, and of a file or folder here.",
        hint=f"Write {location}: for the connection, or {Path('.', location).absolute()}.",
    )


def _merged(
    spec: ExporterSpec[Any] | ImporterSpec[Any],
    connection: Connection,
    options: Mapping[str, str],
) -> dict[str, str]:
    """Add the options that a connection was made with, as far as this side knows them."""
    known = {setting.name for setting in describe(spec.config)}
    kept = {name: value for name, value in connection.options.items() if name in known}
    return {**kept, **options}


def _signed_in_there(
    spec: ExporterSpec[Any] | ImporterSpec[Any],
    location: str,
    options: dict[str, str],
    home: Home,
) -> tuple[Any, Connection | None]:
    """Make the settings; if they lead to a server or account with one connection, with that one's.

    Raises:
        ConfigError: There are several connections to that server.
    """
    config = _configured(spec, location, options)
    login = spec.auth(config) if spec.auth else None
    where = _where(login)
    if not where:
        return config, None
    found = [
        one
        for one in Connections(home).all()
        if one.plugin == spec.name and where in (_where(declared(spec, one)), one.grant.account)
    ]
    if isinstance(login, Login):
        found = _nearest(login, found, spec)
    if len(found) > 1:
        place = location or login.url if isinstance(login, Login) else location
        names = " or ".join(f"{one.name}:{place}" for one in found)
        raise ConfigError(
            f"There are several connections to {where}.",
            hint=f"Say which one: {names}. To undo: decamp undo --at {found[0].name}:{place}",
        )
    if not found:
        return config, None
    return _configured(spec, location, _merged(spec, found[0], options)), found[0]


def _nearest(
    login: Login, found: Sequence[Connection], spec: ExporterSpec[Any] | ImporterSpec[Any]
) -> list[Connection]:
    """Keep the connections whose own address is the longest that an address lies below.

    A cloud has a folder for each user. Where no address is one above it, all are kept.
    """
    above: dict[str, list[Connection]] = {}
    for one in found:
        own = declared(spec, one)
        url = f"{own.url.rstrip('/')}/" if isinstance(own, Login) else ""
        if url and login.url.startswith(url):
            above.setdefault(url, []).append(one)
    return above[max(above, key=len)] if above else list(found)


def _where(auth: OAuth2 | Login | AppPassword | None) -> str:
    """Tell by what the settings of a destination and a connection belong together."""
    if isinstance(auth, Login):
        return auth.origin
    return auth.account.casefold() if isinstance(auth, AppPassword) else ""


def _recognised(path: Path, registry: Registry) -> ExporterSpec[Any]:
    """Find the source that a bare path looks like."""
    specs = [loaded.spec for loaded in registry.exporters.values()]
    for spec in specs:
        if spec.recognises is not None and spec.recognises(path):
            return spec
    if not path.exists():
        raise SourceUnreadable(
            f"There is nothing at {path}.", hint="Check the path for typing mistakes."
        )
    readers = [spec for spec in specs if spec.takes_paths]
    if readers:
        return readers[0]  # it will say precisely what is wrong with it
    raise SourceUnreadable(
        f"{path} does not look like anything that an installed plugin reads.",
        hint="Name the plugin: PLUGIN:PATH. See: decamp plugins list",
    )


def _of_this_name(find: Callable[[str], S], name: str, home: Home) -> S:
    """Find a plugin; if there is none, it may be a connection that is meant.

    Raises:
        ConfigError: There is none of this name, or it is broken.
    """
    try:
        return find(name)
    except ConfigError as error:
        names = ", ".join(f"{one.name}:" for one in Connections(home).all())
        if not names or not error.hint:
            raise
        raise ConfigError(error.message, hint=f"{error.hint}. Your connections: {names}") from error


def _hint_at_addresses(side: str, text: str, location: str, registry: Registry) -> None:
    """Explain ``s3://bucket/folder``: an address where the name of a plugin is expected.

    Raises:
        ConfigError: It is one.
    """
    if location.startswith("//"):
        bundle = f"For a bundle at that address: {_path_importer(registry).name}:{text}"
        raise ConfigError(
            f"{text!r} is an address; decamp needs the plugin too, as this {side}'s first word.",
            hint="; or: ".join([*_servers(side, text, registry), bundle]),
        )


def _servers(side: str, text: str, registry: Registry) -> list[str]:
    """Say what to write for the plugins that would sign in at the server of an address."""
    table: Mapping[str, Loaded[Any]] = (
        registry.exporters if side == "source" else registry.importers
    )
    found = []
    for name, loaded in sorted(table.items()):
        spec = loaded.spec
        try:
            login = spec.auth(_configured(spec, text, {})) if spec.auth else None
        except TransferError:
            continue
        if isinstance(login, Login):
            found.append(f"For a {spec.title} server: {name}:{text}")
    return found


def _path_importer(registry: Registry) -> ImporterSpec[Any]:
    for loaded in registry.importers.values():
        if loaded.spec.takes_paths:
            return loaded.spec
    raise ConfigError(
        "No installed plugin writes to a folder.", hint="Name a destination: PLUGIN:LOCATION."
    )


def _configured(
    spec: ExporterSpec[Any] | ImporterSpec[Any], location: str, options: dict[str, str]
) -> Any:
    values = dict(options)
    for setting in describe(spec.config):
        if setting.location and location:
            values[setting.name] = location
    return build_config(spec.config, values, plugin=spec.name)
