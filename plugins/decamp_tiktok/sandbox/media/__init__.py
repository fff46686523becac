"""Small media files, made of a seed: they can be played and looked at."""

from decamp_tiktok.sandbox.media.picture import jpeg
from decamp_tiktok.sandbox.media.video import mp4

__all__ = ["jpeg", "mp4"]
