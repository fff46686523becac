"""How a plugin declares its settings: an attrs class with help in the annotations.

A setting is an attrs field whose annotation carries an `Option`::

    @frozen
    class Config:
        url: Annotated[str, Option("Address of the server.")]
        folder: Annotated[str, Option("Folder below it.")] = "TikTok"

From the class the host derives command-line options, prompts, help and errors.
Secrets are not settings.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Union, get_args, get_origin

import attrs
from attrs import frozen

from decamp.errors import ConfigError

__all__ = ["Option", "Setting", "build_config", "describe"]


@frozen
class Option:
    """Describes one setting. `location` marks the one that the part after ``plugin:`` fills."""

    help: str
    location: bool = False


@frozen
class Setting:
    """One setting of a plugin, as the host sees it."""

    name: str
    type: type
    help: str
    required: bool
    default: Any
    location: bool


def describe(config: type) -> tuple[Setting, ...]:
    """List the settings of a plugin's config class, in order of declaration."""
    hints = typing.get_type_hints(config, include_extras=True)
    settings = []
    for item in attrs.fields(config):
        plain, option = _unwrap(hints[item.name])
        default = None if item.default is attrs.NOTHING else item.default
        settings.append(
            Setting(
                name=item.name,
                type=plain,
                help=option.help,
                required=item.default is attrs.NOTHING,
                default=default,
                location=option.location,
            )
        )
    return tuple(settings)


def build_config(config: type, values: Mapping[str, str], *, plugin: str) -> Any:
    """Make a config object of strings from the command line or a settings file.

    Raises:
        ConfigError: A name is unknown, a value does not fit, or a setting is missing.
    """
    settings = {setting.name: setting for setting in describe(config)}
    for name in values:
        if name not in settings:
            known = ", ".join(sorted(settings)) or "none"
            raise ConfigError(
                f"{plugin} has no option {name!r}.", hint=f"Its options are: {known}."
            )
    ready = {name: _convert(settings[name], value, plugin) for name, value in values.items()}
    for setting in settings.values():
        if setting.required and setting.name not in ready:
            where = f"after the colon: {plugin}:{setting.name.upper()}" if setting.location else ""
            raise ConfigError(
                f"{plugin} needs {setting.name}: {setting.help}",
                hint=f"Write it {where}" if where else "",
            )
    return config(**ready)


def _unwrap(hint: Any) -> tuple[type, Option]:
    option = Option("")
    if get_origin(hint) is typing.Annotated:
        hint, *extras = get_args(hint)
        option = next((extra for extra in extras if isinstance(extra, Option)), option)
    if get_origin(hint) in (Union, types.UnionType):
        hint = next(part for part in get_args(hint) if part is not type(None))
    return hint, option


_WORDS = {"yes": True, "true": True, "on": True, "1": True} | {
    "no": False,
    "false": False,
    "off": False,
    "0": False,
}


def _convert(setting: Setting, value: str, plugin: str) -> Any:
    try:
        if setting.type is bool:
            return _WORDS[value.strip().lower()]
        if setting.type is Path:
            return Path(value).expanduser()
        return setting.type(value)
    except (ValueError, KeyError) as error:
        wanted = {bool: "yes or no", int: "a whole number", float: "a number"}.get(
            setting.type, setting.type.__name__
        )
        raise ConfigError(f"{plugin}: {setting.name} must be {wanted}, not {value!r}.") from error
