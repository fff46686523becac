"""What the person said: messages, comments, reviews."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from decamp_tiktok.sandbox.account import Account, Builder, MakeRows, each
from decamp_tiktok.sandbox.links import date, photo_link, video_link
from decamp_tiktok.sandbox.options import BORN, REFERENCE
from decamp_tiktok.sandbox.people import DELETED_PARTNER, partner
from decamp_tiktok.sandbox.texts import quoted
from decamp_tiktok.sandbox.timeline import Timeline
from decamp_tiktok.sandbox.tree import Entries, Node, Rows

__all__ = ["BUILDERS"]

_DAY = 86_400


def _messages(account: Account) -> Node:
    """Make the map of chats, each of them oldest message first."""

    def chats() -> Iterator[tuple[str, Node]]:
        for number, timeline in _chat_timelines(account):
            other = partner(number)
            sender = "" if number == DELETED_PARTNER else other
            rows = account.rows(
                timeline,
                ("Date", "From", "Content"),
                _said(account, quoted(sender)),
                name="messages",
                newest_first=False,
            )
            if rows is not None:
                yield f"Chat History with {other}:", rows

    return Entries("chats", chats()) if account.counts.messages and account.counts.chats else {}


def _chat_timelines(account: Account) -> Iterator[tuple[int, Timeline]]:
    """Divide the messages among the chats: the n-th is n times as quiet as the first."""
    chats, messages = account.counts.chats, account.counts.messages
    born, reference = int(BORN.timestamp()), int(REFERENCE.timestamp())
    total = sum(1 / number for number in range(1, chats + 1))
    for number in range(chats):
        opened = born + (reference - born) * number // (2 * chats)
        pace = max(1, round(messages / total / (number + 1)))
        yield number, account.timeline(f"chat-{number}", pace, opened=opened, repeats=True)
    # A chat that only a newer export has, with a message a day.
    opened = reference + 3_600
    yield chats, Timeline(account.seed, "chat-late", 100, opened, opened + 100 * _DAY)


def _said(account: Account, sender: str) -> MakeRows:
    texts = account.texts
    size = len(texts)
    me = quoted(account.options.username)

    def content(time: int, random: int) -> str:
        if random % 12:
            return texts[(random >> 8) % size]
        link = photo_link if random >> 4 & 1 else video_link
        return f'"{link(time, random)}"'

    def rows(times: list[int], randoms: list[int]) -> list[tuple[str, ...]]:
        return [
            (f'"{date(time)}"', me if random >> 40 & 1 else sender, content(time, random))
            for time, random in zip(times, randoms, strict=True)
        ]

    return rows


def _group_chats(_account: Account) -> Node:
    return {}  # nobody has seen it filled


def _tako_chats(account: Account) -> Node:
    """Make the chats with the assistant, in which a text is an object."""
    timeline = account.timeline("tako-chats", account.counts.tako_chats)
    times = [timeline.at(index)[0] for index in range(account.total(timeline))]
    return [
        {
            "Chat Title": f"A question about tides {number}",
            "Messages": [
                {"Date": f"{date(time)} UTC", "Content": {"Text": "When is high tide?"}},
                {"Date": f"{date(time + 2)} UTC", "Content": {"Text": "Twice a day.", "Items": []}},
            ],
        }
        for number, time in enumerate(times, 1)
    ]


def _comments(account: Account) -> Rows | None:
    """Make the comments. Time and text are the same in every generation."""
    texts = account.texts
    size = len(texts)
    suffix = " UTC" if account.since("D") else ""

    def said(time: int, random: int) -> tuple[str, ...]:
        return f'"{date(time)}{suffix}"', texts[random % size]

    def with_url(time: int, random: int) -> tuple[str, ...]:
        url = "" if random % 3 else video_link(time, random)
        return (*said(time, random), '"N/A"', f'"{url}"')

    def with_post(time: int, random: int) -> tuple[str, ...]:
        post = video_link(time, random) if random % 5 else "N/A"
        original = photo_link(time, random) if random % 7 == 0 else "N/A"
        return (*said(time, random), '"N/A"', '"N/A"', '"N/A"', f'"{post}"', f'"{original}"')

    keys, make = {
        "A": (("Date", "Comment"), said),
        "B": (("date", "comment", "photo", "url"), with_url),
        "C": (("date", "comment", "photo", "url"), with_url),
        "D": (
            (
                "date", "comment", "photo", "video", "sticker", "originalPostUrl",
                "original post link",
            ),
            with_post,
        ),
    }[account.options.generation]  # fmt: skip
    timeline = account.timeline("comments", account.counts.comments)
    return account.rows(timeline, keys, each(make), history=False)


def _reviews(account: Account) -> Rows | None:
    return account.rows(
        account.timeline("reviews", account.counts.reviews),
        ("PlaceName", "Date", "Rating", "Status", "Likes", "ReviewText"),
        each(
            lambda time, random: (
                f'"Café am Kai {random % 90}"',
                f'"{date(time)}"',
                f'"{random % 5 + 1}"',
                '"Public"',
                f'"{random % 30}"',
                account.texts[random % len(account.texts)],
            )
        ),
        history=False,
    )


BUILDERS: Mapping[str, Builder] = {
    "messages": _messages,
    "group-chats": _group_chats,
    "tako-chats": _tako_chats,
    "comments": _comments,
    "reviews": _reviews,
}
