"""The sandbox as the host sees it, and the command that makes fixtures."""

from __future__ import annotations

import json
import re
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

import pytest

from decamp import ConfigError, Sandbox
from decamp_tiktok.sandbox import TikTokSandbox
from decamp_tiktok.sandbox.__main__ import main

NOW = datetime(2027, 3, 1, tzinfo=UTC)


def sandbox() -> TikTokSandbox:
    return TikTokSandbox(now=lambda: NOW)


def document(location: str) -> dict[str, Any]:
    with zipfile.ZipFile(location) as file:
        loaded: dict[str, Any] = json.loads(file.read("user_data_tiktok.json"))
    return loaded


def status(link: str) -> int:
    try:
        with build_opener(ProxyHandler({})).open(link, timeout=60) as response:
            response.read()
            code: int = response.status
            return code
    except HTTPError as error:
        return error.code


def test_session_serves_all_media_but_one(tmp_path: Path) -> None:
    ready: Sandbox = sandbox()
    with ready.start(tmp_path / "demo") as session:
        assert Path(session.location).parent == tmp_path / "demo"
        ((host, port),) = session.allowed
        assert host == "127.0.0.1"
        posts = document(session.location)["Post"]["Posts"]["VideoList"]
        links = [post["Link"].split("\n") for post in posts]
        assert all(f":{port}/" in link for several in links for link in several)
        outcomes = [{status(link) for link in several} for several in links]
        assert len(outcomes) == 25
        assert outcomes.count({403}) == 1
        assert outcomes.count({200}) == 24
        assert sum(len(several) > 1 for several in links) == 2
        profile = document(session.location)["Profile And Settings"]["Profile Info"]["ProfileMap"]
        assert status(profile["profilePhoto"]) == 403


def test_second_session_in_the_same_folder_differs_in_ports_only(tmp_path: Path) -> None:
    archives = []
    for _ in range(2):
        with sandbox().start(tmp_path) as session:
            archives.append(json.dumps(document(session.location)))
    first, second = (re.sub(r"127\.0\.0\.1:\d+", "host", text) for text in archives)
    assert first == second
    assert len(list(tmp_path.iterdir())) == 1


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"), sandbox().start(tmp_path / "file"):
        pytest.fail("the session must not start")


def test_command_writes_what_the_name_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "made.zip"
    assert main([str(archive), "--generation", "A", "--seed", "3", "--scale", "0.0005"]) == 0
    assert zipfile.ZipFile(archive).namelist() == ["user_data.json"]
    assert re.search(r"^ +500  watched$", capsys.readouterr().out, re.MULTILINE)
    assert main([str(tmp_path / "made.json"), "--empty", "--category", "video"]) == 0
    assert set(json.loads((tmp_path / "made.json").read_text("utf-8"))) <= {"Post"}
    assert main([str(tmp_path / "made"), "--trim-before", "2026-01-01", "--compact"]) == 0
    assert (tmp_path / "made" / "user_data_tiktok.json").stat().st_size


@pytest.mark.parametrize(
    "arguments",
    [
        ["--generation", "E"],
        ["--exported-at", "yesterday"],
        ["--exported-at", "1970-01-01"],
        ["--scale", "-1"],
        ["--scale", "1", "--empty"],
    ],
)
def test_command_refuses_nonsense(
    tmp_path: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path / "made.zip"), *arguments])
    assert ended.value.code == 2
    assert arguments[0].removeprefix("--")[:8] in capsys.readouterr().err.replace("_", "-")
    assert not list(tmp_path.iterdir())


def test_command_says_where_it_cannot_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "missing" / "made.zip")]) == 6
    assert "cannot be written" in capsys.readouterr().err
