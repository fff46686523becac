"""The text format of an archive: one file for each section, in English.

Real ones are localised, and nobody should ask for them; so this is for small accounts, and
close to what was seen, not the same.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from decamp_tiktok.sandbox.archive import generate
from decamp_tiktok.sandbox.options import ArchiveOptions

__all__ = ["write_text_archive"]

_DATE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_NOTHING = "You have no data in this section\n"


def write_text_archive(path: Path, options: ArchiveOptions) -> None:
    """Write a zip of text files.

    Raises:
        OSError: The path cannot be written.
    """
    moment = options.exported_at.utctimetuple()[:6]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for group, sections in generate(options).items():
            for section, content in (sections or {}).items():
                name = f"TikTok/{group}/{section}.txt".replace("..", ".")
                text = "".join(_lines(content)) or _NOTHING
                archive.writestr(zipfile.ZipInfo(name, date_time=moment), text)


def _lines(content: Any) -> Iterator[str]:
    """Write the rows of a section, an empty line after each."""
    if isinstance(content, list):
        for row in content:
            yield from _lines(row)
    elif isinstance(content, Mapping):
        plain = {key: value for key, value in content.items() if isinstance(value, str)}
        if plain:
            yield "".join(f"{key}: {_value(value)}\n" for key, value in plain.items()) + "\n"
        for key, value in content.items():
            if isinstance(value, Mapping | list):
                if key.startswith("Chat History with"):
                    yield f">>> {key}\n"
                yield from _lines(value)


def _value(text: str) -> str:
    return f"{text} UTC" if _DATE.fullmatch(text) else text
