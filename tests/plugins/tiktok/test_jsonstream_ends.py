"""Where lists end, though their texts and layout mislead the guesses of the JSON reader."""

from __future__ import annotations

import io
import json

import pytest

from decamp_tiktok.archive import jsonstream
from decamp_tiktok.archive.jsonstream import Event, Rejected, Rows, read_events


def read(text: bytes, **options) -> list[Event]:
    return list(read_events(io.BytesIO(text).read, **options))


MISLEADING = [
    "} ]",
    "}]",
    "}],",
    "}]}",
    "},{",
    "]" * 3000,
    "\n    ]\n",
    "},\n      {",
    '}],"b":[{"n":',
    '"}],"b":',
]


@pytest.fixture
def decodings(monkeypatch):
    """Record the bytes of each list that is decoded."""
    seen: list[int] = []
    decode = jsonstream._flat

    def record(text: bytes):
        seen.append(len(text))
        return decode(text)

    monkeypatch.setattr(jsonstream, "_flat", record)
    return seen


def chats(texts: list[str], **layout) -> tuple[dict, bytes]:
    rows = [{"n": place, "text": text} for place, text in enumerate(texts)]
    document = {"h": {f"with {name}": rows for name in "abc"}}
    return document, json.dumps(document, **layout).encode()


LAYOUTS = [
    pytest.param({"indent": 2}, id="indented"),
    pytest.param({"indent": "\t"}, id="tabs"),
    pytest.param({"separators": (",", ":")}, id="compact"),
    pytest.param({}, id="one line"),
]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_texts_that_look_like_the_end_of_a_list_do_not_mislead(layout: dict, decodings: list[int]):
    texts = [text for text in MISLEADING if len(text) < 3000]
    document, text = chats(texts * 20, **layout)

    events = read(text)

    assert [event.batch for event in events] == list(document["h"].values())
    assert len(decodings) == 3  # each list at the first guess


@pytest.mark.parametrize("layout", LAYOUTS)
def test_long_lists_are_cut_between_elements_at_the_first_guess(layout: dict, decodings: list[int]):
    document, text = chats(MISLEADING[:5] * 400, **layout)

    events = read(text, window=1 << 12)

    rows = [row for event in events for row in event.batch]
    assert rows == [row for batch in document["h"].values() for row in batch]
    assert sum(decodings) < 1.1 * len(text)


@pytest.mark.parametrize("layout", [*LAYOUTS, {"indent": 0}, {"indent": 100}])
@pytest.mark.parametrize("window", [16, 50, 300, 5000, 1 << 18])
def test_misleading_texts_are_read_at_any_window(layout: dict, window: int):
    document, text = chats(MISLEADING, **layout)

    found: dict[tuple[str, ...], list] = {}
    for event in read(text, window=window):
        found.setdefault(event.path, []).extend(event.batch)

    assert found == {("h", name): rows for name, rows in document["h"].items()}


@pytest.mark.parametrize("layout", [{"separators": (",", ":")}, {"indent": 2}])
@pytest.mark.parametrize("depth", [1, 2, 3, 4, 9])
def test_rows_with_lists_in_them_are_read(layout: dict, depth: int):
    nested: object = "}]"
    for _ in range(depth):
        nested = [{"n": nested}, {"n": 1}]
    document = {name: [{"n": nested, "m": place} for place in range(40)] for name in "ab"}
    text = json.dumps(document, **layout).encode()

    for window in (16, 700, 1 << 18):
        found: dict[str, list] = {}
        for event in read(text, window=window):
            found.setdefault(event.path[0], []).extend(event.batch)
        assert found == document


# A line break in a string, and a bracket that stands further left than its list.
@pytest.mark.parametrize(
    "text",
    [
        b'{\n  "a": [\n    {"n": "x\n  ]"},\n    {"n": 1}\n  ]\n}',
        b'{\n  "a": [\n    {"n": [\n1\n]},\n    {"n": 1}\n  ]\n}',
        b'{\n  "a": [\n    {"n": [[\n1\n],\n    1,\n    2]},\n    {"n": 1}]}',
    ],
)
@pytest.mark.parametrize("window", [16, 1 << 18])
def test_lines_that_break_anywhere_do_not_mislead(text: bytes, window: int):
    events = read(text, window=window)

    rows = [row for event in events if isinstance(event, Rows) for row in event.batch] + [
        event.raw for event in events if isinstance(event, Rejected)
    ]
    assert len(rows) == 2
    assert {"n": 1} in rows
    assert json.loads(text, strict=False)["a"][1] == {"n": 1}
