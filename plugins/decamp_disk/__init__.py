"""A folder on this machine as a destination, and as a source: a bundle, which is a BagIt bag.

Importing this module does no work; exporter and importer are loaded when one is made.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from decamp import Context, Exporter, ExporterSpec, Importer, ImporterSpec, hookimpl
from decamp_disk.config import CAPABILITIES, KINDS, Config, SourceConfig

__all__ = ["Config", "SourceConfig", "decamp_exporters", "decamp_importers"]


@hookimpl
def decamp_exporters() -> Iterable[ExporterSpec[Any]]:
    """Declare the exporter."""
    return [
        ExporterSpec(
            name="disk",
            title="Bundle that decamp wrote",
            config=SourceConfig,
            create=_create_exporter,
            kinds=KINDS,
            omits=("what the exports that it was filled from did not hold",),
            recognises=_recognises,
        )
    ]


@hookimpl
def decamp_importers() -> Iterable[ImporterSpec[Any]]:
    """Declare the importer."""
    return [
        ImporterSpec(
            name="disk",
            title="Folder on this machine",
            config=Config,
            create=_create,
            capabilities=CAPABILITIES,
            takes_paths=True,
        )
    ]


def _create(context: Context[Config]) -> Importer:
    from decamp_disk.importer import DiskImporter

    return DiskImporter(context)


def _create_exporter(context: Context[SourceConfig]) -> Exporter:
    from decamp_disk.exporter import DiskExporter

    return DiskExporter(context)


def _recognises(path: Path) -> bool:
    return (path / "decamp.json").is_file()
