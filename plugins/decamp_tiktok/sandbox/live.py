"""LIVE: what the person watched and said there, and what they hosted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from decamp_tiktok.sandbox.account import Account, Builder, each
from decamp_tiktok.sandbox.links import date, object_name
from decamp_tiktok.sandbox.texts import quoted
from decamp_tiktok.sandbox.tree import Entries, Node, Rows

__all__ = ["BUILDERS"]


def _room(time: int, random: int) -> str:
    return str(time << 32 | random >> 32)


def _watched(account: Account) -> Node:
    """Make the map of LIVE rooms, which is keyed by their ids."""
    timeline = account.timeline("lives-watched", account.counts.lives_watched)
    trim = account.options.trim_before
    start = timeline.index(int(trim.timestamp())) if trim else 0
    stop = account.total(timeline)

    def rooms() -> Iterator[tuple[str, Node]]:
        for times, randoms in timeline.batches(start, stop):
            yield from map(_visit, times, randoms)

    return Entries("lives-watched", rooms()) if start < stop else {}


def _visit(time: int, random: int) -> tuple[str, Node]:
    room = _room(time, random)
    question = {"QuestionTime": date(time + 90), "QuestionContent": 'why "slack" water?'}
    comments = [
        {
            "CommentTime": date(moment),
            "CommentContent": "hello from the harbour 👋",
            "RawTime": moment,
        }
        for moment in range(time, time + 60 * (random % 4), 60)
    ]
    return room, {
        "Comments": comments,
        "Questions": None if random % 5 else [question],
        "WatchTime": date(time),
        "Link": f"https://www.tiktok.com/share/live/{room}" if random % 3 else "",
    }


def _hosted(account: Account) -> Rows | None:
    keys = (
        "LiveStartTime", "LiveEndTime", "LiveDuration", "RoomId", "RoomTitle", "CoverUri",
        "ReplayUrl", "TotalEarning", "TotalLike", "TotalView", "TotalGifter", "QualitySetting",
        "MutedList",
    )  # fmt: skip

    def hosted(time: int, random: int) -> tuple[str, ...]:
        minutes = random % 90 + 5
        return (
            f'"{date(time)}"',
            f'"{date(time + 60 * minutes)}"',
            f'"{minutes} min"',
            f'"{_room(time, random)}"',
            quoted("Low tide, live"),
            quoted(account.signer.image(object_name(random), "live", random)),
            '""',
            '"0.00"',
            f'"{random % 900}"',
            f'"{random % 300}"',
            f'"{random % 4}"',
            '"720p"',
            "null",
        )

    timeline = account.timeline("lives-hosted", account.counts.lives_hosted)
    return account.rows(timeline, keys, each(hosted), history=False)


def _settings(_account: Account) -> Node:
    return {
        "Allow people to send and receive comments during your LIVE": "On",
        "Allow viewers to send you gifts during your LIVE": "N/A",
        "Hide comments that contain the following keywords from your LIVE": [],
        "People you assigned to moderate your LIVE": None,
    }


def _watching_settings(_account: Account) -> Node:
    return {"app": "All", "web": "N/A"}


BUILDERS: Mapping[str, Builder] = {
    "lives-watched": _watched,
    "lives-hosted": _hosted,
    "live-settings": _settings,
    "live-watching-settings": _watching_settings,
}
