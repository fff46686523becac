"""Plugins of others that break their contract: named, and no harm to anybody else."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from cli_run import Cli, Ended
from hand_files import account, pack

HEAD = """
from attrs import frozen
from pathlib import Path
from typing import Annotated
from decamp import (Collection, Destination, ExporterSpec, ImporterCapabilities, ImporterSpec,
                    Item, Option, Page, Receipt, hookimpl)

@frozen
class Config:
    path: Annotated[Path, Option("Anything.", True)] = Path()

class Exporter:
    def export_pages(self, cursor):
        {export}

class Importer:
    def check(self):
        return Destination("there", "There", None)
    def import_item(self, item):
        {bring}

@hookimpl
def decamp_exporters():
    {declare}
    return [ExporterSpec(name="rough", title="Rough", config=Config,
                         create=lambda context: Exporter(), kinds=frozenset({{"section"}}))]

@hookimpl
def decamp_importers():
    return [ImporterSpec(name="rough", title="Rough", config=Config,
                         create=lambda context: Importer(),
                         capabilities=ImporterCapabilities(delivery="idempotent"))]
"""
PAGE = (
    'yield Page(items=(Item("section:a:1", "section", '
    '{"name": "a", "path": "a", "value": 1}),), progress=1.0)'
)


def install(place: Path, **parts: str) -> str:
    """Make a distribution with one plugin; give the folder for PYTHONPATH."""
    place.mkdir()
    filled = {"export": PAGE, "bring": "return Receipt(item.id, 'x')", "declare": "pass"} | parts
    (place / "rough_plugin.py").write_text(HEAD.format(**filled))
    info = place / "rough_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: rough-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[decamp]\nrough = rough_plugin\n")
    return str(place)


@pytest.fixture
def cli(home: Path) -> Cli:
    return Cli(home)


def run(cli: Cli, place: Path, *words: str, **parts: str) -> Ended:
    path = os.pathsep.join([install(place / "plugin", **parts), *filter(None, sys.path)])
    return cli("transfer", *words, "--json", PYTHONPATH=path)


def test_a_plugin_that_behaves_works(cli: Cli, tmp_path: Path) -> None:
    ended = run(cli, tmp_path, "rough:x", str(tmp_path / "bundle"))
    assert ended.code == 0, ended.err
    assert ended.document["counts"]["section"]["delivered"] == 1


EXPORTS = {
    "error": "raise RuntimeError('mine')",
    "no-page": "yield 7",
    "no-items": "yield Page(items=(7,))",
    "exit": "raise SystemExit(0)",
    "nothing": "return None",
}


@pytest.mark.parametrize("name", EXPORTS)
def test_an_exporter_that_breaks_is_named(name: str, cli: Cli, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    ended = run(cli, tmp_path, "rough:x", str(bundle), export=EXPORTS[name])
    assert ended.code == 3, ended.err
    assert ended.document["error"]["code"] == "plugin"
    assert "rough" in ended.document["error"]["message"]
    assert "fault in decamp" not in ended.err


BRINGS = {
    "error": "raise RuntimeError('mine')",
    "no-receipt": "return None",
    "other-item": "return Receipt('other', 'x')",
    "exit": "raise SystemExit(0)",
}


@pytest.mark.parametrize("name", BRINGS)
def test_an_importer_that_breaks_is_named(name: str, cli: Cli, tmp_path: Path) -> None:
    archive = pack(tmp_path / "a.zip", account())
    ended = run(cli, tmp_path, str(archive), "rough:x", bring=BRINGS[name])
    assert ended.code == 3, ended.err
    assert not ended.document["verdict"]["complete"]
    problems = ended.document["problems"]
    assert {problem["code"] for problem in problems} == {"plugin"}
    assert all("rough" in problem["reason"] for problem in problems)


def test_a_plugin_that_prints_does_not_spoil_the_document(cli: Cli, tmp_path: Path) -> None:
    noise = "print('hello from a plugin'); "
    ended = run(cli, tmp_path, "rough:x", str(tmp_path / "bundle"), export=noise + PAGE)
    assert ended.code == 0, ended.err
    assert ended.document["state"] == "done"


@pytest.mark.parametrize(
    "declare",
    [
        "raise RuntimeError('mine')",
        pytest.param(
            "raise SystemExit(5)",
        ),
    ],
)
def test_a_plugin_that_cannot_be_loaded_harms_no_other(
    declare: str, cli: Cli, tmp_path: Path
) -> None:
    archive = pack(tmp_path / "a.zip", account())
    ended = run(cli, tmp_path, str(archive), str(tmp_path / "bundle"), declare=declare)
    assert ended.code == 0, ended.err
