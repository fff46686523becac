"""Videos by way of the video service, which is simulated; the server and the tokens are real."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from attrs import evolve

from bluesky_runs import blob, mp4, png, post
from decamp import ConfigError, ItemHeld, ItemRejected, Unavailable
from decamp_bluesky.importer import BlueskyImporter
from pds_run import Account, Pds
from sent_bytes import Told
from video_service import VideoSimulator, video_service

FILM = post(1, "A film", blob("1.mp4", mp4()), alt_text="A gull")


@pytest.fixture
def service(pds: Pds) -> Iterator[VideoSimulator]:
    with video_service(pds) as running:
        yield running


@pytest.fixture
def importer(
    make: Callable[..., BlueskyImporter], service: VideoSimulator, waits: list[float]
) -> BlueskyImporter:
    """Let no time pass while a job runs."""
    made = make(video="service", video_service=service.url)
    made._context = evolve(made._context, pause=waits.append)
    return made


@pytest.fixture
def waits() -> list[float]:
    """Tell how much time would have passed."""
    return []


def test_it_is_made_ready_first(
    importer, service: VideoSimulator, waits, pds: Pds, account: Account
) -> None:
    service.encodes = b"encoded anew"
    receipt = importer.import_item(FILM)
    [record] = pds.repository(account.did).values()
    assert record["embed"]["$type"] == "app.bsky.embed.video"
    assert record["embed"]["alt"] == "A gull"
    assert pds.blob(account.did, pds.blobs(account.did)[0]) == mp4() + b"encoded anew"
    assert len(waits) == 2
    assert importer.find_item(FILM) is not None
    again = importer.import_item(FILM)
    assert again.existed
    assert again.data["records"] == receipt.data["records"]
    assert service.asked.count("app.bsky.video.uploadVideo") == 1
    [found] = importer.verify([receipt], "digest")
    assert not found.problem
    changed = post(1, "A better text", *FILM.blobs, alt_text="A gull")
    assert importer.remove(importer.update_item(changed, receipt), receipt) == receipt
    assert importer.remove(receipt, None) is None
    assert pds.repository(account.did) == {}


@pytest.mark.parametrize("hours", [-3, 3])
def test_the_clock_of_this_computer_may_be_wrong(importer, hours: int) -> None:
    """A token that is good for too long, or no more, is refused by the account's server."""
    right = importer._context.now
    importer._context = evolve(importer._context, now=lambda: right() + timedelta(hours=hours))
    assert not importer.import_item(FILM).existed


@pytest.mark.parametrize("way", ["service", "server"])
def test_what_is_uploaded_counts_as_sent(make, service: VideoSimulator, waits, way: str) -> None:
    importer = make(video=way, video_service=service.url)
    importer._context = evolve(importer._context, pause=waits.append)
    video = blob("1.mp4", mp4(3 << 20))
    assert video.size is not None
    meter = Told(video.size)
    meter.of(importer.import_item, post(3, "A long film", video))
    assert meter.sent == video.size
    steps = [position for _, position in meter.reached if position > 1 << 20]
    assert len(steps) > 4, "and piece by piece"


def test_photos_go_to_the_server(importer, service: VideoSimulator, pds: Pds, account) -> None:
    importer.import_item(post(2, "A photo", blob("1.png", png(4, 4))))
    assert service.asked == []
    assert len(pds.blobs(account.did)) == 1


def test_a_file_that_it_knows_is_the_same_job(importer, service: VideoSimulator) -> None:
    first = importer.import_item(FILM)
    importer.remove(first, None)
    assert not importer.import_item(FILM).existed
    assert len(service.jobs) == 1


def test_a_video_that_it_cannot_use(importer, service: VideoSimulator, pds: Pds, account) -> None:
    service.fails = "Too long\x1b[31m."
    with pytest.raises(ItemRejected, match=r"ready: Too long\[31m\.$"):
        importer.import_item(FILM)
    assert pds.repository(account.did) == {}


@pytest.mark.parametrize(
    "limits",
    [
        {"canUpload": False, "message": "Confirm your e-mail"},
        {"canUpload": True, "remainingDailyBytes": 9},
    ],
)
def test_no_room_today(importer, service: VideoSimulator, limits: dict) -> None:
    service.limits = limits
    with pytest.raises(ItemHeld, match=str(limits.get("message", "limit of a day"))):
        importer.import_item(FILM)
    assert service.asked == ["app.bsky.video.getUploadLimits"]


def test_a_job_without_end(importer, service: VideoSimulator, waits: list[float]) -> None:
    service.looks = 100_000
    with pytest.raises(Unavailable, match="too long"):
        importer.import_item(FILM)
    assert sum(waits) == 900


def test_an_address_that_is_not_safe(make) -> None:
    with pytest.raises(ConfigError, match="no https address"):
        make(video="service", video_service="http://video.example").import_item(FILM)
