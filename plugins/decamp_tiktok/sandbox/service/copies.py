"""The copies themselves: archives of the made-up people, as they are when asked for."""

from __future__ import annotations

import threading
from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from decamp_tiktok.sandbox.archive import write_archive
from decamp_tiktok.sandbox.options import ArchiveOptions, Category, Counts
from decamp_tiktok.sandbox.service.requests import WINDOW, DataRequest
from decamp_tiktok.sandbox.service.scopes import archive_categories
from decamp_tiktok.sandbox.service.users import User
from decamp_tiktok.sandbox.text import write_text_archive

__all__ = ["Copies", "archive_options"]


def archive_options(
    user: User,
    at: datetime,
    media_base: str,
    categories: frozenset[Category] | None = None,
    *,
    empty: bool = False,
) -> ArchiveOptions:
    """Describe the archive of a person at a time; its links to media hold for four days."""
    at = at.replace(microsecond=0)
    return ArchiveOptions(
        seed=user.seed,
        username=user.username,
        region=user.region,
        counts=Counts.none() if empty else user.counts,
        exported_at=at,
        trim_before=at - user.keeps if user.keeps else None,
        links_expire_at=at + WINDOW,
        media_base=media_base,
        categories=categories,
    )


class Copies:
    """Writes each copy when it is downloaded for the first time, and keeps it.

    Args:
        folder: Where; private to the sandbox.
        media_base: Where the media are served.
    """

    def __init__(self, folder: Path, media_base: str) -> None:
        self._folder = folder
        self._media_base = media_base
        self._lock = threading.Lock()

    def file(self, request: DataRequest, *, empty: bool) -> Path:
        """Give the zip of a request that is ready."""
        if request.grant.user.archive:
            return request.grant.user.archive
        path = self._folder / f"{request.id}.zip"
        with self._lock:
            if not path.exists():
                assert request.ready_at is not None
                self.write(
                    request.grant.user,
                    path,
                    request.ready_at,
                    request.categories,
                    text=request.data_format == "text",
                    empty=empty,
                )
        return path

    def write(
        self,
        user: User,
        path: Path,
        at: datetime,
        categories: Collection[str] = ("all_data",),
        *,
        text: bool = False,
        empty: bool = False,
    ) -> None:
        """Write the archive of a person at a time, as "Download your data" gives it."""
        options = archive_options(
            user, at, self._media_base, archive_categories(categories), empty=empty
        )
        part = path.with_name(path.name + ".part")
        if text:
            write_text_archive(part, options)
        else:
            write_archive(part, options)
        part.replace(path)
