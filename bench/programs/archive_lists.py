"""The lists of an archive, for the peers: decoded by orjson in one go, the quickest way."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

__all__ = ["FIELDS", "Row", "read_lists"]

Row = Mapping[str, Any]

FIELDS: Mapping[str, tuple[str, ...]] = {
    "watched": ("Date", "Link", "Title"),
    "liked": ("date", "link"),
    "searched": ("Date", "SearchTerm"),
    "commented": (
        *("date", "comment", "photo", "video", "sticker", "originalPostUrl"),
        "original post link",
    ),
    "messages": ("Date", "From", "Content", "Chat"),
}
"""The fields of each list, all of them text."""

_PATHS = {
    "watched": ("Your Activity", "Watch History", "VideoList"),
    "liked": ("Likes and Favorites", "Like List", "ItemFavoriteList"),
    "searched": ("Your Activity", "Searches", "SearchList"),
    "commented": ("Comment", "Comments", "CommentsList"),
    "messages": ("Direct Message", "Direct Messages", "ChatHistory"),
}


def read_lists(path: str) -> dict[str, list[Row]]:
    """Read all lists; a message gets the name of its chat."""
    with zipfile.ZipFile(path) as archive:
        document = orjson.loads(archive.read(archive.namelist()[0]))
    lists: dict[str, list[Row]] = {}
    for name, keys in _PATHS.items():
        node = document
        for key in keys:
            node = node[key]
        lists[name] = list(_messages(node)) if name == "messages" else node
    return lists


def _messages(chats: Mapping[str, list[dict[str, Any]]]) -> Iterator[Row]:
    for chat, messages in chats.items():
        for message in messages:
            message["Chat"] = chat
            yield message
