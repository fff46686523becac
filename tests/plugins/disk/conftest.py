"""An S3 server for the tests of this folder, started when the first of them asks."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from s3_server import KEYS, client, s3_server


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """Give the address of a server."""
    with s3_server() as address:
        yield address


@pytest.fixture
def signed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let botocore find keys in the environment, and nothing of this machine."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    monkeypatch.setenv("AWS_CONFIG_FILE", "absent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "absent")
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def bucket(s3: str, signed_in: None) -> str:
    """Give a new bucket."""
    name = f"bucket-{secrets.token_hex(4)}"
    client(s3).create_bucket(Bucket=name)
    return name
