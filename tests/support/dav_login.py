"""Signing in at WebDAV servers by the command line, with secrets in a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli_run import Cli
from dav_servers import DavServer
from decamp_tiktok.sandbox import ArchiveOptions, Counts, write_archive

__all__ = ["FILE", "archive", "cli", "sign_in"]

FILE = {"DECAMP_SECRETS": "file"}


@pytest.fixture
def archive(tmp_path: Path) -> str:
    """A small export, which needs no media."""
    path = tmp_path / "TikTok_Data.zip"
    write_archive(path, ArchiveOptions(counts=Counts(posts=0, watched=3)))
    return str(path)


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """decamp with a home of its own."""
    return Cli(tmp_path / "home")


def sign_in(cli: Cli, server: DavServer, name: str = "webdav", url: str = "") -> None:
    """Make a connection to a server, or to an address at it."""
    stem = f"DECAMP_{name.upper()}"
    variables = {f"{stem}_USER": server.user, f"{stem}_PASSWORD": server.password}
    ended = cli("connect", f"webdav:{url or server.url}", name, **FILE | variables)
    assert ended.code == 0, ended.err
