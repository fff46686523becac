"""Plugins: found by entry point, blamed by name, one broken one harming no other."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import Distribution, EntryPoint, EntryPoints
from types import ModuleType
from typing import Any

import pytest

from decamp import CONTRACT_VERSION, ConfigError, ExporterSpec, ImporterSpec, hookimpl, registry
from decamp.testing import MemoryImporter, ScriptedExporter
from decamp.testing.fakes import NoConfig


def exporter_spec(name: str, **changes: Any) -> ExporterSpec[Any]:
    return ExporterSpec(
        name=name,
        title=name.title(),
        config=NoConfig,
        create=lambda context: ScriptedExporter([]),
        kinds=frozenset({"post"}),
        **changes,
    )


def importer_spec(name: str) -> ImporterSpec[Any]:
    return ImporterSpec(
        name=name, title=name.title(), config=NoConfig, create=lambda context: MemoryImporter()
    )


class Shelf:
    @hookimpl
    def decamp_importers(self) -> Iterator[ImporterSpec[Any]]:
        yield importer_spec("shelf")


class Misspelt:
    @hookimpl
    def decamp_importer(self) -> Iterator[ImporterSpec[Any]]:
        yield importer_spec("shelf")


class FailsHalfway:
    @hookimpl
    def decamp_exporters(self) -> Iterator[ExporterSpec[Any]]:
        yield exporter_spec("first")
        raise RuntimeError("no second")


class Nonsense:
    @hookimpl
    def decamp_exporters(self) -> Iterator[Any]:
        yield "tiktok"


class TooNew:
    @hookimpl
    def decamp_exporters(self) -> Iterator[ExporterSpec[Any]]:
        yield exporter_spec("late", contract=CONTRACT_VERSION + 1)


class Impostor:
    @hookimpl
    def decamp_exporters(self) -> Iterator[ExporterSpec[Any]]:
        yield exporter_spec("tiktok")


def test_built_ins_come_by_the_same_door() -> None:
    loaded = registry.load()
    assert set(loaded.exporters) >= {"tiktok"}
    assert set(loaded.importers) >= {"disk"}
    assert loaded.broken == []
    assert loaded.exporters["tiktok"].distribution.startswith("decamp ")


def test_one_more_plugin() -> None:
    assert registry.load(("shelf", Shelf())).importer("shelf").title == "Shelf"


@pytest.mark.parametrize(
    ("plugin", "reason"),
    [
        (Misspelt(), "unknown hook"),
        (FailsHalfway(), "no second"),
        (Nonsense(), "yields str"),
        (TooNew(), "needs contract"),
        (Impostor(), "has a plugin named tiktok already"),
    ],
)
def test_a_broken_plugin_is_named_and_harms_no_other(plugin: object, reason: str) -> None:
    loaded = registry.load(("bad", plugin), ("shelf", Shelf()))

    assert {"tiktok"} <= set(loaded.exporters)
    assert "shelf" in loaded.importers
    assert "first" not in loaded.exporters
    [broken] = loaded.broken
    assert broken.name == "bad"
    assert reason in broken.reason
    with pytest.raises(ConfigError, match="cannot be used"):
        loaded.importer("bad")


def test_a_plugin_that_cannot_be_imported_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(EntryPoint):
        def load(self) -> ModuleType:
            raise ImportError("no module named shelf_lib")

    point = Broken("shelf", "decamp_shelf", "decamp")
    vars(point)["dist"] = Distribution.from_name("pluggy")
    monkeypatch.setattr(registry, "entry_points", lambda group: EntryPoints([point]))

    [broken] = registry.load().broken
    assert (broken.name, "no module named shelf_lib" in broken.reason) == ("shelf", True)
    assert broken.distribution.startswith("pluggy ")


def test_the_environment_restricts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DECAMP_PLUGINS", "disk")
    loaded = registry.load()
    assert list(loaded.exporters) == ["disk"]
    assert set(loaded.importers) == {"disk"}


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError) as caught:
        registry.load().exporter("instagram")
    assert "tiktok" in caught.value.hint
