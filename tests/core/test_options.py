"""Settings: declared once, read from strings, refused with the plugin's name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pytest
from attrs import frozen

from decamp.errors import ConfigError
from decamp.options import Option, build_config, describe


@frozen
class Config:
    path: Annotated[Path, Option("Where.", location=True)]
    parts: Annotated[int, Option("How many.")] = 3
    quiet: Annotated[bool, Option("No words.")] = False
    other: Annotated[Path | None, Option("Another place.")] = None


def test_settings_are_described() -> None:
    path, parts, _, other = describe(Config)
    assert (path.name, path.type, path.help, path.required, path.location) == (
        *("path", Path, "Where.", True, True),
    )
    assert (parts.default, parts.required) == (3, False)
    assert (other.type, other.default) == (Path, None)


def test_strings_become_values() -> None:
    config = build_config(
        Config, {"path": "~/x", "parts": "7", "quiet": "Yes", "other": "y"}, plugin="shelf"
    )
    assert config == Config(Path("~/x").expanduser(), 7, True, Path("y"))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "shelf needs path: Where."),
        ({"path": "x", "colour": "red"}, "shelf has no option 'colour'"),
        ({"path": "x", "parts": "many"}, "parts must be a whole number, not 'many'"),
        ({"path": "x", "quiet": "perhaps"}, "quiet must be yes or no"),
    ],
)
def test_wrong_settings_say_what_is_wrong(values: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build_config(Config, values, plugin="shelf")
    assert message in caught.value.message


def test_what_is_missing_after_the_colon_is_shown_there() -> None:
    with pytest.raises(ConfigError) as caught:
        build_config(Config, {}, plugin="shelf")
    assert caught.value.hint == "Write it after the colon: shelf:PATH"
