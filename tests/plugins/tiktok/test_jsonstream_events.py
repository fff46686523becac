"""What the JSON reader yields, and what it refuses."""

from __future__ import annotations

import io
import itertools
import json
import tracemalloc

import msgspec
import pytest

from decamp import SourceUnreadable
from decamp_tiktok.archive.jsonstream import Event, Rejected, Rows, Value, read_events

HALF_EMOJI = rb'"\ud83d"'


def read(text: bytes, **options) -> list[Event]:
    return list(read_events(io.BytesIO(text).read, **options))


def test_yields_scalars_and_empties_with_their_paths():
    events = read(b' {"a": {"b": "x", "c": null, "d": {}, "e": []}, "f": -1.5e3, "g": true} ')

    assert events == [
        Value(("a", "b"), "x"),
        Value(("a", "c"), None),
        Value(("a", "d"), {}),
        Value(("a", "e"), []),
        Value(("f",), -1500.0),
        Value(("g",), True),
    ]


def test_an_empty_document_is_seen():
    assert read(b"{}") == [Value((), {})]


def test_a_byte_order_mark_is_accepted():
    assert read(b'\xef\xbb\xbf{"a":1}') == [Value(("a",), 1)]


@pytest.mark.parametrize("window", [16, 100, 1 << 20])
def test_rows_come_in_batches_without_a_gap(window: int):
    text = b'{"a":{"b":[' + b",".join(b'{"n":%d}' % n for n in range(50)) + b"]}}"

    rows = read(text, window=window)

    assert {event.path for event in rows} == {("a", "b")}
    assert [event.index for event in rows] == [
        0,
        *itertools.accumulate(len(event.batch) for event in rows[:-1]),
    ]
    assert [row["n"] for event in rows for row in event.batch] == list(range(50))
    assert (len(rows) > 1) == (window < 200)


def test_lists_may_hold_anything():
    text = b'{"a":[1,"x",null,[],[{"b":[2]}],{"c":{"d":3}},4.0]}'

    rows = [row for event in read(text) for row in event.batch]

    assert rows == [1, "x", None, [], [{"b": [2]}], {"c": {"d": 3}}, 4.0]


def test_repeated_keys_of_walked_objects_all_come():
    assert read(b'{"a":1,"a":2}') == [Value(("a",), 1), Value(("a",), 2)]


def test_half_a_surrogate_pair_in_a_key_is_written_out():
    text = rb'{"a\ud83d":1,"\ud83d\ude00":{"\"\udc00":[2]}}'

    first, second = read(text)

    assert first == Value((r"a\ud83d",), 1)
    assert second == Rows(("\N{GRINNING FACE}", r"\"\udc00"), 0, [2])


@pytest.mark.parametrize(
    "text",
    [rb'{"x" : "\"", "y":"a\\"}', rb'{"x":"\u0022:\\\""}', rb'{"\\\\":"\"\""}', b'{"x":{"x":1}}'],
)
def test_quotes_in_texts_are_no_repeated_keys(text: bytes):
    (rows,) = read(b'{"a":[' + text + b"]}")

    assert rows == Rows(("a",), 0, [json.loads(text)])


def test_no_digit_of_an_integer_is_lost():
    digits = b"-123456789012345678901234567890"

    (outside, inside) = read(b'{"a":' + digits + b',"b":[' + digits + b"]}")

    assert outside.value == int(digits)
    assert inside.batch == [int(digits)]


# --- routes


class Row(msgspec.Struct, forbid_unknown_fields=True):
    n: int


decode_rows = msgspec.json.Decoder(list[Row]).decode


def test_a_route_supplies_the_decoder_of_a_list():
    asked = []

    def route(path):
        asked.append(path)
        return decode_rows if path == ("a",) else None

    events = read(b'{"a":[{"n":1},{"n":2}],"b":[{"n":3}],"c":[]}', route=route)

    assert events == [
        Rows(("a",), 0, [Row(1), Row(2)], typed=True),
        Rows(("b",), 0, [{"n": 3}]),
        Value(("c",), []),
    ]
    assert asked == [("a",), ("b",)]


def test_rows_of_another_shape_are_decoded_plainly():
    text = b'{"a":[{"n":1},{"n":2,"new":[{}]}]}'

    *_, last = read(text, route=lambda _: decode_rows)

    assert last.batch[-1] == {"n": 2, "new": [{}]}
    assert not last.typed


def test_only_the_batch_that_does_not_fit_is_decoded_plainly():
    text = b'{"a":[' + b'{"n":1},' * 50 + b'{"n":"x"},' + b",".join([b'{"n":2}'] * 50) + b"]}"

    rows = read(text, route=lambda _: decode_rows, window=64)

    assert sum(len(event.batch) for event in rows) == 101
    assert sum(len(event.batch) for event in rows if not event.typed) < 20


# --- elements that cannot be decoded


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b'{"x":' + HALF_EMOJI + b"}", "holds half of a surrogate pair"),
        (rb'"\ude00"', "holds half of a surrogate pair"),
        (b'{"x":"\xff"}', "is not UTF-8"),
        (b'{"\xc3":1}', "is not UTF-8"),
        (b'{"x":1,"x":2}', "names a key twice"),
        (rb'{"x":[{"y":"\u0022","\u0079":""}]}', "names a key twice"),
        (b'{"x":NaN}', "is not valid JSON"),
        (b"Infinity", "is not valid JSON"),
        (b"1e400", "holds a number that is too large"),
        (b"9" * 5000, "holds a number that is too large"),
        (b'{"x":"a\nb"}', "is not valid JSON"),
        (b'{"x":1} {"y":2}', "is not valid JSON"),
        (b"[" * 65 + b"]" * 65, "is nested too deeply"),
        (b"[" * 100_000 + b"]" * 100_000, "is nested too deeply"),
        (b'{"x":' * 65 + b"1" + b"}" * 65, "is nested too deeply"),
    ],
)
@pytest.mark.parametrize("window", [16, 1 << 20])
def test_a_bad_element_is_kept_raw_and_the_others_go_on(raw: bytes, reason: str, window: int):
    text = b'{"a":[{"n":0}, {"n":1},  ' + raw + b' ,{"n":3}],"b":1}'

    events = read(text, window=window)

    (rejected,) = [event for event in events if isinstance(event, Rejected)]
    assert rejected == Rejected(("a",), 2, raw, reason, text.index(raw + b" ,"))
    good = {
        event.index + place: row
        for event in events
        if isinstance(event, Rows)
        for place, row in enumerate(event.batch)
    }
    assert good == {0: {"n": 0}, 1: {"n": 1}, 3: {"n": 3}}
    assert events[-1] == Value(("b",), 1)


def test_the_deepest_allowed_element_passes():
    element = b"[" * 64 + b"]" * 64

    (rows,) = read(b'{"a":[' + element + b"]}")

    assert msgspec.json.encode(rows.batch) == b"[" + element + b"]"


def test_a_deep_element_cannot_hide_among_scalars():
    # As many scalars as brackets, so that counting brackets per element would miss it.
    text = b'{"a":[' + b"1," * 99 + b'{"x":' * 99 + b"1" + b"}" * 99 + b"]}"

    *_, rejected = read(text)

    assert isinstance(rejected, Rejected)


def test_bad_elements_in_a_typed_list_do_not_hide_the_good_ones():
    text = b'{"a":[{"n":1},{"n":' + HALF_EMOJI + b'},{"n":3}]}'

    events = read(text, route=lambda _: decode_rows)

    assert [type(event) for event in events] == [Rows, Rejected, Rows]
    assert [event.index for event in events] == [0, 1, 2]


@pytest.mark.parametrize("raw", [HALF_EMOJI, b'"\xff"', b'"a\nb"', b"1e400"])
def test_a_bad_scalar_outside_lists_is_kept_raw(raw: bytes):
    text = b'{"a":{"bio":' + raw + b'},"b":1}'

    rejected, value = read(text)

    assert (rejected.path, rejected.index, rejected.raw) == (("a", "bio"), None, raw)
    assert text[rejected.offset :].startswith(raw)
    assert value == Value(("b",), 1)


# --- documents that are refused


@pytest.mark.parametrize(
    ("text", "byte", "reason"),
    [
        (b"", 0, "the file is empty"),
        (b"  \n ", 4, "the file is empty"),
        (b"[1]", 0, "begin with an object"),
        (b'"x"', 0, "begin with an object"),
        (b"\xff\xfe{\0}\0", 0, "UTF-16"),
        (b'{"a":1} x', 8, "something follows"),
        (b'{"a":1}{"b":2}', 7, "something follows"),
        (b'{"a":[]}]', 8, "something follows"),
        (b'{"a":1 "b":2}', 7, "a comma or the end of an object"),
        (b'{"a":1,}', 7, "a key in double quotes"),
        (b"{a:1}", 1, "a key in double quotes"),
        (b"{'a':1}", 1, "a key in double quotes"),
        (b'{,"a":1}', 1, "a key in double quotes"),
        (b'{"a" 1}', 5, "a colon"),
        (b'{"a":}', 5, "a value"),
        (b'{"a":NaN}', 5, "a value"),
        (b'{"a":tru}', 5, "a value"),
        (b'{"a":01}', 5, "a value"),
        (b'{"a":1]', 6, "a comma or the end of an object"),
        (b'{"a\n":1}', 1, "a key is not valid text"),
        (b'{"a\xff":1}', 1, "a key is not valid text"),
        (rb'{"\ud83d\q":1}', 1, "a key is not valid text"),
        (b'{"a":[1,]}', 8, "a value is missing"),
        (b'{"a":[{},]}', 9, "a value is missing"),
        (b'{"a":[1,,2]}', 8, "a value is missing"),
        (b'{"a":[,1]}', 6, "a value is missing"),
        (b'{"a":[1,,', 8, "a value is missing"),
        (b'{"a":[{"b":[1}]]}', 13, "brackets do not match"),
        (b'{"a":[1}', 7, "brackets do not match"),
    ],
)
@pytest.mark.parametrize("window", [16, 1 << 20])
def test_what_is_not_json_is_refused_with_its_byte(
    text: bytes, byte: int, reason: str, window: int
):
    with pytest.raises(SourceUnreadable) as caught:
        read(text, window=window, name="here.json")

    assert reason in caught.value.message
    assert f"here.json cannot be read at byte {byte:,}:" in caught.value.message
    assert caught.value.hint


DOCUMENT = b'{"a": {"b": "x\\"y", "c": [1, {"d": "]}"}, "z"], "e": 12}, "f": [], "g": null}'


@pytest.mark.parametrize("window", [16, 1 << 20])
def test_a_document_that_ends_anywhere_in_the_middle_is_refused(window: int):
    for end in range(1, len(DOCUMENT)):
        with pytest.raises(SourceUnreadable, match="ends in the middle") as caught:
            read(DOCUMENT[:end], window=window)
        assert f"at byte {end:,}:" in caught.value.message


@pytest.mark.parametrize("depth", [65, 100_000])
def test_objects_nested_too_deeply_are_refused(depth: int):
    with pytest.raises(SourceUnreadable, match="nested more than 64 deep"):
        read(b'{"a":' * depth + b"1" + b"}" * depth)


def test_the_deepest_allowed_objects_pass():
    (value,) = read(b'{"a":' * 64 + b"1" + b"}" * 64)

    assert value.path == ("a",) * 64


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":[{"x":"' + b"y" * 5000 + b'"}]}',
        b'{"a":["' + b"y" * 5000 + b'"]}',
        b'{"a":"' + b"y" * 5000 + b'"}',
        b'{"' + b"y" * 5000 + b'":1}',
        b'{"a":' + b"1" * 5000 + b"}",
        b'{"a":"' + b"y" * 5000,
    ],
)
def test_a_value_larger_than_the_limit_is_refused(text: bytes):
    with pytest.raises(SourceUnreadable, match=r"max_element_bytes is 1,000") as caught:
        read(text, window=64, max_element=1000)

    assert "-o from.max_element_bytes" in caught.value.hint
    assert "yyy" not in caught.value.message


def test_a_value_larger_than_the_window_passes():
    text = b'{"a":[{"x":"' + b"y" * 5000 + b'"},2],"b":"' + b"z" * 5000 + b'"}'

    events = read(text, window=64, max_element=10_000)

    assert [row for event in events[:-1] for row in event.batch] == [{"x": "y" * 5000}, 2]
    assert events[-1].value == "z" * 5000


def test_reads_that_give_single_bytes_are_enough():
    source = io.BytesIO(DOCUMENT)

    events = list(read_events(lambda _: source.read(1), window=32))

    assert events == read(DOCUMENT)


@pytest.mark.parametrize("nested", [False, True], ids=["flat", "nested"])
def test_memory_does_not_grow_with_the_document(nested: bool):
    row = b'{"Date":"2024-01-01 00:00:00","Link":"https://example.com/1"}'
    block = b",".join([b'{"m":[' + row + b"," + row + b"]}" if nested else row] * 2000)
    blocks = itertools.chain([b'{"a":['], itertools.repeat(block + b",", 40), [block, b"]}"])

    tracemalloc.start()
    try:
        count = sum(
            len(event.batch) for event in read_events(lambda _: next(blocks, b""), window=1 << 16)
        )
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert count == 41 * 2000
    assert peak < 6 << 20  # the rows alone would take 30 MB and more
