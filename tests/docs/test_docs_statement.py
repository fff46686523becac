"""The statement about the handling of data, in docs/apply-for-access.md, is true.

An applicant signs it, so what it says of decamp is held here, or by the test that it names.
"""

from __future__ import annotations

import ast
import json
import os
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from cli_run import Cli
from decamp_tiktok.sandbox import ArchiveOptions, write_archive

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "apply-for-access.md").read_text(encoding="utf-8")
SENTENCE = re.compile(r"^> ?(\d\.\d) ", re.MULTILINE)
ROW = re.compile(r"^\| (\d\.\d) \| (.*) \|$", re.MULTILINE)
BUILT_IN = {
    "decamp_tiktok": {"www.tiktok.com", "open.tiktokapis.com"},
    "decamp_bluesky": {
        *("plc.directory", "public.api.bsky.app", "bsky.app", "video.bsky.app"),
    },
}
"""Addresses of services, by the only plugin that may name them."""
MESSAGE_LENGTH = 12
"""Shorter texts may stand in a digest or a name by chance."""


def test_each_sentence_is_accounted_for_once() -> None:
    assert [number for number, _ in ROW.findall(PAGE)] == [
        number
        for number in SENTENCE.findall(PAGE)
        if number != "6.4"  # the applicant's own
    ]


def test_what_holds_a_sentence_exists() -> None:
    named = [path for _, row in ROW.findall(PAGE) for path in re.findall(r"`([\w/-]+\.py)`", row)]
    assert len(named) > 15
    for path in named:
        inside = [ROOT / path, ROOT / "plugins" / path]
        assert any(one.is_file() for one in inside), path


def _texts(path: Path) -> Iterator[str]:
    """Give the texts of a module that are no documentation."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    told = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.value


def test_1_3_no_address_is_built_in_but_those_of_plugins() -> None:
    found: dict[str, set[str]] = {}
    for folder in ("core", "plugins"):
        for path in (ROOT / folder).rglob("*.py"):
            if not {"sandbox", "testing"} & set(path.parts):
                for text in _texts(path):
                    for host in re.findall(r"https?://([\w.-]+\.[a-z]{2,})", text):
                        found.setdefault(host, set()).add(path.relative_to(ROOT / folder).parts[0])
    fetched = {
        host: paths
        for host, paths in found.items()
        if not host.startswith(("developers.", "www.w3.")) and not host.endswith(".example.org")
    }
    for host, places in fetched.items():
        assert all(host in BUILT_IN.get(place, ()) for place in places), (host, places)


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bring an archive into a bundle, with a mask that would let everybody read everything."""
    folder = tmp_path_factory.mktemp("statement")
    at = datetime(2026, 11, 20, 12, tzinfo=UTC)
    write_archive(folder / "export.zip", ArchiveOptions(seed=3, exported_at=at))
    former = os.umask(0)
    try:
        ended = Cli(folder / "home")("transfer", str(folder / "export.zip"), str(folder / "TikTok"))
    finally:
        os.umask(former)
    assert ended.code in (0, 3), ended.err
    return folder


@pytest.mark.skipif(sys.platform == "win32", reason="modes of files are those of POSIX")
def test_2_2_nobody_else_can_read_what_is_kept(moved: Path) -> None:
    kept = [moved / "home", moved / "TikTok"]
    paths = [path for folder in kept for path in (folder, *folder.rglob("*"))]
    assert len(paths) > 10
    assert [path for path in paths if path.stat().st_mode & 0o077 and path.name != ".lock"] == []


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)


def _chats(value: Any) -> Iterator[str]:
    """Give the texts of all messages, wherever this generation has them."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "Content" and isinstance(inner, str):
                yield inner
            else:
                yield from _chats(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _chats(inner)


def test_2_3_the_journal_holds_no_message_and_no_link(moved: Path) -> None:
    [name] = ZipFile(moved / "export.zip").namelist()
    export = json.loads(ZipFile(moved / "export.zip").read(name))
    messages = {text for text in _chats(export) if len(text) >= MESSAGE_LENGTH}
    links = {text for text in _leaves(export) if text.startswith("https://")}
    assert len(messages) > 20 and len(links) > 20
    kept = b"".join(path.read_bytes() for path in (moved / "home").glob("journal.db*"))
    assert len(kept) > 10_000
    assert [text for text in messages | links if text.encode() in kept] == []


def test_3_1_rows_and_media_on_their_way_are_gone(moved: Path) -> None:
    assert [path for path in (moved / "home" / "tmp").rglob("*") if path.is_file()] == []
