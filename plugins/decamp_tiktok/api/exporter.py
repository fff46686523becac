"""The exporter for the API: TikTok prepares a copy, and the reader of archives reads it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from attrs import evolve

from decamp import (
    AccessDenied,
    Account,
    ConfigError,
    Context,
    Page,
    RequestState,
    RequestStatus,
    SourceUnreadable,
)
from decamp_tiktok.api.answers import CONNECT
from decamp_tiktok.api.categories import categories_for, is_repeatable, same_categories
from decamp_tiktok.api.client import API, PortabilityClient
from decamp_tiktok.archive.exporter import ArchiveExporter
from decamp_tiktok.config import Config

__all__ = ["ApiExporter"]

SERVICE = "tiktok"

_STATES: dict[str, RequestState] = {
    "pending": "pending",
    "downloading": "ready",  # it means that one may
    "expired": "expired",
    "cancelled": "cancelled",
    "canceled": "cancelled",
}
_ENDED = ("expired", "cancelled")
_NO_COPY = "There is no copy from TikTok here yet."


class ApiExporter:
    """Asks TikTok for a copy of the account's data, and reads it.

    Raises:
        ConfigError: Nobody is signed in.
    """

    def __init__(self, context: Context[Config]) -> None:
        if context.http is None or context.grant is None:
            raise ConfigError(
                "decamp is not signed in to TikTok.",
                hint=f"Sign in: {CONNECT}. Or name the archive that the app's “Download "
                "your data” gave you: tiktok:FILE.",
            )
        self._context = context
        self._grant = context.grant
        self._client = PortabilityClient(
            context.http, context.config.api or API, context.connect or CONNECT
        )
        self._reader: ArchiveExporter | None = None

    # --- the request ---------------------------------------------------------------------

    def repeatable(self) -> bool:
        """Tell whether all that was granted is ongoing."""
        return is_repeatable(self._grant.scopes)

    def request(self) -> str:
        """Ask for a copy of everything that was granted."""
        categories = categories_for(self._grant.scopes)
        if not categories:
            raise AccessDenied(
                "Nothing is granted that a copy could be asked for with: no permission was given, "
                "or it was for a single copy and is used up.",
                hint=f"Grant access again: {self._client.connect}.",
            )
        return self._client.add(categories)

    def status(self, request: str) -> RequestStatus:
        """Ask how far it is. A word that TikTok has not documented counts as pending."""
        found = self._client.check(request)
        asked = categories_for(self._grant.scopes)
        if found.categories and asked and not same_categories(found.categories, asked):
            self._context.log.info("TikTok prepares %s of %s", found.categories, asked)
        return RequestStatus(_STATES.get(found.status, "pending"), found.until, found.status)

    def download(self, request: str, file: Path) -> None:
        """Fetch the copy."""
        self._client.download(request, file)

    def cancel(self, request: str) -> None:
        """Cancel a request; one that has ended, or that TikTok does not know, is fine."""
        try:
            self._client.cancel(request)
        except SourceUnreadable:
            try:
                ended = self.status(request).state in _ENDED
            except SourceUnreadable:
                return
            if not ended:
                raise

    def use(self, file: Path) -> None:
        """Read this copy from now on."""
        self.close()
        config = evolve(self._context.config, path=file)
        self._reader = ArchiveExporter(evolve(self._context, config=config))

    # --- what is in the copy -------------------------------------------------------------

    def export_pages(self, cursor: str | None) -> Iterator[Page]:
        """Yield everything in the copy; see `decamp.Exporter`."""
        try:
            yield from self._read().export_pages(cursor)
        except SourceUnreadable as error:
            raise SourceUnreadable(
                error.message,
                hint="TikTok gives data through its API only of accounts in the EEA and the United "
                "Kingdom. decamp keeps the copy, and a newer decamp may read it; to delete it: "
                "decamp cancel.",
            ) from error

    def account(self) -> Account:
        """Tell the account's id at TikTok, and by its copy its name."""
        names = self._reader.account().names if self._reader else ()
        return Account(self._grant.account or None, names, SERVICE)

    def as_of(self) -> datetime | None:
        """Tell when TikTok prepared the copy."""
        return self._reader.as_of() if self._reader else None

    def fingerprint(self) -> str:
        """Tell which copy this is: that of the same data in a file."""
        return self._read().fingerprint()

    def inspect(self) -> dict[str, Any]:
        """Describe what the copy holds."""
        return self._read().inspect()

    def skeleton(self) -> dict[str, Any]:
        """Describe keys and types only."""
        return self._read().skeleton()

    def close(self) -> None:
        """Remove temporary files."""
        if self._reader is not None:
            self._reader.close()

    def _read(self) -> ArchiveExporter:
        if self._reader is None:
            raise ConfigError(_NO_COPY, hint="Have TikTok prepare one: decamp transfer.")
        return self._reader
