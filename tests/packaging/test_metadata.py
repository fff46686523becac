"""What is installed: entry points, version, files. Looks at the metadata, not the checkout."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import entry_points, version
from pathlib import Path

import pytest

import decamp

ROOT = Path(__file__).parents[2]


def test_versions_agree() -> None:
    assert version("decamp") == decamp.__version__
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(
        r"^## (Unreleased|\[?" + re.escape(decamp.__version__) + ")", changelog, re.MULTILINE
    )


def test_entry_points_resolve() -> None:
    for point in entry_points(group="decamp"):
        if point.dist is not None and point.dist.name == "decamp":
            assert point.load()


def test_every_plugin_folder_has_an_entry_point() -> None:
    folders = {path.name for path in (ROOT / "plugins").iterdir() if path.is_dir()}
    folders.discard("__pycache__")
    assert folders == {
        point.value
        for point in entry_points(group="decamp")
        if point.dist and point.dist.name == "decamp"
    }


def test_every_plugin_has_a_readme_of_the_same_shape() -> None:
    for folder in (ROOT / "plugins").iterdir():
        if folder.is_dir() and folder.name != "__pycache__":
            text = (folder / "README.md").read_text(encoding="utf-8").lower()
            for heading in ("data supported", "current state", "keys and auth", "maintained by"):
                assert heading in text, f"{folder.name}: {heading}"


def test_package_roots_hold_packages_only() -> None:
    """An editable install makes everything below these folders importable."""
    for root in ("core", "plugins", "schemas"):
        loose = [p.name for p in (ROOT / root).iterdir() if p.is_file()]
        assert loose == []


@pytest.mark.parametrize(
    "name", ["core", "plugins", "schemas", "tests", "docs", "examples", "bench"]
)
def test_the_top_level_is_as_documented(name: str) -> None:
    assert (ROOT / name).is_dir()


def test_all_packages_are_in_the_wheel_settings() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    listed = set(settings["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    found = {
        f"{root}/{path.name}"
        for root in ("core", "plugins", "schemas")
        for path in (ROOT / root).iterdir()
        if path.is_dir() and path.name != "__pycache__"
    }
    assert listed == found
