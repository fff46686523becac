"""A simulated TikTok: archives of made-up people, of any generation and size, with media."""

from decamp_tiktok.sandbox.archive import Archive, Summary, generate, write_archive
from decamp_tiktok.sandbox.demo import TikTokSandbox
from decamp_tiktok.sandbox.faults import Fault
from decamp_tiktok.sandbox.media import jpeg, mp4
from decamp_tiktok.sandbox.options import ArchiveOptions, Counts
from decamp_tiktok.sandbox.server import MediaServer, Request

__all__ = [
    "Archive",
    "ArchiveOptions",
    "Counts",
    "Fault",
    "MediaServer",
    "Request",
    "Summary",
    "TikTokSandbox",
    "generate",
    "jpeg",
    "mp4",
    "write_archive",
]
