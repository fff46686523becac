"""What is foretold of a post, and what it costs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bluesky_runs import LONG, Place, blob, mp4, png, post
from decamp import Blob, Item, Link, Missing
from decamp_bluesky.config import Config
from decamp_bluesky.losses import preview_of
from pds_run import Account, Pds

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
PHOTOS = tuple(blob(f"{n}.png", png(4, 4, n)) for n in range(5))


def linked(name: str, hours: int) -> Blob:
    kind = "video/mp4" if name.endswith("4") else "image/jpeg"
    return Blob(name, kind, link=Link("https://cdn/x", NOW + timedelta(hours=hours)))


@pytest.mark.parametrize(
    ("item", "settings", "expected"),
    [
        (post(1, "Plain"), {}, {}),
        (post(1, "x" * 301), {}, {"long-text": (True, "a thread")}),
        (post(1, "x" * 301), {"long_text": "truncate"}, {"long-text": (True, "cut off")}),
        (post(1, "x" * 301), {"long_text": "skip"}, {"long-text": (True, "left out")}),
        (post(1, "@ada"), {}, {"mentions": (True, "stay text")}),
        (post(1, "", *PHOTOS), {}, {"many-photos": (True, "a thread")}),
        (post(1, "", *PHOTOS), {"many_photos": "gallery"}, {"many-photos": (False, "a gallery")}),
        (post(1, "", *PHOTOS), {"many_photos": "first"}, {"many-photos": (True, "first four")}),
        (post(1, "", *PHOTOS), {"many_photos": "skip"}, {"many-photos": (True, "left out")}),
        (post(1, "", *PHOTOS[:2], alt_text="A"), {}, {"alt-text": (True, "the first")}),
        (post(1, "", PHOTOS[0]), {"max_image": 9}, {"large-image": (True, "anew")}),
        (post(1, "", linked("1.jpg", 1)), {}, {"large-image": (False, "anew")}),
        (post(1, "", linked("1.mp4", 1)), {}, {"large-video": (False, "not taken")}),
        (post(1, "", blob("1.mp4", mp4())), {"max_video": 9}, {"large-video": (True, "not taken")}),
        (
            post(1, "", blob("1.mp4", mp4())),
            {"max_video": 9, "oversized": "link", "link": "https://films.example.org"},
            {"large-video": (True, "to.link")},
        ),
        (
            post(1, "", linked("1.mp4", -1)),
            {},
            {"large-video": (False, "not taken"), "missing-media": (False, "not sent yet")},
        ),
        (
            post(1, "x").evolve(missing=(Missing("1.mp4", "gone", ""),)),
            {"missing_media": "text"},
            {"missing-media": (True, "sent without")},
        ),
        (post(1, "x").evolve(missing=(Missing("cover.jpg", "gone", ""),)), {}, {}),
        (
            post(1, "x", sound="s", counts={"likes": 1}, allows={"duets": True}, ai_generated=True),
            {},
            {
                "sound-and-place": (True, "sound"),
                "counts": (True, "Likes"),
                "allows": (True, "comment"),
                "marks": (True, "AI"),
            },
        ),
        (Item("post:undated:1", "post", {"caption": "x"}), {}, {"not-dated": (True, "no time")}),
    ],
)
def test_losses(item: Item, settings: dict, expected: dict) -> None:
    losses = preview_of(item, Config("ada.test", **settings), NOW).losses
    assert {one.code: one.certain for one in losses} == {
        code: certain for code, (certain, _) in expected.items()
    }
    for one in losses:
        assert expected[one.code][1] in one.text


@pytest.mark.parametrize(
    ("item", "points", "uploads"),
    [
        (post(1, "One"), 3, 0),
        (post(1, "One", PHOTOS[0]), 2, 1),
        (post(1, "Two", *PHOTOS), 6, 5),
        (post(1, "long " * 200), 12, 0),
        (Item("profile", "profile", {}, (PHOTOS[0],)), 2, 1),
    ],
)
def test_costs(item: Item, points: int, uploads: int) -> None:
    costs = preview_of(item, Config("ada.test"), NOW).costs
    assert costs == {"write points": points, "uploads": uploads}


def test_a_plan_knows_what_becomes_of_a_post() -> None:
    config, lost = Config("ada.test"), Missing("1.mp4", "gone", "")
    assert preview_of(post(1, "long " * 200), config, NOW).entries == 4
    held = preview_of(post(1, "x").evolve(missing=(lost,)), config, NOW).held
    assert "could not be had: 1.mp4 (to send it as text: -o to.missing_media=text)" in held
    for item, settings in (
        (post(1, "x").evolve(missing=(lost,)), {"missing_media": "text"}),
        (post(1, "x").evolve(missing=(Missing("cover.jpg", "gone", ""),)), {}),
    ):
        assert not preview_of(item, Config("ada.test", **settings), NOW).held


def test_a_plan_counts_what_a_transfer_makes(place: Place, pds: Pds, account: Account) -> None:
    lost = post(3, "Lost").evolve(missing=(Missing("1.mp4", "gone", "gone"),))
    items = [post(1, "One"), post(2, LONG), lost]
    plan = place.run(*items, dry_run=True)
    counts = {"found": 3, "new": 3, "held": 1}
    assert plan["counts"]["post"] == counts
    assert [(one["item"], one["state"]) for one in plan["problems"]] == [(lost.id, "held")]
    place.run(*items)
    assert len(pds.repository(account.did)) == 2 + plan["further"]
    assert "further" not in place.run(*items, dry_run=True)


def test_a_gallery_costs_one_record() -> None:
    item, config = post(1, "One", *PHOTOS), Config("ada.test", many_photos="gallery")
    assert preview_of(item, config, NOW).costs == {"write points": 2, "uploads": 5}
