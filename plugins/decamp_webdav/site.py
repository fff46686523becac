"""Opens the place that the settings name. Asks no server."""

from __future__ import annotations

from functools import partial

from decamp import Asks, ConfigError, Context
from decamp.bundle import MARKER, PAYLOAD, LockFile, Marker, Site
from decamp.bundle.writing import marker_of
from decamp_webdav.address import Address
from decamp_webdav.answers import Access
from decamp_webdav.client import DavClient
from decamp_webdav.config import Config, SourceConfig
from decamp_webdav.folder import DavFolder

__all__ = ["open_site"]


def open_site(
    context: Context[Config] | Context[SourceConfig],
) -> tuple[Site, DavFolder, DavClient]:
    """Find the site.

    Raises:
        ConfigError: The address cannot be one.
    """
    config = context.config
    address = Address.parse(config.url)
    if not isinstance(context.http, Asks):
        raise ConfigError("The WebDAV plugin needs a client from its host, and got none.")
    ca_file = str(config.ca_file or "")
    access = Access(context.connect, context.grant is not None, ca_file)
    client = DavClient(context.http, address, context.now, access)
    folder = DavFolder(client, context.scratch, context.state, context.pause)
    take_over = isinstance(config, Config) and config.break_lock
    site = Site(
        identity=address.url,
        title=address.url,
        folder=folder,
        lock=LockFile(folder, context.now(), context.log, take_over=take_over),
        survey=partial(_survey, folder),
        is_there=lambda: client.find(address.folder()) is not None,
        settings={
            "url": address.url,
            **({"ca_file": ca_file} if ca_file else {}),
            **({"plain_http": "yes"} if config.plain_http else {}),
        },
    )
    return site, folder, client


def _survey(folder: DavFolder) -> Marker | None:
    """Find out what is there; whether it takes writes, only one could tell.

    An undo leaves empty folders where it cannot see that they are: then nothing is there.
    """
    example, names = folder.path("decamp"), folder.names()
    if PAYLOAD in names and MARKER not in names and folder.is_hollow(PAYLOAD):
        names.remove(PAYLOAD)
    return marker_of(names, lambda: folder.read(MARKER) or b"", folder.root, example)
