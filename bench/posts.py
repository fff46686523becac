"""The memory that posts take: archives with more and more of them, to a folder and to Apache.

They have captions and no media, so that the network has no part in what is measured.
"""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.places import OUT, decamp, fresh_folder
from bench.process import Measured, RunError, run
from bench.webdav import transfer_to_server

__all__ = ["POSTS", "measure_posts"]

POSTS = (1_000, 5_000, 20_000, 100_000)

_FIRST = datetime(2012, 1, 1, tzinfo=UTC)
_CAPTION = "a caption of sixty characters, which is what many posts have"


def measure_posts(posts: int) -> tuple[Measured, Measured]:
    """Bring so many posts to a folder, and to a WebDAV server."""
    archive = _archive(posts)
    folder = fresh_folder("posts")
    bundle = folder / "bundle"
    local = run(
        [decamp(), "transfer", str(archive), str(bundle)],
        extra={"DECAMP_HOME": str(folder / "home")},
    )
    remote = transfer_to_server(archive, fresh_folder("posts-home"))
    found = sum(1 for _ in bundle.glob("data/posts/*/*/post.json"))
    if found != posts:
        raise RunError(f"decamp wrote {found:,} posts of {posts:,}.")
    return local, remote


def _archive(posts: int) -> Path:
    """Write an archive of a post each hour, once."""
    path = OUT / f"TikTok_Data_{posts}_posts.zip"
    if not path.exists():
        OUT.mkdir(exist_ok=True)
        listed = [_post(number) for number in range(posts)]
        profile = {"Profile Info": {"ProfileMap": {"userName": "somebody"}}}
        document = {"Profile And Settings": profile, "Post": {"Posts": {"VideoList": listed}}}
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("user_data_tiktok.json", json.dumps(document, indent=1))
    return path


def _post(number: int) -> dict[str, str]:
    return {
        "Date": f"{_FIRST + timedelta(hours=number):%Y-%m-%d %H:%M:%S}",
        "Link": "",
        "Likes": "3",
        "WhoCanView": "Everyone",
        "Title": f"{_CAPTION} {number}",
    }
