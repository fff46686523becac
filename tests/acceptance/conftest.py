"""What journeys begin with: media that are served, and the bundle that has to come of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from decamp_tiktok.sandbox import MediaServer
from journey import Journey, tree


@pytest.fixture(scope="module")
def media() -> Iterator[MediaServer]:
    with MediaServer() as running:
        yield running


@pytest.fixture(scope="module")
def expected(
    source: Path, media: MediaServer, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """Give the files that a transfer of the module's source puts into a folder, by their digests."""
    journey = Journey(tmp_path_factory.mktemp("disk"), media)
    assert journey.run(source)["exit_code"] == 0
    return tree(journey.bundle)
