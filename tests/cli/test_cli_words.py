"""How things are said."""

from __future__ import annotations

import pytest

from decamp.cli.words import amount, moment, number, plural, point, printable, size


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (3_140_000, "3.1 MB"),
        (314_000_000, "314 MB"),
        (5 * 10**15, "5000 TB"),
    ],
)
def test_sizes(count, said):
    assert size(count) == said


def test_amounts():
    assert number(1234567) == "1,234,567"
    assert plural(1, "file") == "1 file"
    assert amount("event", 1) == "1 activity entry"
    assert amount("post", 25) == "25 posts"
    assert amount("playlist", 2) == "2 of the kind playlist"
    assert moment("2026-11-23T09:15:42Z") == "2026-11-23 09:15 UTC"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("plain", "plain"),
        ("two\nlines", "two\nlines"),
        ("\x1b[2Jcleared\x07", " [2Jcleared "),
        ("\x9b31m", " 31m"),
        ("abc\u202egpj.exe", "abcgpj.exe"),
        ("مرحبا 👩\u200d🚀", "مرحبا 👩\u200d🚀"),
        ("half \ud83d", "half "),
        ("line\u2028break", "line break"),
    ],
)
def test_text_of_others_cannot_steer_the_terminal(text, said):
    assert printable(text) == said


@pytest.mark.parametrize(
    ("time", "said"),
    [
        ("2026-11-25T09:00:05Z", "2026-11-25 09:00:05 UTC"),
        ("2026-11-25T09:12:00Z", "2026-11-25 09:12 UTC"),
    ],
)
def test_a_time_to_come_is_never_the_present_minute(time: str, said: str) -> None:
    assert point(time) == said
