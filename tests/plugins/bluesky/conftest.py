"""A real server for the tests, an account for each, and importers to it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bluesky_runs import Place
from cli_run import Cli
from decamp import Context
from decamp_bluesky.config import Config
from decamp_bluesky.importer import BlueskyImporter
from decamp_bluesky.signin import VARIABLE
from pds_run import Account, Pds, require_pds

MakeImporter = Callable[..., BlueskyImporter]


@pytest.fixture(scope="session")
def pds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pds]:
    """Run a server without limits on how much is written."""
    require_pds()
    with Pds.run(tmp_path_factory.mktemp("pds"), {"PDS_BLOB_UPLOAD_LIMIT": str(80 << 20)}) as ready:
        yield ready


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the demo's bundle, whose links have died."""
    folder = tmp_path_factory.mktemp("demo")
    Cli(folder / "home")("demo", str(folder / "demo"), "-q")
    return folder / "demo" / "bundle"


@pytest.fixture
def account(pds: Pds, monkeypatch: pytest.MonkeyPatch) -> Account:
    """Make a new account, and let its app password be found."""
    made = pds.account()
    monkeypatch.setenv(VARIABLE, made.app_password)
    return made


@pytest.fixture
def place(pds: Pds, account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Give a home for runs of the engine to the account."""
    monkeypatch.setenv("DECAMP_SECRETS", "file")
    return Place(tmp_path / "home", Config(account.handle, server=pds.url))


@pytest.fixture
def make(pds: Pds, account: Account, tmp_path: Path) -> Iterator[MakeImporter]:
    """Make importers to the account, with these settings."""
    made: list[BlueskyImporter] = []

    def build(**settings: object) -> BlueskyImporter:
        config = Config(**({"handle": account.handle, "server": pds.url} | settings))
        log = logging.getLogger("test")
        importer = BlueskyImporter(Context(config, log, lambda: datetime.now(UTC), tmp_path))
        made.append(importer)
        return importer

    yield build
    for importer in made:
        importer.close()
