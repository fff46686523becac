"""What made-up people write: several scripts, emoji, and what trips up careless readers."""

from __future__ import annotations

import json
from functools import lru_cache
from random import Random

__all__ = ["phrases", "quoted", "search_terms"]

_FRAGMENTS = (
    "see you at eight",
    "that was the best part of the day",
    "wait for it...",
    "ok",
    "who else does this?",
    "first try, no cuts",
    "my cat has opinions 🐈",
    "part 2 tomorrow",
    "tutorial in the next one",
    "how did you get the light like that?",
    "#sunrise #pier #birds",
    "@river.otter7 look at this",
    "Grüße aus Köln, schöne Straße",
    "où est passé le café ? Ça m'étonne",
    "¿mañana o pasado? ¡qué ilusión!",
    "до завтра, берег моря",
    "καλημέρα από το νησί",
    "今日は天気がいいですね",
    "我们下周再见",
    "오늘 저녁에 만나요",
    "พรุ่งนี้เจอกัน",
    "कल मिलते हैं",
    "صباح الخير يا أصدقاء",
    "שלום, נתראה מחר",
    "mixed שלום and hello and مرحبا",
    "👩🏽‍🚀👨‍👩‍👧‍👦🏳️‍🌈",
    "🎉🎉🎉",
    "cafe\u0301 with a combining accent",
    "family name \U00020bb7 needs four bytes",
    'she said "never again" and laughed',
    "back\\slash and /slash/",
    'curly } ] braces , { [ and colons: "a": {}',
    '},\n{"Date": "1999-12-31 23:59:59"',
    "two\nlines",
    "three\n\nlines: with a colon\nat 12:00",
    "tab\there",
    "line\u2028separator",
    "no\u00a0break",
    "50 % off & <b>not bold</b>",
    "call 555-0142, or mail hello@example.com",
    "N/A",
    "None",
    "null",
    " leading and trailing ",
)

_TERMS = (
    "pancakes", "sunset timelapse", "how to fold a crane", "vélo cargo", "猫", "الطقس غدا",
    "easy chords", '"exact words"', "tide table", "c++ for beginners", "dance 💃", "N/A",
)  # fmt: skip


def quoted(text: str) -> str:
    """Write a text as a JSON string, other scripts unescaped as TikTok does."""
    return json.dumps(text, ensure_ascii=False)


@lru_cache(maxsize=8)
def phrases(seed: int) -> tuple[str, ...]:
    """Make the JSON strings of all that one account's people say: 4096 texts."""
    source = Random(f"{seed}/phrases")
    single = [quoted(fragment) for fragment in _FRAGMENTS]
    several = [
        quoted(source.choice((" ", " ", "\n")).join(source.choices(_FRAGMENTS, k=size)))
        for size in source.choices((1, 2, 2, 3, 5), k=4_096 - len(single))
    ]
    return (*single, *several)


@lru_cache(maxsize=8)
def search_terms(seed: int) -> tuple[str, ...]:
    """Make the JSON strings of what one account searches for: 512 texts."""
    source = Random(f"{seed}/searches")
    return tuple(
        quoted(" ".join(source.choices(_TERMS, k=size)))
        for size in source.choices((1, 1, 2), k=512)
    )
