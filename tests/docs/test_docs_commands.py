"""What the pages show can be typed: commands parse, Python compiles, examples run."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer

from cli_run import Cli
from decamp.cli.app import load_command
from decamp_tiktok.archive.tables import LISTS, LIVE_LISTS, LIVE_ROOMS
from decamp_tiktok.sandbox import ArchiveOptions, write_archive
from decamp_tiktok.sandbox.__main__ import _parser as sandbox_parser

ROOT = Path(__file__).parents[2]
PAGES = (
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "examples").glob("*/README.md")),
)
PARTNER = "river.otter7"

_BLOCK = re.compile(r"^[ ]*```(\w*)\n(.*?)^[ ]*```$", re.MULTILINE | re.DOTALL)
_PROGRAM = re.compile(r"(?:\$ )?(?:\S*/)?(decamp|python -m decamp_tiktok\.sandbox) (?=\S)(.*)")
_ON = re.compile(r"\s+(?:[|>]|&&|#).*")


def _commands(text: str) -> Iterator[tuple[str, str]]:
    """Give program and words of each command line, in blocks and in running text."""
    blocks = [body for _, body in _BLOCK.findall(text)]
    inline = re.findall(r"`([^`\n]+)`", _BLOCK.sub("", text))
    for line in [line for body in blocks for line in body.splitlines()] + inline:
        if found := _PROGRAM.fullmatch(line.strip()):
            yield found[1], _ON.sub("", found[2])


def _shown(program: str) -> list[Any]:
    found = {
        (page.name, words)
        for page in PAGES
        for name, words in _commands(page.read_text(encoding="utf-8"))
        if name == program
    }
    return [pytest.param(words, id=f"{page}: {words}") for page, words in sorted(found)]


def _parse(words: list[str]) -> None:
    """Let a command judge its words without running it. Raises its usage errors."""
    name, *rest = words
    command = load_command(name)
    while rest and hasattr(command, "commands"):
        name, *rest = rest
        command = command.commands[name]
    if rest:  # a name alone is no line to type, but a mention
        with contextlib.suppress(typer.Exit):  # --help ends there
            command.make_context(name, rest)


@pytest.mark.parametrize("words", _shown("decamp"))
def test_every_command_shown_parses(words: str) -> None:
    if words.startswith("-"):
        assert words in ("--help", "--version")
    else:
        _parse(shlex.split(words))


@pytest.mark.parametrize("words", _shown("python -m decamp_tiktok.sandbox"))
def test_every_sandbox_command_shown_parses(words: str) -> None:
    assert sandbox_parser().parse_args(shlex.split(words)).out


def test_the_search_finds_commands() -> None:
    text = "`decamp runs`, `decamp.json`\n```\n$ x/bin/decamp plan A B > f\ndecamp is a word\n```\n"
    assert list(_commands(text)) == [
        ("decamp", "plan A B"),
        ("decamp", "is a word"),
        ("decamp", "runs"),
    ]


def test_a_command_that_does_not_exist_does_not_parse() -> None:
    with pytest.raises(Exception, match="No such option"):
        _parse(["transfer", "a", "b", "--nonsense"])
    with pytest.raises(ModuleNotFoundError):
        _parse(["nonsense"])
    with pytest.raises(KeyError):
        _parse(["plugins", "nonsense"])


def _python(page: Path) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return [body for language, body in _BLOCK.findall(text) if language == "python"]


@pytest.mark.parametrize(
    "page", [page for page in PAGES if _python(page)], ids=lambda one: one.name
)
def test_python_compiles(page: Path) -> None:
    for body in _python(page):
        compile(body, page.name, "exec")


@pytest.mark.parametrize("page", PAGES, ids=lambda one: one.name)
def test_json_is_json(page: Path) -> None:
    for language, body in _BLOCK.findall(page.read_text(encoding="utf-8")):
        if language == "json":
            json.loads(body)


def test_every_collection_is_documented() -> None:
    text = (ROOT / "docs" / "tiktok-archive.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"\| `(\w+)` \| `([a-z-]+)` \|$", text, re.MULTILINE))
    keys = {rule.collection.key for rule in (*LISTS, LIVE_ROOMS, *LIVE_LISTS)}
    assert set(listed.values()) == keys
    lists = {rule.key: rule.collection.key for rule in (*LISTS, LIVE_ROOMS, *LIVE_LISTS)}
    assert {name.lower(): key for name, key in listed.items()} == lists


def _run(source: str) -> str:
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(source, "example", "exec"), {})
    return said.getvalue()


@pytest.fixture
def journey(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Bring two exports, a year apart, into ``TikTok``, with a receipt beside it."""
    monkeypatch.chdir(tmp_path)
    decamp = Cli(tmp_path / "home")
    for year in (2025, 2026):
        at = datetime(year, 11, 20, 12, tzinfo=UTC)
        write_archive(tmp_path / f"{year}.zip", ArchiveOptions(seed=3, exported_at=at))
        ended = decamp("transfer", f"{year}.zip", "TikTok", "--kind", "messages,activity", "--json")
        assert ended.code == 0, ended.err
        (tmp_path / "receipt.json").write_text(ended.out, encoding="utf-8")
    return tmp_path


def test_the_examples_read_a_bundle(journey: Path) -> None:
    folder = journey / "TikTok" / "data" / "messages" / PARTNER
    files = [path.read_bytes().split(b"\n")[:-1] for path in folder.glob("*.jsonl")]
    assert len(files) > 1, "two exports give two segments"
    assert all("rows" in json.loads(lines[0]) for lines in files)
    wanted = sorted(
        (json.loads(line) for lines in files for line in lines[1:]), key=lambda row: row["time"]
    )
    [example] = _python(ROOT / "docs" / "bundle.md")
    assert len(example.split("\n")) <= 12
    expected = "".join(f"{row['time']} {row['from']} {row['text']}\n" for row in wanted)
    assert sorted(_run(example).splitlines()) == sorted(expected.splitlines())
    assert re.findall(r"^2\d{3}-\S+Z", _run(example), re.MULTILINE) == [
        row["time"] for row in wanted
    ]


def test_the_example_reads_a_receipt(journey: Path) -> None:
    [example] = _python(ROOT / "docs" / "json-output.md")
    assert "had not been asked for" in _run(example)
    assert "Counter()" in _run(example)


def _anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", _BLOCK.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda one: one.name)
def test_every_anchor_leads_to_a_heading(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", page.read_text(encoding="utf-8")):
        assert anchor in _anchors(page.parent / target if target else page)
