"""The JSON Schemas of decamp, as package data.

Other languages read the same files from ``schemas/decamp_schemas/v1/``.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["load", "names", "text"]

VERSION = "v1"
_SUFFIX = ".schema.json"


def names(version: str = VERSION) -> tuple[str, ...]:
    """List the schemas of a version, sorted: ``("bundle", "conversation", …)``."""
    folder = files(__name__) / version
    found = (entry.name for entry in folder.iterdir() if entry.name.endswith(_SUFFIX))
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in found))


def text(name: str, version: str = VERSION) -> str:
    """Read one schema as the text that is on disk.

    Raises:
        KeyError: There is no schema of this name.
    """
    if name not in names(version):
        raise KeyError(name)
    return (files(__name__) / version / (name + _SUFFIX)).read_text(encoding="utf-8")


@cache
def load(name: str, version: str = VERSION) -> dict[str, Any]:
    """Read one schema. The result is shared: do not change it.

    Raises:
        KeyError: There is no schema of this name.
    """
    schema: dict[str, Any] = json.loads(text(name, version))
    return schema
