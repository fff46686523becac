"""The JSON reader against `json.loads`, on documents that nobody thought of."""

from __future__ import annotations

import io
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from decamp import SourceUnreadable
from decamp_tiktok.archive.hot import HOT, HotDecoder, plain
from decamp_tiktok.archive.jsonstream import Rejected, Rows, Value, read_events

WINDOWS = st.sampled_from([16, 17, 64, 300, 4096, 1 << 20])
PIECES = [
    "}]",
    "},{",
    '"}]',
    '\\"}]',
    "\\",
    "é😀",
    "]}",
    '[{"a":1}]',
    "\n",
    '{"D":"x"},',
    "], ",
    "}],",
    "}]}",
    "\n  ]",
    "},\n    {",
    '],"a":',
    "",
]
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=4).map("".join)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS.filter(lambda text: not any("\ud800" <= char <= "\udfff" for char in text))
)


def _containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return (
        st.lists(inner, max_size=6)
        | st.dictionaries(TEXTS, inner, max_size=4)
        | st.lists(st.dictionaries(st.sampled_from("abc"), inner, max_size=3), max_size=12)
    )


DOCUMENTS = st.dictionaries(TEXTS, st.recursive(SCALARS, _containers, max_leaves=40), max_size=5)


def leaves(value: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """Give what the reader should yield: everything below objects, lists whole."""
    if not isinstance(value, dict) or not value:
        return {path: value}
    found: dict[tuple[str, ...], Any] = {}
    for key, inner in value.items():
        found |= leaves(inner, (*path, key))
    return found


def rebuild(text: bytes, window: int) -> tuple[dict[tuple[str, ...], Any], list[Rejected]]:
    """Put the events together again; fail on gaps and repetitions."""
    found: dict[tuple[str, ...], Any] = {}
    rejected: list[Rejected] = []
    for event in read_events(io.BytesIO(text).read, window=window):
        if isinstance(event, Rows):
            assert event.batch
            rows = found.setdefault(event.path, [])
            assert event.index == len(rows)
            rows.extend(event.batch)
        elif isinstance(event, Rejected):
            assert text[event.offset :].startswith(event.raw)
            rejected.append(event)
            if event.index is not None:
                assert event.index == len(found.setdefault(event.path, []))
                found[event.path].append(event)
        else:
            assert event.path not in found
            found[event.path] = event.value
    return found, rejected


@settings(max_examples=150, deadline=None)
@given(
    document=DOCUMENTS,
    window=WINDOWS,
    indent=st.sampled_from([None, 1, 2, "\t"]),
    ascii_only=st.booleans(),
    compact=st.booleans(),
)
def test_reads_what_json_reads(document, window, indent, ascii_only, compact):
    separators = (",", ":") if compact else (" , " if indent is None else ",", ": ")
    text = json.dumps(
        document, indent=indent, ensure_ascii=ascii_only, separators=separators
    ).encode()

    found, rejected = rebuild(text, window)

    assert not rejected
    assert repr(found) == repr(leaves(document))  # repr tells 1 from 1.0 and -0.0 from 0.0


ROWS = st.lists(
    st.fixed_dictionaries(
        {"D": TEXTS, "T": TEXTS},
        optional={"R": st.lists(st.fixed_dictionaries({"D": TEXTS}), max_size=2)},
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(
    chats=st.lists(ROWS | st.lists(TEXTS, max_size=6), min_size=1, max_size=4),
    window=st.sampled_from([16, 33, 64, 200, 1000, 1 << 18]),
    indent=st.sampled_from([None, 0, 1, 2, 4, 70, "\t"]),
    line_break=st.sampled_from([b"\n", b"\r\n", b"\r", b"\n\n"]),
    margin=st.sampled_from([b"", b"   "]),
)
def test_reads_rows_whose_texts_look_like_json(chats, window, indent, line_break, margin):
    document = {"h": {f"with {number}:": rows for number, rows in enumerate(chats)}, "z": {}}
    separators = (",", ":") if indent is None else None
    text = json.dumps(document, indent=indent, ensure_ascii=False, separators=separators).encode()
    text = text.replace(b"\n", line_break + margin)  # strings hold none: json escapes them

    found, rejected = rebuild(text, window)

    assert not rejected
    assert found == leaves(document)


def _loads_strictly(text: bytes) -> Any:
    def refuse(_: str) -> None:
        raise ValueError

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) < len(pairs):
            raise KeyError
        return dict(pairs)

    value = json.loads(
        text.removeprefix(b"\xef\xbb\xbf").decode(), parse_constant=refuse, object_pairs_hook=unique
    )
    json.dumps(value, ensure_ascii=False, allow_nan=False).encode()  # no half pairs, no infinity
    return value


@settings(max_examples=250, deadline=None)
@given(
    document=DOCUMENTS,
    window=WINDOWS,
    indent=st.sampled_from([None, 2]),
    data=st.data(),
)
def test_accepts_damaged_documents_only_if_json_does(document, window, indent, data):
    text = bytearray(json.dumps(document, indent=indent, ensure_ascii=False).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        junk = data.draw(st.sampled_from([b"", b",", b'"', b"{", b"}", b"]", b"1", b"\\", b"\xff"]))
        text[at : at + data.draw(st.integers(0, 2))] = junk

    try:
        wanted = _loads_strictly(bytes(text))
    except KeyError:  # a repeated key: each comes, so there is nothing to compare with
        return
    except ValueError:
        wanted = None
    try:
        found, rejected = rebuild(bytes(text), window)
    except SourceUnreadable:
        assert not isinstance(wanted, dict)
    except AssertionError:
        assert wanted is None  # a repeated key in a document that is damaged elsewhere
    else:
        if isinstance(wanted, dict):
            assert not rejected
            assert repr(found) == repr(leaves(wanted))
        else:
            assert rejected


Pairs = list[tuple[str, str]]
VIDEOS = st.lists(
    st.sampled_from([*PIECES, '"', '"Link":"x"', "\\\\\\", '","Date":"', "u0022"]), max_size=4
).map(lambda pieces: "https://" + "".join(pieces))


@st.composite
def _pairs(draw: st.DrawFn) -> tuple[Pairs, str]:
    """Make a watched video as pairs and as JSON; some name a key twice, or spell it in escapes."""
    pairs = [("Date", "2024-01-01 00:00:00"), ("Link", draw(VIDEOS))]
    pairs += [("Title", draw(VIDEOS))] * draw(st.integers(0, 1))
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        key, value = draw(st.sampled_from(pairs))
        again = value if key == "Date" else draw(VIDEOS)
        pairs.insert(draw(st.integers(0, len(pairs))), (key, again))
    fields = []
    for key, value in pairs:
        escaped = draw(st.integers(0, 9)) == 0
        name = f"\\u{ord(key[0]):04X}{key[1:]}" if escaped else key
        space = draw(st.sampled_from(["", "", " ", "\n  "]))
        quote = draw(st.sampled_from(['\\"', r"\u0022"]))  # the second is none in the bytes
        text = "".join(quote if char == '"' else json.dumps(char)[1:-1] for char in value)
        fields.append(f'"{name}"{space}:{space}"{text}"')
    return pairs, "{" + ",".join(fields) + "}"


@settings(max_examples=150, deadline=None)
@given(videos=st.lists(_pairs(), min_size=1, max_size=12), window=WINDOWS)
def test_typed_entries_that_name_a_key_twice_are_rejected_and_no_others(videos, window):
    text = '{"a":[' + " , ".join(entry for _, entry in videos) + "]}"
    [(_, judge)] = json.loads(text, object_pairs_hook=list)  # Python's own reader keeps all pairs
    assert judge == [pairs for pairs, _ in videos]
    types = [shape.type for shape in HOT["watched"]]

    events = read_events(io.BytesIO(text.encode()).read, lambda _: HotDecoder(types), window=window)

    found: list[Any] = []
    for event in events:
        assert not isinstance(event, Value)
        if isinstance(event, Rejected):
            assert event.reason == "names a key twice"
            found.append(json.loads(event.raw, object_pairs_hook=list))
        else:
            found += plain(event.batch) if event.typed else event.batch
    assert found == [pairs if len(dict(pairs)) < len(pairs) else dict(pairs) for pairs in judge]
