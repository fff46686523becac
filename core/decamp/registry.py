"""Finds plugins: one entry point group for everybody, and one broken plugin harms no other.

Installed is enabled. A plugin module is imported only when it is named or listed;
``DECAMP_PLUGINS`` (names, separated by commas) restricts which are considered at all.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

import pluggy
from attrs import define, field, frozen

from decamp import hookspecs
from decamp.errors import ConfigError
from decamp.spec import CONTRACT_VERSION, ExporterSpec, ImporterSpec

__all__ = ["GROUP", "Broken", "Loaded", "Registry", "load"]

GROUP = "decamp"
_VARIABLE = "DECAMP_PLUGINS"

S = TypeVar("S", bound=ExporterSpec[Any] | ImporterSpec[Any])


@frozen
class Loaded(Generic[S]):
    """A source or destination, and the distribution that it came with."""

    spec: S
    distribution: str
    """Name and version: ``decamp 0.1.0``."""


@frozen
class Broken:
    """A plugin that cannot be used, and why."""

    name: str
    distribution: str
    reason: str


@define
class Registry:
    """All plugins of this process."""

    exporters: dict[str, Loaded[ExporterSpec[Any]]] = field(factory=dict)
    importers: dict[str, Loaded[ImporterSpec[Any]]] = field(factory=dict)
    broken: list[Broken] = field(factory=list)

    def exporter(self, name: str) -> ExporterSpec[Any]:
        """Give a source by name.

        Raises:
            ConfigError: There is none of this name, or it is broken.
        """
        return self._get(self.exporters, name, "source").spec

    def importer(self, name: str) -> ImporterSpec[Any]:
        """Give a destination by name.

        Raises:
            ConfigError: There is none of this name, or it is broken.
        """
        return self._get(self.importers, name, "destination").spec

    def _get(self, table: Mapping[str, Loaded[S]], name: str, what: str) -> Loaded[S]:
        if name in table:
            return table[name]
        for broken in self.broken:
            if broken.name == name:
                raise ConfigError(
                    f"The plugin {name} ({broken.distribution}) cannot be used: {broken.reason}."
                )
        raise ConfigError(
            f"There is no {what} named {name!r}.",
            hint=f"Installed: {', '.join(sorted(table)) or 'none'}. See: decamp plugins list",
        )

    def add(self, name: str, module: object, distribution: str) -> None:
        """Register one plugin module, all of it or nothing."""
        manager = pluggy.PluginManager("decamp")
        manager.add_hookspecs(hookspecs)
        try:
            manager.register(module, name)
            manager.check_pending()
            exporters = _specs(manager.hook.decamp_exporters(), ExporterSpec)
            importers = _specs(manager.hook.decamp_importers(), ImporterSpec)
        except (Exception, SystemExit) as error:
            self.broken.append(Broken(name, distribution, _reason(error)))
            return
        clashes = [self.exporters.get(spec.name) for spec in exporters]
        clashes += [self.importers.get(spec.name) for spec in importers]  # type: ignore[misc]
        for clash in clashes:
            if clash is not None:
                reason = f"{clash.distribution} has a plugin named {clash.spec.name} already"
                self.broken.append(Broken(name, distribution, reason))
                return
        self.exporters.update({spec.name: Loaded(spec, distribution) for spec in exporters})
        self.importers.update({spec.name: Loaded(spec, distribution) for spec in importers})


def load(*extra: tuple[str, object]) -> Registry:
    """Load all installed plugins, and some more.

    Args:
        extra: Names and modules (or objects with hook methods) that are not installed.
    """
    registry = Registry()
    allowed = _allowed()
    points = sorted(entry_points(group=GROUP), key=lambda point: (not _ours(point), point.name))
    for point in points:
        if allowed is not None and point.name not in allowed:
            continue
        distribution = _distribution(point)
        try:
            module = point.load()
        except (Exception, SystemExit) as error:
            registry.broken.append(Broken(point.name, distribution, _reason(error)))
            continue
        registry.add(point.name, module, distribution)
    for name, module in extra:
        registry.add(name, module, "not installed")
    return registry


def _allowed() -> frozenset[str] | None:
    names = os.environ.get(_VARIABLE)
    if names is None:
        return None
    return frozenset(name.strip() for name in names.split(",") if name.strip())


def _specs(results: Iterable[Iterable[Any]], kind: Callable[..., S] | type[S]) -> list[S]:
    """Go through what the hooks yielded; a fault inside a generator shows here."""
    specs = []
    for result in results:
        for spec in result:
            if not isinstance(spec, kind):  # type: ignore[arg-type]
                raise TypeError(f"yields {type(spec).__name__} where a spec is expected")
            if spec.contract != CONTRACT_VERSION:
                raise ValueError(
                    f"it needs contract {spec.contract}, and this decamp has {CONTRACT_VERSION}"
                )
            specs.append(spec)
    return specs


def _ours(point: EntryPoint) -> bool:
    return point.dist is not None and point.dist.name == "decamp"


def _distribution(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else "unknown"


def _reason(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
