"""A made-up account at a made-up TikTok, as a model: what it holds, and its exports."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from copy import deepcopy
from pathlib import Path
from typing import Any

from attrs import define, field, frozen

Row = tuple[str, str]
"""Time and text. Every text names what it belongs to, so no two things share one."""


def at(second: int) -> str:
    return f"2024-01-{1 + second // 3600:02d} {second // 60 % 60:02d}:00:{second % 60:02d}"


@frozen
class Export:
    """One export: the file, and what it holds."""

    path: Path
    number: int
    """Exports are one day apart, in this order."""
    rows: Counter[Row]
    posts: dict[int, int]
    """Number of a post to the version of its caption."""


@define
class Service:
    """The account."""

    folder: Path
    name: str = "hand.made"
    posts: dict[int, tuple[int, int]] = field(factory=dict)
    """Number to second and version."""
    gone: set[int] = field(factory=set)
    """Seconds in which a post was deleted: nothing tells a new one there from an edit."""
    searches: list[Row] = field(factory=list)
    chats: dict[int, list[tuple[str, bool, str]]] = field(factory=dict)
    names: dict[int, str] = field(factory=dict)
    made: int = 0
    exports: list[Export] = field(factory=list)

    def number(self) -> int:
        self.made += 1
        return self.made

    def export(self, categories: frozenset[str]) -> Export:
        """Write what there is now, some categories of it or all."""
        rows: Counter[Row] = Counter()
        document: dict[str, Any] = {}
        if "profile" in categories:
            document["Profile"] = {"Profile Info": {"ProfileMap": {"userName": self.name}}}
        if "activity" in categories:
            listed = [{"Date": time, "SearchTerm": text} for time, text in self.searches]
            document["Your Activity"] = {"Searches": {"SearchList": listed}}
            rows.update(self.searches)
        if "messages" in categories:
            chats = {}
            for number, messages in self.chats.items():
                name = self.names[number]
                chats[f"Chat History with {name}:"] = [
                    {"Date": time, "From": name if theirs else "me", "Content": text}
                    for time, theirs, text in messages
                ]
                rows.update((time, text) for time, _, text in messages)
            document["Direct Message"] = {"Direct Messages": {"ChatHistory": chats}}
        posts = {}
        if "posts" in categories:
            listed = []
            for number, (second, version) in self.posts.items():
                title = f"post {number} version {version}"
                likes = str(len(self.exports))  # it changes all the time
                listed.append({"Date": at(second), "Link": "", "Likes": likes, "Title": title})
                posts[number] = version
            document["Post"] = {"Posts": {"VideoList": listed}}
        number = len(self.exports)
        path = self.folder / f"export-{number:02d}.zip"
        moment = (2026, 1 + number // 28, 1 + number % 28, 12, 0, 0)
        with zipfile.ZipFile(path, "w") as archive:
            entry = zipfile.ZipInfo("user_data_tiktok.json", moment)
            archive.writestr(entry, json.dumps(document))
        made = Export(path, number, rows, deepcopy(posts))
        self.exports.append(made)
        return made


def read_rows(bundle: Path) -> Counter[Row]:
    """Read all messages and searches of a bundle, with the standard library only."""
    found: Counter[Row] = Counter()
    for path in bundle.rglob("*.jsonl"):
        for line in path.read_text("utf-8").split("\n")[1:-1]:
            row = json.loads(line)
            found[row["time"].replace("T", " ").rstrip("Z"), row["text"]] += 1
    return found


def read_posts(bundle: Path) -> list[tuple[int, int]]:
    """Read number and version of all posts."""
    found = []
    for path in bundle.rglob("post.json"):
        words = json.loads(path.read_text("utf-8"))["caption"].split()
        found.append((int(words[1]), int(words[3])))
    return found
