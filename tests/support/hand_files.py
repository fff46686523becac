"""Writes exports as people hand them over, and reads bundles with the standard library only."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from archive_leaves import leaves

__all__ = ["account", "bundle_leaves", "documents", "keys", "pack", "rezipped", "zipped"]

JSON_NAME = "user_data_tiktok.json"


def zipped(path: Path, entries: Mapping[str, str | bytes]) -> Path:
    """Write a zip file with these entries."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def pack(path: Path, document: Any) -> Path:
    """Write an export as TikTok does: a zip with one file of JSON at its root."""
    return zipped(path, {JSON_NAME: json.dumps(document, ensure_ascii=False, indent=2)})


def rezipped(path: Path, document: Any) -> Path:
    """Write an export as it looks after a Mac has unpacked and packed it again."""
    folder = "TikTok Data (1)"
    return zipped(
        path,
        {
            f"{folder}/": "",
            f"{folder}/.DS_Store": b"\0\0\0\1Bud1",
            f"{folder}/{JSON_NAME}": json.dumps(document),
            f"__MACOSX/{folder}/._{JSON_NAME}": b"\0\5\26\7\0\2\0\0Mac OS X",
        },
    )


def account(name: str = "hand.made", words: str = "one two three", **more: Any) -> dict[str, Any]:
    """Give a small export without media: a profile, a search for each word, and more roots."""
    searches = [
        {"Date": f"2024-01-01 00:00:{second:02d}", "SearchTerm": word}
        for second, word in enumerate(words.split())
    ]
    return {
        "Profile": {"Profile Info": {"ProfileMap": {"userName": name}}},
        "Your Activity": {"Searches": {"SearchList": searches}},
        **more,
    }


def documents(bundle: Path) -> Iterator[Any]:
    """Read every record and every row below the payload folder."""
    for path in sorted((bundle / "data").rglob("*.json")):
        yield json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((bundle / "data").rglob("*.jsonl")):
        # Not splitlines: texts may hold U+2028, which ends no line of JSON.
        for line in path.read_text(encoding="utf-8").split("\n"):
            if line:
                yield json.loads(line)


def bundle_leaves(bundle: Path) -> Counter[str]:
    """Count the values of all records and rows."""
    found: Counter[str] = Counter()
    for document in documents(bundle):
        found.update(leaves(document))
    return found


def keys(value: Any) -> Iterator[str]:
    """Yield the keys of all objects."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner)
