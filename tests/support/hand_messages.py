"""An export of messages alone, written by hand: whose it is stands nowhere in it."""

from __future__ import annotations

from typing import Any

__all__ = ["messages_only"]

Json = dict[str, Any]


def messages_only(*, later: bool = False) -> Json:
    """Give an export of messages alone, which says nowhere whose it is.

    Its partners have the names that file systems, and people, find hard.
    """
    names = [
        "Alice", "alice", "ALICE", "CON", "nul.txt", "..", ".", "a/b", "a\\b", "trailing. ", "",
        "café", "cafe\u0301", "x" * 300, "with: colon", "🙂", "\u202eevil", "tab\tname", "group:x",
    ]  # fmt: skip
    chats: Json = {
        f"Chat History with {name}:": [
            {"Date": "2025-01-01 00:00:00", "From": name, "Content": f"hello from {number}"},
            {"Date": "2025-01-01 00:00:00", "From": "me", "Content": f"hello to {number}"},
        ]
        for number, name in enumerate(names)
    }
    odd: list[Any] = [
        {"Date": "2025-02-01 00:00:00", "From": "bob", "Content": "the same"},
        {"Date": "2025-02-01 00:00:00", "From": "bob", "Content": "the same"},
        {"Date": "2025-02-01 00:00:00", "From": "bob", "Content": {"sticker": "🎈", "id": 1 << 70}},
        {"Date": "2025-02-01 00:00:00", "From": None, "Content": None},
        {"From": "bob", "Content": "no date"},
        {"Date": "2025-02-02 00:00:00 UTC", "Content": "no sender"},
        {"Date": "2025-02-03T00:00:00.123+02:00", "From": 7, "Content": "another form of date"},
        {"Date": "2025-02-04 00:00:00", "From": "bob", "Content": "", "Reactions": [{"by": "me"}]},
        "not an object",
        None,
        {},
        {
            "Date": "2025-02-05 00:00:00",
            "From": "bob",
            "Content": "Date: 2020-01-01\nbob: nested\r\n",
        },
    ]
    chats["Chat History with bob::"] = odd
    chats["Unusual Key"] = [{"Date": "2025-03-01 00:00:00", "From": "eve", "Content": "unusual"}]
    chats["Chat History with nobody:"] = None
    chats["Chat History with a.text:"] = "this conversation cannot be shown"
    if later:
        del chats["Chat History with CON:"]
        odd[0:1] = []
        odd.append({"Date": "2025-09-05 00:00:00", "From": "bob", "Content": "new from bob"})
        chats["Chat History with Alice:"].append(
            {"Date": "2025-09-06 00:00:00", "From": "Alice", "Content": "new from Alice"}
        )
    return {"Direct Messages": {"Chat History": {"ChatHistory": chats}}}
