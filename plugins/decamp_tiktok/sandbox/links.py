"""Links as they stand in archives: to other people's things, and to the person's own media."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["Signer", "date", "object_name", "photo_link", "video_link"]

_MASK = (1 << 64) - 1
_ODD = 0x9E3779B97F4A7C15
_DAYS: dict[int, str] = {}
_MINUTES = [f"{hour:02}:{minute:02}:" for hour in range(24) for minute in range(60)]
_SECONDS = [f"{second:02}" for second in range(60)]


def date(time: int) -> str:
    """Write a time (Unix seconds) as archives do: ``2026-11-20 12:00:00``."""
    day, second = divmod(time, 86_400)
    text = _DAYS.get(day)
    if text is None:
        text = _DAYS[day] = datetime.fromtimestamp(day * 86_400, UTC).strftime("%Y-%m-%d ")
    return f"{text}{_MINUTES[second // 60]}{_SECONDS[second % 60]}"


def video_link(time: int, random: int) -> str:
    """Link to a video of someone else. Its id holds when it was made, as TikTok's ids do."""
    return f"https://www.tiktokv.com/share/video/{_identifier(time, random)}/"


def photo_link(time: int, random: int) -> str:
    """Link to a photo post of someone else."""
    return f"https://www.tiktokv.com/share/photo/{_identifier(time, random)}/"


def _identifier(time: int, random: int) -> int:
    # 19 digits and beyond 2^53: the time in the upper half, chance in the lower.
    return (time - 3_600 - (random & 0xFFFFF)) << 32 | random >> 32


def object_name(random: int, number: int = 0) -> str:
    """Name an object in the media store: 32 hexadecimal digits."""
    return f"{random:016x}{(random + number + 1) * _ODD & _MASK:016x}"


class Signer:
    """Makes links that carry a signature and the time when they stop working.

    Args:
        base: Where the media are served, without a slash at the end; None for names below
            ``.example``, which resolve nowhere (RFC 2606).
        expires: Unix seconds.
    """

    def __init__(self, base: str | None, expires: int) -> None:
        self._videos = base or "https://video-no1a.tiktokv.example"
        self._images = base or "https://p16-common-sign.tiktokcdn.example"
        self._expires = expires

    @staticmethod
    def video_path(name: str) -> str:
        """Give the path of a video."""
        return f"/storage/v1/tos-no1a-ve-0068c001-no/{name}/"

    @staticmethod
    def image_path(name: str, purpose: str) -> str:
        """Give the path of an image, for example a ``photo`` or a ``cover``."""
        return f"/tos-no1a-i-photomode-no/{name}~{purpose}.jpeg"

    def video(self, name: str, random: int) -> str:
        """Link to a video; `random` spreads the expiry over the minutes that signing takes."""
        expires = self._expires - random % 270
        return (
            f"{self._videos}{self.video_path(name)}?a=0&bti=OUBzOTg7QGo6OjZAL3AjLTAzYCMxNDNg"
            f"&ft=.NpOcInz7ThQUYZ&mime_type=video_mp4&rc=anZzOnY5cjdoNzMzNzU8O0BpMzc7"
            f"&x-tos-algorithm=v2&x-tos-authkey={object_name(random, 7)}"
            f"&x-tos-expires={expires}&x-tos-signature={object_name(random, expires)}"
        )

    def image(self, name: str, purpose: str, random: int, *, expires: int | None = None) -> str:
        """Link to an image."""
        until = self._expires - random % 270 if expires is None else expires
        return (
            f"{self._images}{self.image_path(name, purpose)}?lk3s=d05b14bd&x-expires={until}"
            f"&x-signature={object_name(random, until)}%3D"
        )
