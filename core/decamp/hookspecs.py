"""The two hooks, and the markers that plugins use."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pluggy

from decamp.spec import ExporterSpec, ImporterSpec

__all__ = ["decamp_exporters", "decamp_importers", "hookimpl", "hookspec"]

hookspec = pluggy.HookspecMarker("decamp")
hookimpl = pluggy.HookimplMarker("decamp")


@hookspec
def decamp_exporters() -> Iterable[ExporterSpec[Any]]:
    """Yield the sources this plugin can read."""


@hookspec
def decamp_importers() -> Iterable[ImporterSpec[Any]]:
    """Yield the destinations this plugin can write."""
