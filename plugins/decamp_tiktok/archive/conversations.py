"""Conversations: whom a list of messages was exchanged with."""

from __future__ import annotations

import re
from typing import Any

from attrs import define, field

from decamp import Collection, Item
from decamp_tiktok.archive.places import Path, show
from decamp_tiktok.archive.values import portable

__all__ = ["Conversation", "Conversations", "chat_partner"]

_title = re.compile(r"chat history with\s+(.*?)\s*:*\s*$", re.IGNORECASE | re.DOTALL)


def chat_partner(key: str) -> str:
    """Take the user name out of ``Chat History with alice:``.

    TikTok has written it with no, one and two colons. Without a name to be found, the
    whole key stands for the partner.
    """
    match = _title.search(key)
    return (match[1] if match else "") or key


@define
class Conversation:
    """What is known of one conversation while its messages pass by."""

    key: str
    title: str
    group: bool
    collection: Collection
    path: Path
    odd: dict[str, Any] = field(factory=dict)
    """Values that stand where messages should: by path."""

    def item(self) -> Item:
        """Make the item."""
        source: dict[str, Any] = {"path": show(self.path)}
        if self.odd:
            source["fields"] = self.odd
        record = {
            "key": self.key,
            "title": self.title,
            "group": self.group,
            "participants": [] if self.group else [self.title],
            "source": source,
        }
        return Item(f"conversation:{self.key}", "conversation", record)


@define
class Conversations:
    """All conversations of an archive, by key, in the order they were met."""

    known: dict[str, Conversation] = field(factory=dict)

    def at(self, path: Path, *, group: bool) -> Conversation:
        """Give the conversation whose messages lie at a path.

        A group's key begins with ``group:``, so that it meets no user name: those have
        no colons.
        """
        title = path[-1] if group else chat_partner(path[-1])
        key = f"group:{title}" if group else title
        conversation = self.known.get(key)
        if conversation is None:
            collection = Collection("message", key, {"conversation": key})
            conversation = Conversation(key, title, group, collection, path)
            self.known[key] = conversation
        return conversation

    def note(self, path: Path, value: Any, *, group: bool) -> bool:
        """Remember a conversation that holds no list of messages, and what it holds.

        Returns:
            False if something was remembered for this path before: a key may come twice.
        """
        odd = self.at(path, group=group).odd
        if (shown := show(path)) in odd:
            return False
        odd[shown] = portable(value)
        return True
