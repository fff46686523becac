"""TikTok as the sandbox plays it, and the service that is registered with it."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from decamp_service.settings import Settings
from service_runner import FEW, HOUR, USERS, Runner, kept_port

from decamp_tiktok.sandbox.service import SandboxOptions, SandboxServer, User, example_app


@pytest.fixture
def url() -> Iterator[str]:
    """Where the service is to be found, whenever it runs."""
    with kept_port() as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def tiktok(url: str) -> Iterator[SandboxServer]:
    app = example_app(
        7,
        "web",
        name="Copies",
        redirect_uris=(f"{url}/callback",),
        webhook=f"{url}/webhook",
    )
    users = (
        User(username=USERS["alice"], seed=7, counts=FEW),
        User(username=USERS["bob"], seed=11, region="GB", counts=FEW),
    )
    with SandboxServer(SandboxOptions(apps=(app,), users=users, delay=HOUR)) as server:
        yield server


@pytest.fixture
def service(tiktok: SandboxServer, tmp_path: Path) -> Runner:
    app = tiktok.app
    url = app.redirect_uris[0].removesuffix("/callback")
    settings = Settings(
        folder=tmp_path / "service",
        url=url,
        client_key=app.key,
        client_secret=app.secret,
        api=tiktok.address,
    )
    return Runner(settings, tiktok.clock.now, int(urlsplit(url).port or 0))
