"""Media that cannot be had are listed and never stored; they come as soon as they can be had."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from decamp_tiktok.sandbox import MediaServer
from decamp_tiktok.sandbox.faults import Fault
from hand_archives import clip
from hand_files import account, pack
from journey import Journey

INSIDE = "http://169.254.169.254/latest/meta-data/"
FAULTS = {
    "expired": "refused",
    "not-found": "gone",
    "gone": "gone",
    "html": "not-media",
    "empty": "empty",
    "redirect": "refused",
    "changed-etag": "not-media",
}
HARMLESS = ("cut", "ignore-range", "flaky", "wrong-type")


def export(path: Path, links: list[str]) -> Path:
    """Write an export with one post for each link."""
    posts = [
        {"Date": f"2024-01-01 00:00:{n:02d}", "Link": link, "Likes": "1"}
        for n, link in enumerate(links)
    ]
    return pack(path, account(Post={"Posts": {"VideoList": posts}}))


def path_of(link: str) -> str:
    return urlsplit(link).path


def stored(bundle: Path) -> set[str]:
    """Name the posts, by their second, that have a video."""
    return {path.parent.name[-3:-1] for path in bundle.rglob("1.*") if path.suffix != ".json"}


def missing(receipt: dict[str, Any]) -> list[str]:
    return sorted(entry["code"] for entry in receipt["media"]["missing"])


def test_every_fault_is_listed_and_only_what_was_missing_comes_later(tmp_path: Path) -> None:
    with MediaServer() as server:
        links = [clip(server.base, n) for n in range(len(FAULTS) + len(HARMLESS) + 1)]
        for link, kind in zip(links, (*FAULTS, *HARMLESS), strict=False):
            server.faults[path_of(link)] = Fault(kind, location=INSIDE)  # type: ignore[arg-type]
        archive = export(tmp_path / "a.zip", links)
        journey = Journey(tmp_path, server)
        first = journey.run(archive)
        assert first["exit_code"] == 3
        assert missing(first) == sorted(FAULTS.values())
        assert all(entry["reason"] for entry in first["media"]["missing"])
        assert "signature" not in json.dumps(first), "no signed link in a receipt"
        assert stored(journey.bundle) == {f"{n:02d}" for n in range(len(FAULTS), len(links))}
        journey.bag()

        server.faults.clear()
        before = len(server.requests)
        second = journey.run(archive)
        asked = {request.path for request in server.requests[before:]}
    assert (second["exit_code"], second["verdict"]["complete"]) == (0, True)
    assert asked == {path_of(link) for link in links[: len(FAULTS)]}
    assert len(stored(journey.bundle)) == len(links)
    journey.bag()


def test_addresses_that_lead_inside_are_not_asked(tmp_path: Path) -> None:
    with MediaServer() as server:
        own = f"http://127.0.0.1:{server.port}"
        links = [
            clip(own, 1),
            clip(f"http://localhost:{server.port}", 2),
            clip(f"http://[::ffff:127.0.0.1]:{server.port}", 3),
            clip(f"http://2130706433:{server.port}", 4),
            clip("http://10.0.0.1", 5),
        ]
        journey = Journey(tmp_path)  # without the allowance that a sandbox has
        receipt = journey.run(export(tmp_path / "a.zip", links))
        assert server.requests == []
    assert receipt["exit_code"] == 3
    assert missing(receipt) == ["refused"] * len(links)
    assert stored(journey.bundle) == set()


def test_a_folder_of_media_completes_what_expired(tmp_path: Path) -> None:
    with MediaServer() as server:
        links = [clip(server.base, n) for n in (1, 2)]
        archive = export(tmp_path / "a.zip", links)
        whole = Journey(tmp_path / "whole", server)
        assert whole.run(archive)["exit_code"] == 0
        for link in links:
            server.faults[path_of(link)] = Fault("expired")
        journey = Journey(tmp_path / "late", server)
        assert journey.run(archive)["exit_code"] == 3
        videos = tmp_path / "my videos"
        videos.mkdir()
        for number, path in enumerate(sorted(whole.bundle.rglob("1.mp4"))):
            shutil.copy(path, videos / f"2024-01-01 00-00-{number:02d}.mp4")
        named = {"options": [f"from.media={videos}"]}
        plan = journey.run(archive, plan=True, **named)
        receipt = journey.run(archive, **named)
    media = {"stored": plan["media"]["here"], "bytes": plan["media"]["bytes"], "missing": []}
    assert (media, plan["media"]["links"]) == (receipt["media"], 0)
    assert (receipt["exit_code"], receipt["verdict"]["complete"]) == (0, True)
    assert stored(journey.bundle) == {"00", "01"}
    journey.bag()


@pytest.mark.parametrize("link", ["file:///etc/passwd", "not an address", "//no.scheme/x.mp4"])
def test_a_link_that_is_no_web_address_is_listed(link: str, tmp_path: Path) -> None:
    receipt = Journey(tmp_path).run(export(tmp_path / "a.zip", [link]))
    assert receipt["exit_code"] == 3
    assert len(receipt["media"]["missing"]) == 1
