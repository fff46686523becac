"""Settings of the Bluesky plugin, and what it can do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import urlsplit

import attrs
from attrs import field, frozen, validators

from decamp import Budget, ConfigError, ImporterCapabilities, Option

__all__ = ["APP_PASSWORDS", "COVER", "Config", "capabilities"]

COVER = "cover"
"""TikTok's picture of a video stands beside it; here an app makes its own."""

APP_PASSWORDS = "Make an app password in Bluesky: Settings, Privacy and security, App passwords."


def _handle(text: str) -> str:
    return text.strip().removeprefix("at://").removeprefix("@").rstrip("/")


def _one_of(*words: str) -> Callable[[Any, attrs.Attribute[str], str], None]:
    def check(_: Any, attribute: attrs.Attribute[str], value: str) -> None:
        if value not in words:
            known = ", ".join(words)
            raise ConfigError(f"bluesky: {attribute.name} must be one of {known}, not {value!r}.")

    return check


def _web_address(_: Any, attribute: attrs.Attribute[str], value: str) -> None:
    parts = urlsplit(value)
    if value and (parts.scheme != "https" or not parts.hostname or parts.username):
        raise ConfigError(f"bluesky: {attribute.name} must be an https address, not {value!r}.")


@frozen
class Config:
    """Whose account, and what becomes of what does not fit.

    Limits are those of Bluesky's own servers in 2026; other servers have others, and say so
    only by refusing, so each can be set.
    """

    handle: Annotated[
        str, Option("Your handle, such as alice.bsky.social, or the DID of the account.", True)
    ] = field(converter=_handle)
    server: Annotated[str, Option("Address of your server, if it is not found by the handle.")] = ""
    directory: Annotated[str, Option("Address of the directory of did:plc accounts.")] = (
        "https://plc.directory"
    )
    resolver: Annotated[str, Option("Address of a server that knows handles.")] = (
        "https://public.api.bsky.app"
    )
    languages: Annotated[str, Option("Languages of the posts, such as en,nl.")] = ""
    long_text: Annotated[
        str, Option("A text that is too long for one post: thread, truncate or skip.")
    ] = field(default="thread", validator=_one_of("thread", "truncate", "skip"))
    many_photos: Annotated[
        str, Option("More than four photos: thread, gallery (newest servers), first or skip.")
    ] = field(default="thread", validator=_one_of("thread", "gallery", "first", "skip"))
    oversized: Annotated[
        str,
        Option(
            "A file above the limit: shrink (images, with Pillow; else its post is left out), skip, "
            "or link (shrink; else its post leads to to.link)."
        ),
    ] = field(default="shrink", validator=_one_of("shrink", "skip", "link"))
    link: Annotated[str, Option("Address where people find what was too large.")] = field(
        default="", validator=_web_address
    )
    missing_media: Annotated[
        str, Option("A post whose video or photos cannot be had: hold, or text.")
    ] = field(default="hold", validator=_one_of("hold", "text"))
    video: Annotated[
        str,
        Option("A video: server (it goes there as it is), or service (Bluesky's makes it ready)."),
    ] = field(default="server", validator=_one_of("server", "service"))
    video_service: Annotated[str, Option("Address of the video service.")] = (
        "https://video.bsky.app"
    )
    profile: Annotated[bool, Option("Change the profile too: name, biography and picture.")] = False
    max_image: Annotated[int, Option("Largest image, in bytes.")] = field(
        default=1_000_000, validator=validators.gt(0)
    )
    max_video: Annotated[int, Option("Largest video, in bytes.")] = field(
        default=50 << 20, validator=validators.gt(0)
    )
    points_per_hour: Annotated[int, Option("Write points that the server gives in an hour.")] = (
        5_000
    )
    points_per_day: Annotated[int, Option("Write points that the server gives in a day.")] = 35_000
    uploads_per_day: Annotated[int, Option("Uploads that the server takes in a day.")] = 1_000

    def __attrs_post_init__(self) -> None:
        if self.oversized == "link" and not self.link:
            raise ConfigError(
                "bluesky: oversized=link needs an address.",
                hint="Say where people find your videos: -o to.link=https://...",
            )


def capabilities(config: Config) -> ImporterCapabilities:
    """Tell what the plugin can do with these settings."""
    return ImporterCapabilities(
        kinds=frozenset({"post", "profile"} if config.profile else {"post"}),
        max_concurrency=4,
        max_batch=200,
        leaves_out=frozenset({COVER}),
        delivery="idempotent",
        public=True,
        budgets=(
            Budget("write points", config.points_per_hour, 3_600),
            Budget("write points", config.points_per_day, 86_400),
            Budget("uploads", config.uploads_per_day, 86_400),
        ),
    )
