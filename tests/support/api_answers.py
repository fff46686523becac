"""The documented answers of TikTok's API, a client of it, and an exporter on that client; fixtures of both."""

from __future__ import annotations

import io
import json
import logging
import os
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from decamp import Context, Grant
from decamp_tiktok.api.client import PortabilityClient
from decamp_tiktok.api.exporter import ApiExporter
from decamp_tiktok.config import Config
from faulty_http import Answer, Server, serving

ADD, CHECK = "/v2/user/data/add/", "/v2/user/data/check/"
DOWNLOAD, CANCEL = "/v2/user/data/download/", "/v2/user/data/cancel/"
LARGE = 9_223_372_036_854_775_807
"""The largest of 64 bits: JavaScript would round it."""


def reply(http: int = 200, code: str = "ok", message: str = "", /, **data: Any) -> Answer:
    error = {"code": code, "message": message, "log_id": "2026112509AB"}
    body = json.dumps({"data": data, "error": error}).encode()
    return Answer(http, body, {"Content-Type": "application/json"})


def zipped(size: int = 1000) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("user_data_tiktok.json", os.urandom(size))
    return made.getvalue()


def made(client: PortabilityClient, folder: Path, *scopes: str) -> ApiExporter:
    granted = frozenset(scopes or {"portability.all.ongoing"})
    moment = datetime(2026, 11, 25, tzinfo=UTC)
    grant = Grant(account="open-1", asked=granted, scopes=granted, since=moment)
    config = Config(api=client.base)
    log = logging.getLogger("decamp.tiktok")
    return ApiExporter(Context(config, log, lambda: moment, folder, client.http, grant))


def posted(server: Server) -> dict[str, Any]:
    return json.loads(server.bodies[-1])


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[PortabilityClient]:
    signed = {"Authorization": "Bearer act.secret"}
    with httpx.Client(headers=signed, trust_env=False, timeout=60) as http:
        yield PortabilityClient(http, server.url(""))


@pytest.fixture
def exporter(client: PortabilityClient, tmp_path: Path) -> ApiExporter:
    return made(client, tmp_path)
