"""A folder on a WebDAV server as a destination, and as a source: a bundle, which is a BagIt bag.

Importing this module does no work; exporter and importer are loaded when one is made.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from decamp import Context, Exporter, ExporterSpec, Importer, ImporterSpec, Login, hookimpl
from decamp_webdav.config import CAPABILITIES, KINDS, Config, SourceConfig

__all__ = ["Config", "SourceConfig", "decamp_exporters", "decamp_importers"]


@hookimpl
def decamp_exporters() -> Iterable[ExporterSpec[Any]]:
    """Declare the exporter."""
    return [
        ExporterSpec(
            name="webdav",
            title="WebDAV",
            config=SourceConfig,
            create=_create_exporter,
            kinds=KINDS,
            omits=("what the exports that it was filled from did not hold",),
            auth=_auth,
        )
    ]


@hookimpl
def decamp_importers() -> Iterable[ImporterSpec[Any]]:
    """Declare the importer."""
    return [
        ImporterSpec(
            name="webdav",
            title="WebDAV",
            config=Config,
            create=_create,
            capabilities=CAPABILITIES,
            auth=_auth,
        )
    ]


def _auth(config: Config | SourceConfig) -> Login:
    from decamp_webdav.address import Address

    address = Address.parse(config.url)
    return Login(
        origin=address.origin,
        url=address.folder(),
        ca_file=str(config.ca_file or ""),
        plain_http=config.plain_http,
        keys="Many servers want an app password, which you make on their page about security.",
    )


def _create(context: Context[Config]) -> Importer:
    from decamp_webdav.importer import DavImporter

    return DavImporter(context)


def _create_exporter(context: Context[SourceConfig]) -> Exporter:
    from decamp_webdav.exporter import DavExporter

    return DavExporter(context)
