"""What Bluesky cannot hold of an item, told before it is sent and after."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from decamp import Item, Loss, Missing, Preview
from decamp_bluesky.config import COVER, Config
from decamp_bluesky.media import is_image, shown
from decamp_bluesky.records import LIMITS, PER_GALLERY
from decamp_bluesky.text import fits, mentions, split

__all__ = ["lacking", "preview_of"]

_CREATE, _PUT = 3, 2
"""Write points: https://docs.bsky.app/docs/advanced-guides/rate-limits"""

_LEFT_OUT = {
    ("sound", "place", "add_yours"): Loss(
        "sound-and-place", "Bluesky has no place for the sound, the location and stickers."
    ),
    ("counts",): Loss("counts", "Likes and other counts stay behind."),
    ("allows",): Loss(
        "allows", "Who may comment is not carried over: at Bluesky everybody may reply."
    ),
    ("ai_generated", "content_disclosure"): Loss(
        "marks", "The mark for advertising or for what was made with AI stays behind."
    ),
}


def preview_of(item: Item, config: Config, now: datetime) -> Preview:
    """Tell what becomes of a post; the profile has no losses worth a line.

    Args:
        item: Its files may be links that nobody has followed yet.
        config: What is to become of what does not fit.
        now: Links may have stopped working.
    """
    if item.kind != "post":
        return Preview(costs={"write points": _PUT, "uploads": len(item.blobs)})
    records = _records(item, config)
    blobs = shown(item)
    points = _PUT if records == 1 and blobs else _CREATE * records
    return Preview(
        tuple(_losses(item, config, now)),
        {"write points": points, "uploads": len(blobs)},
        entries=records,
        held=lacking(item, config),
    )


def lacking(item: Item, config: Config, there: Collection[str] = ()) -> str:
    """Say what keeps a post back: files that it lacks; empty if it is to go.

    Args:
        item: What it lacks by now stands in `Item.missing`.
        config: Whether a post is to go without its files.
        there: Names of files that are there already.
    """
    gone = [one.name for one in _gone(item) if one.name not in there]
    if not gone or config.missing_media != "hold":
        return ""
    names = ", ".join(gone)
    return f"these files could not be had: {names} (to send it as text: -o to.missing_media=text)"


def _gone(item: Item) -> list[Missing]:
    return [one for one in item.missing if one.name.partition(".")[0] != COVER]


def _records(item: Item, config: Config) -> int:
    caption = item.record.get("caption", "")
    long = config.long_text == "thread" and not fits(caption, LIMITS)
    texts = len(split(caption, LIMITS)) if long else 1
    blobs = shown(item)
    photos = sum(map(is_image, blobs))
    most = PER_GALLERY if config.many_photos == "gallery" and photos > 4 else 4
    groups = len(blobs) - photos + (1 if config.many_photos == "first" else -(-photos // most))
    return max(texts, groups, 1)


def _losses(item: Item, config: Config, now: datetime) -> Iterator[Loss]:
    record, blobs = item.record, shown(item)
    if "time" not in record:
        yield Loss("not-dated", "It has no time, so it cannot be sent: it would look new.")
    caption = record.get("caption", "")
    if not fits(caption, LIMITS):
        yield {
            "thread": Loss("long-text", "A text of more than 300 characters becomes a thread."),
            "truncate": Loss("long-text", "A text is cut off at 300 characters."),
            "skip": Loss("long-text", "A post with more than 300 characters is left out."),
        }[config.long_text]
    if mentions(caption):
        yield Loss("mentions", "People who are mentioned stay text: they are not linked.")
    photos = [blob for blob in blobs if is_image(blob)]
    if len(photos) > 4:
        yield {
            "thread": Loss("many-photos", "More than four photos become a thread of posts."),
            "gallery": Loss(
                "many-photos",
                f"More than four photos become a gallery, {PER_GALLERY} to a post; "
                "older apps show none of them.",
                certain=False,
            ),
            "first": Loss("many-photos", "Of more than four photos the first four are shown."),
            "skip": Loss("many-photos", "A post with more than four photos is left out."),
        }[config.many_photos]
    large = [one.size is None or one.size > config.max_image for one in photos]
    if any(large):
        known = any(one.size is not None and one.size > config.max_image for one in photos)
        done = "keeps its post out" if config.oversized == "skip" else "is encoded anew, smaller"
        text = f"An image above {config.max_image:,} bytes {done}."
        yield Loss("large-image", text, certain=known)
    videos = [blob for blob in blobs if not is_image(blob)]
    over = [one for one in videos if one.size is not None and one.size > config.max_video]
    if over or any(one.size is None for one in videos):
        linked = config.oversized == "link"
        done = "its post leads to to.link" if linked else "its post left out"
        text = f"A video above {config.max_video:,} bytes is not taken, and {done}."
        yield Loss("large-video", text, certain=bool(over))
    if videos and config.video == "service":
        text = "The video service may encode a video anew, and cut what is too long."
        yield Loss("video-service", text, certain=False)
    gone = _gone(item)
    links = [blob.link for blob in blobs if blob.link is not None]
    dead = [link for link in links if link.expires_at is not None and link.expires_at <= now]
    if gone or dead:
        done = "not sent yet" if config.missing_media == "hold" else "sent without them"
        text = f"A post whose files cannot be had is {done}."
        yield Loss("missing-media", text, certain=bool(gone))
    if record.get("alt_text") and len(photos) > 1:
        yield Loss("alt-text", "One description for several photos stands at the first.")
    for names, loss in _LEFT_OUT.items():
        if any(record.get(name) for name in names):
            yield loss
