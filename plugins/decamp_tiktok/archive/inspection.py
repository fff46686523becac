"""What an archive holds, in numbers: for ``decamp inspect``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from attrs import define, field

from decamp import Item
from decamp_tiktok.archive.conversations import Conversation
from decamp_tiktok.archive.markers import GENERATIONS, KNOWN_FIELDS, KNOWN_SECTIONS
from decamp_tiktok.archive.rows import Row
from decamp_tiktok.archive.tables import ListRule

__all__ = ["Survey", "generation"]

_KEPT = "kept as it is"


@define
class _Span:
    first: str | None = None
    last: str | None = None

    def widen(self, times: list[str]) -> None:
        if times:
            self.first = min([*times, self.first] if self.first else times)
            self.last = max([*times, self.last] if self.last else times)


@define
class Survey:
    """Watches a pass over the archive and counts."""

    now: datetime
    _spans: dict[str, _Span] = field(factory=dict)
    _unknown_fields: Counter[tuple[str, str]] = field(factory=Counter)
    _expiries: Counter[datetime | None] = field(factory=Counter)

    def rows(self, path: str, owner: ListRule | Conversation, rows: list[Row]) -> None:
        """Look at a batch of rows."""
        times = [row["time"] for row in rows if "time" in row]
        self._spans.setdefault(path, _Span()).widen(times)
        targets: Mapping[str, str] = owner.targets if isinstance(owner, ListRule) else {}
        for row in rows:
            if "source" in row:
                self._fields(path, row["source"], targets)

    def items(self, items: Iterable[Item]) -> None:
        """Look at some items."""
        for item in items:
            if item.kind not in ("post", "profile"):
                continue
            source = item.record["source"]
            self._fields(source["path"], source.get("fields", {}), {})
            for blob in item.blobs:
                self._expiries[blob.link.expires_at if blob.link else None] += 1
            if item.kind == "post":
                span = self._spans.setdefault(source["path"], _Span())
                span.widen([item.record["time"]] if "time" in item.record else [])

    def report(
        self,
        *,
        file: str,
        size: int,
        account: str | None,
        as_of: datetime | None,
        contents: Mapping[str, Mapping[str, Any]],
    ) -> dict[str, Any]:
        """Make the document, valid by ``inspection.schema.json``.

        Args:
            size: Bytes of JSON.
            contents: What became of each path; see `contents.Contents.paths`.
        """
        guess, certainty = generation(contents)
        sections = [self._section(path, entry) for path, entry in sorted(contents.items())]
        _mark_repeats(sections)
        unknown = [
            {"path": path, "field": name, "count": count}
            for (path, name), count in sorted(self._unknown_fields.items())
        ]
        return {
            "source": "tiktok",
            "file": file,
            "size": size,
            "generation": {"guess": guess, "certainty": certainty},
            "account": account,
            "as_of": _rfc3339(as_of),
            "sections": sections,
            "media_links": self._links(),
            "unknown_sections": [entry["path"] for entry in sections if not entry["known"]],
            "unknown_fields": unknown,
        }

    def _fields(self, path: str, names: Iterable[str], targets: Mapping[str, str]) -> None:
        for name in names:
            if (lower := name.lower()) not in targets and lower not in KNOWN_FIELDS:
                self._unknown_fields[path, name] += 1

    def _section(self, path: str, entry: Mapping[str, Any]) -> dict[str, Any]:
        span = self._spans.get(path, _Span())
        known = "becomes" in entry or path.rpartition("/")[2].lower() in KNOWN_SECTIONS
        known = known or any(key in KNOWN_SECTIONS for key in path.lower().split("/"))
        told = {name: entry[name] for name in ("kept", "sections", "empty") if name in entry}
        return {
            "path": path,
            "known": known,
            "becomes": "nothing" if set(entry) == {"empty"} else entry.get("becomes", _KEPT),
            "entries": entry.get("entries", 0),
            "first": span.first,
            "last": span.last,
            **told,
        }

    def _links(self) -> dict[str, Any]:
        dated = {time: count for time, count in self._expiries.items() if time is not None}
        alive = [time for time in dated if time > self.now]
        return {
            "total": self._expiries.total(),
            "expired": sum(count for time, count in dated.items() if time <= self.now),
            "undated": self._expiries[None],
            "next_expiry": _rfc3339(min(alive, default=None)),
            "last_expiry": _rfc3339(max(dated, default=None)),
        }


def _mark_repeats(sections: list[dict[str, Any]]) -> None:
    """Mark a list that says what another said before; a transfer counts its entries once."""
    first: dict[tuple[Any, ...], str] = {}
    for section in sections:
        if section["becomes"].startswith("event:") and section["first"] is not None:
            same = tuple(section[name] for name in ("becomes", "entries", "first", "last"))
            path = first.setdefault(same, section["path"])
            if path != section["path"]:
                section["repeats"] = path


def generation(paths: Iterable[str]) -> tuple[str | None, str]:
    """Guess the generation of an archive from the names of its sections.

    Returns:
        ``A`` (2021 to 2023), ``B`` (to early 2025), ``C`` (2025), ``D`` (2026), ``mixed``
        or None; and ``certain``, ``likely`` or ``unknown``.
    """
    keys = {key for path in paths for key in path.lower().split("/")}
    votes = [GENERATIONS[key] for key in keys if key in GENERATIONS]
    if not votes:
        return None, "unknown"
    possible = [letter for letter in "ABCD" if all(letter in vote for vote in votes)]
    if not possible:
        counts = Counter(letter for vote in votes for letter in vote)
        (best, most), *others = counts.most_common()
        clear = not others or others[0][1] < most
        return (best, "likely") if clear and most > 0.7 * len(votes) else ("mixed", "likely")
    # The names of an older generation live on in the next, which adds its own; without one
    # of those it is the older.
    return possible[0], "certain" if len(possible) == 1 else "likely"


def _rfc3339(time: datetime | None) -> str | None:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if time else None
