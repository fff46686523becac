"""The exporter: an archive as pages of rows and items."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from decamp import Account, Context, Page, RowBatch
from decamp_tiktok.archive.container import Container, open_container
from decamp_tiktok.archive.inspection import Survey
from decamp_tiktok.archive.jsonstream import Decode, Event, Route, Value, read_events
from decamp_tiktok.archive.limits import Limits
from decamp_tiktok.archive.mapping import Mapping, Observe
from decamp_tiktok.archive.places import Path, locate
from decamp_tiktok.archive.profile import user_name
from decamp_tiktok.archive.recognise import without_sections
from decamp_tiktok.archive.skeleton import skeleton
from decamp_tiktok.config import Config

__all__ = ["ArchiveExporter"]

LINK_LIFETIME = timedelta(days=4)
"""How long TikTok signs media links for, counted from when it prepared the archive."""


class ArchiveExporter:
    """Reads the archive of "Download your data".

    The archive is always read from its start, so pages bring no cursor. Pages with rows come
    while it is read; the items follow, those whose links expire soonest before the others.

    Raises:
        SourceUnreadable: There is no archive at the path.
    """

    def __init__(self, context: Context[Config]) -> None:
        config = context.config
        assert config.path is not None
        self._context = context
        self._limits = Limits(
            max_bytes=config.max_bytes,
            max_ratio=config.max_ratio,
            max_entries=config.max_entries,
            max_element_bytes=config.max_element_bytes,
        )
        self._container: Container = open_container(config.path, self._limits)
        self._mappings: list[Mapping] = []
        self._name: str | None = None
        self._name_known = False
        self._prepared: datetime | None = None
        self._latest: datetime | None = None

    def export_pages(self, cursor: str | None) -> Iterator[Page]:
        """Yield everything; see `decamp.Exporter`."""
        mapping = self._new_mapping()
        for batch, progress in self._pass(mapping):
            yield Page(rows=(batch,), progress=progress)
        remaining = mapping.waiting()
        for items in mapping.pages(self._made()):
            remaining = max(0, remaining - len(items))
            yield Page(items=items, progress=1.0, remaining=remaining)
        self._mappings.remove(mapping)
        mapping.close()

    def account(self) -> Account:
        """Tell the user name; archives hold no id. Without a profile there is no name."""
        name = self._own_name()
        return Account(None, (name,) if name else ())

    def as_of(self) -> datetime | None:
        """Tell when TikTok prepared the archive."""
        return self._prepared or self._container.modified

    def fingerprint(self) -> str:
        """Tell which copy this is."""
        return self._container.fingerprint()

    def inspect(self) -> dict[str, Any]:
        """Describe what the archive holds, by ``inspection.schema.json``."""
        survey = Survey(self._context.now())
        mapping = self._new_mapping(survey.rows)
        for _ in self._pass(mapping):
            pass  # the survey sees the rows
        for items in mapping.pages(self._made()):
            survey.items(items)
        return survey.report(
            file=self._container.name,
            size=self._container.size,
            account=mapping.user_name,
            as_of=self.as_of(),
            contents=mapping.contents.paths(),
        )

    def skeleton(self) -> dict[str, Any]:
        """Describe keys and types only; safe to publish."""
        return skeleton(event for event, _ in self._events(_plain_entries))

    def close(self) -> None:
        """Remove temporary files."""
        while self._mappings:
            self._mappings.pop().close()

    def _new_mapping(self, observe: Observe | None = None) -> Mapping:
        now = f"{self._context.now():%Y-%m-%dT%H:%M:%SZ}"
        mapping = Mapping(self._context.scratch, self._own_name, now, observe)
        self._mappings.append(mapping)
        return mapping

    def _pass(self, mapping: Mapping) -> Iterator[tuple[RowBatch, float | None]]:
        progress: float | None = 0.0
        for event, progress in self._events(mapping.route):
            for batch in mapping.take(event):
                yield batch, progress
        for batch in mapping.finish():
            yield batch, progress
        if not mapping.recognised:
            empty = not any(mapping.contents.paths())
            raise without_sections(str(self._container.path), empty=empty)
        self._name, self._name_known = mapping.user_name, True
        if mapping.latest_expiry is not None:
            prepared = datetime.fromtimestamp(mapping.latest_expiry, UTC) - LINK_LIFETIME
            self._prepared = self._if_past(prepared)
        if mapping.latest_time is not None:
            self._latest = datetime.fromisoformat(mapping.latest_time)

    def _if_past(self, time: datetime) -> datetime | None:
        return time if time <= self._context.now() else None

    def _made(self) -> datetime | None:
        """Give a time before which the archive was surely not made: what it holds is older.

        The date of the file would not do: it may be that of a copy.
        """
        return max(filter(None, (self._prepared, self._latest)), default=None)

    def _events(self, route: Route) -> Iterator[tuple[Event, float | None]]:
        limits = self._limits
        with self._container.open() as source:
            events = read_events(
                source.read,
                route,
                name=self._container.name,
                max_element=limits.max_element_bytes,
                max_depth=limits.max_depth,
            )
            for event in events:
                yield event, source.fraction

    def _own_name(self) -> str | None:
        """Find the own user name, by a quick look of its own if no pass has been made."""
        if not self._name_known:
            self._name, self._name_known = self._look_for_name(), True
        return self._name

    def _look_for_name(self) -> str | None:
        for event, _ in self._events(_undecoded):
            if isinstance(event, Value) and (place := locate(event.path)) is not None:
                inside = event.path[place.depth :]
                if place.role == "profile" and len(inside) == 1:
                    name = user_name({inside[0]: event.value})
                    if name is not None:
                        return name
        return None


def _plain_entries(path: Path) -> None:
    """Read lists as plain values."""


_raw_entries = msgspec.json.Decoder(list[msgspec.Raw]).decode


def _undecoded(path: Path) -> Decode:
    """Read over lists without making values of them."""
    return _raw_entries
