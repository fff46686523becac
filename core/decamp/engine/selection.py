"""What of the source was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import frozen

from decamp.errors import ConfigError
from decamp.model import Item

__all__ = ["Selection"]

_WORDS = {
    "profile": ("profile",),
    "posts": ("post",),
    "messages": ("conversation", "message"),
    "activity": ("event",),
    "other": ("section",),
}
"""The words of the command line, and the kinds behind them."""


@frozen
class Selection:
    """A filter on kind and time. Empty: everything."""

    kinds: frozenset[str] | None = None
    since: str | None = None
    """RFC 3339, UTC; this moment and later."""
    until: str | None = None
    """RFC 3339, UTC; before this moment."""
    limit: int | None = None
    """At most so many new or changed items; rows are not counted."""

    @classmethod
    def parse(
        cls,
        kinds: Sequence[str] = (),
        since: str | None = None,
        until: str | None = None,
        limit: int | None = None,
    ) -> Selection:
        """Read the words of the command line.

        Raises:
            ConfigError: A word is not a kind, or a date is not a date.
        """
        wanted: set[str] = set()
        for word in (part.strip() for text in kinds for part in text.split(",")):
            if word not in _WORDS:
                raise ConfigError(
                    f"{word!r} is not a kind.", hint=f"Choose among: {', '.join(_WORDS)}."
                )
            wanted.update(_WORDS[word])
        return cls(
            frozenset(wanted) if wanted else None,
            _moment(since, "--since", 0),
            _moment(until, "--until", 1),
            limit,
        )

    @property
    def everything(self) -> bool:
        """Tell whether nothing is left out."""
        return self == Selection()

    def takes_kind(self, kind: str) -> bool:
        """Tell whether this kind was asked for; a kind of its own always is."""
        return self.kinds is None or kind in self.kinds

    def takes_item(self, item: Item) -> bool:
        """Tell whether an item was asked for. One without a time is left out by dates."""
        return self.takes_kind(item.kind) and self._takes_time(item)

    def _takes_time(self, item: Item) -> bool:
        if (self.since is None and self.until is None) or item.kind != "post":
            return True
        return self._within(item.record.get("time"))

    def _within(self, time: Any) -> bool:
        if not isinstance(time, str):
            return False
        return (self.since is None or time >= self.since) and (
            self.until is None or time < self.until
        )

    def rows(self, rows: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
        """Keep the rows within the dates."""
        if self.since is None and self.until is None:
            return rows
        return [row for row in rows if self._within(row.get("time"))]

    def as_json(self) -> dict[str, Any]:
        """Describe it for a report; empty when everything was asked for."""
        wanted: dict[str, Any] = {}
        if self.kinds is not None:
            wanted["kinds"] = sorted(self.kinds)
        for name in ("since", "until", "limit"):
            value = getattr(self, name)
            if value is not None:
                wanted[name] = value
        return wanted


def _moment(text: str | None, option: str, add_days: int) -> str | None:
    """Read a date or a moment; a bare date of `--until` includes its whole day."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"{option} must be a date like 2024-01-31, not {text!r}.") from error
    if len(text) <= len("2024-01-31"):
        moment += timedelta(days=add_days)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
