"""The docs name every error, exit code and field of the contract that exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import decamp
from decamp import errors

DOCS = Path(__file__).parents[2] / "docs"
CLASSES = [getattr(errors, name) for name in errors.__all__ if name != "Reaction"]


def test_every_error_code_is_documented_with_its_exit_code() -> None:
    table = dict(
        re.findall(r"^\| `([a-z-]+)` \| (\d+) \|", (DOCS / "errors.md").read_text(), re.MULTILINE)
    )
    assert table == {one.code: str(one.exit_code) for one in CLASSES}


@pytest.mark.parametrize("code", sorted({one.exit_code for one in CLASSES} | {0, 130}))
def test_every_exit_code_is_documented(code: int) -> None:
    assert f"\n| {code} | " in (DOCS / "errors.md").read_text()


def test_every_name_of_the_contract_is_documented() -> None:
    text = (DOCS / "plugin-contract.md").read_text()
    missing = [name for name in decamp.__all__ if name not in text and not name.startswith("__")]
    assert missing == []


def test_every_page_is_listed_and_every_link_leads_somewhere() -> None:
    index = (DOCS / "index.md").read_text()
    for page in DOCS.rglob("*.md"):
        relative = page.relative_to(DOCS).as_posix()
        assert relative == "index.md" or f"({relative})" in index, relative
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{relative}: {target}"
