"""Chooses by its location where a bundle goes. The only file that knows which kinds there are."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from decamp import ConfigError, Context
from decamp.bundle import LockFile, Site
from decamp_disk.config import Config, SourceConfig
from decamp_disk.folder import LocalFolder
from decamp_disk.lock import BundleLock
from decamp_disk.survey import canonical, identity, survey, survey_remote

__all__ = ["find_site"]

_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+)://(.*)", re.IGNORECASE | re.DOTALL)
_LOCAL = {"file", "local"}
# What file systems would take for patterns, versions or chains of protocols.
_STRANGE = re.compile(r"[?*\[\]\\\x00-\x1f\x7f]|::")


def find_site(context: Context[Config] | Context[SourceConfig]) -> Site:
    """Find the site that the settings name. Touches nothing.

    Raises:
        ConfigError: The location cannot be one.
    """
    config = context.config
    address = _ADDRESS.fullmatch(config.path)
    protocol = address[1].lower() if address else ""
    if address is None or protocol in _LOCAL:
        for name in ("endpoint_url", "break_lock", "in_memory"):
            if getattr(config, name, None):
                raise ConfigError(f"{name} is not for a folder of this machine.")
        return _local(_path(address[2]) if address else Path(config.path))
    return _remote(f"{protocol}://{_checked(config.path, address[2])}", context)


def _local(path: Path) -> Site:
    root = canonical(path)
    return Site(
        identity(root), str(root), LocalFolder(root), BundleLock(root), lambda: survey(root),
        root.is_dir,
    )  # fmt: skip


def _remote(url: str, context: Context[Config] | Context[SourceConfig]) -> Site:
    # fsspec costs a tenth of a second.
    from decamp_disk.backends import open_backend
    from decamp_disk.remote import RemoteFolder

    config = context.config
    settings = _in_memory(url, config) if isinstance(config, Config) else {}
    backend = open_backend(url, _endpoint(config.endpoint_url))
    folder = RemoteFolder(backend, context.scratch)
    take_over = isinstance(config, Config) and config.break_lock
    return Site(
        folder.root,
        folder.root,
        folder,
        LockFile(folder, context.now(), context.log, take_over=take_over),
        partial(survey_remote, folder),
        lambda: bool(folder.names()),
        {"path": backend.url, "endpoint_url": backend.server, **settings},
        backend.close,
    )


def _in_memory(url: str, config: Config) -> dict[str, str]:
    """Give the setting that leads to a bundle in memory; none for any other.

    Raises:
        ConfigError: Nobody said that the bundle may be gone when the process ends: a receipt
            would claim that the data are there.
    """
    if not url.startswith("memory:"):
        if config.in_memory:
            raise ConfigError("in_memory is only for memory:// addresses.", hint="Leave it out.")
        return {}
    if not config.in_memory:
        raise ConfigError(
            "memory:// keeps nothing: what lies there is gone as soon as this command ends.",
            hint="Name a folder or a store. A program that uses decamp as a library, and looks "
            "into it itself, sets to.in_memory=yes.",
        )
    return {"in_memory": "yes"}


def _path(rest: str) -> Path:
    """Give the path of a ``file:`` address (RFC 8089)."""
    from urllib.request import url2pathname

    host, slash, path = rest.partition("/")
    if host not in ("", "localhost") or not slash:
        raise ConfigError(
            f"file://{rest} is not a folder of this machine.",
            hint="Write file:///path, or just the path.",
        )
    return Path(url2pathname(f"/{path}"))


def _checked(url: str, rest: str) -> str:
    """Give the part of an address behind the slashes, if it names one place only."""
    if "@" in rest.partition("/")[0]:
        raise ConfigError(
            "A password or user name inside an address is refused.",
            hint="Sign in as the tools of that service do: by environment or settings file.",
        )
    rest = rest.rstrip("/")
    parts = rest.split("/")
    if not rest or {".", ".."} & set(parts) or "" in parts[1:] or _STRANGE.search(rest):
        raise ConfigError(
            f"{url!r} does not name a place for a bundle.",
            hint="Write PROTOCOL://PLACE/FOLDER with plain names, such as s3://bucket/tiktok.",
        )
    return rest


def _endpoint(url: str) -> str:
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname or "@" in url):
        raise ConfigError(
            "endpoint_url is not the address of a server.",
            hint="Write https://HOST or https://HOST:PORT, without a user or password.",
        )
    return url.rstrip("/")
