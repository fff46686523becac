"""Other people's names: aliases, and where names hide."""

from __future__ import annotations

import json
import re
import string
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from attrs import evolve
from hypothesis import assume, given
from hypothesis import strategies as st

from decamp.engine.judging.quarantine import rejected_item
from decamp.engine.people.aliases import GONE, Aliases, is_alias, names_a_person
from decamp.engine.people.names import KEEP, OtherPeople
from decamp.engine.tally import Tally
from decamp.identity import row_digester
from decamp.model import Collection, Item, RowBatch
from decamp.validation import (
    identity_fields,
    is_named_after_a_person,
    mark_of_others,
    person_fields,
    row_check,
    validator,
)

SECRET = bytes(range(32))
ALICE = Aliases(SECRET, ()).name("alice")
BOB = Aliases(SECRET, ()).name("bob")


CHAT = Collection("message", "alice")
WATCHED = Collection("event", "watched")


def aliases(*own: str, known: tuple[str, ...] = ()) -> Aliases:
    made = Aliases(SECRET, own or ("ada.example",))
    for name in known:
        made.name(name)
    return made


def people(*, drop: bool = False, own: tuple[str, ...] = ("ada.example",)) -> OtherPeople:
    return OtherPeople(Aliases(SECRET, own), Tally(), drop=drop)


def chat(*rows: dict[str, Any], key: str = "alice", path: str | None = None) -> RowBatch:
    where = f"Messages/Chat History with {key}:" if path is None else path
    return RowBatch(Collection("message", key, {"conversation": key}), rows, where)


def conversation(key: str = "alice") -> Item:
    path = f"Messages/Chat History with {key}:"
    record = {
        "key": key,
        "title": key,
        "group": False,
        "participants": [key],
        "source": {"path": path, "fields": {path: "odd"}},
    }
    return Item(f"conversation:{key}", "conversation", record)


# --- aliases -----------------------------------------------------------------------------


def test_an_alias_says_nothing_and_is_the_same_again() -> None:
    assert re.fullmatch(r"person-[a-z2-7]{16}", ALICE)
    assert is_alias(ALICE) and not is_alias("person-k3v9") and not is_alias(f"{ALICE}.")
    assert Aliases(SECRET, ("ada.example",)).name("alice") == ALICE
    assert Aliases(bytes(32), ()).name("alice") != ALICE
    assert len({aliases().name(name) for name in ("Alice", "alice", "alice ", "álice")}) == 4


def test_own_names_aliases_and_nobody_stay() -> None:
    made = aliases("ada.example", "ada.old")
    for name in ("ada.example", "ada.old", ALICE, "", "N/A", "None"):
        assert made.name(name) == name
    assert [made.other(name) for name in ("ada.old", "", "N/A", None, 7)] == [False] * 5
    assert made.other("alice") and made.other(ALICE), "an alias is another person too"


def test_half_a_character_has_an_alias() -> None:
    assert is_alias(aliases().name("\ud83d"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://www.tiktok.com/@alice", f"https://www.tiktok.com/@{ALICE}"),
        (
            "https://www.tiktok.com/@alice/video/7?x=1",
            f"https://www.tiktok.com/@{ALICE}/video/7?x=1",
        ),
        ("https://www.tiktok.com/%40alice#top", f"https://www.tiktok.com/%40{ALICE}#top"),
        ("https://www.tiktok.com/@al%69ce", f"https://www.tiktok.com/@{ALICE}"),
        ("https://example.com/x?from=alice&n=1", f"https://example.com/x?from={ALICE}&n=1"),
        ("https://example.com/x?a=alice&user=1", "https://example.com/x?a=alice&user=1"),
        ("@alice", f"@{ALICE}"),
        (
            "https://www.tiktok.com/@ada.example/video/7",
            "https://www.tiktok.com/@ada.example/video/7",
        ),
        (f"https://www.tiktok.com/@{ALICE}", f"https://www.tiktok.com/@{ALICE}"),
        ("mail user@example.com", "mail user@example.com"),
        ("https://www.tiktokv.com/share/video/7/", "https://www.tiktokv.com/share/video/7/"),
    ],
)
def test_links_to_profiles(text: str, expected: str) -> None:
    assert aliases().address(text) == expected
    assert aliases().name(text) in (expected, aliases().name(text))
    assert aliases().address(expected) == expected, "twice is the same"


def test_a_name_given_as_a_link_or_with_an_at() -> None:
    assert aliases().name("@alice") == f"@{ALICE}"
    assert aliases().name("https://www.tiktok.com/@alice") == f"https://www.tiktok.com/@{ALICE}"
    assert is_alias(aliases().name("@alice in wonderland")), "no link: all of it is the name"


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("alice", "Chat History with alice:", "Chat History with *:"),
        ("alice", "alice, malice, alice.b and alice.", "*, malice, alice.b and *."),
        ("trailing.", "with trailing.:", "with *:"),
        ("a/b", "x/Chat with a/b:/3", "x/Chat with *:/3"),
        ("with: colon", "Chat with: colon:", "Chat *:"),
        ("🙂", "Chat with 🙂:", "Chat with *:"),
        ("José Núñez", "from José Núñez, José", "from *, José"),
        ("12", "since 12 May", "since 12 May"),
        (":", "a : b", "a : b"),
    ],
)
def test_names_are_found_as_words(name: str, text: str, expected: str) -> None:
    made = aliases(known=(name,))
    assert made.words(text) == expected.replace("*", made.name(name))
    assert made.words(made.words(text)) == made.words(text)


def test_members_in_the_name_of_a_group_are_known() -> None:
    made = aliases(known=("alice, bob, ok", "Trip to X, 2024"))
    assert made.words("alice bob X ok") == f"{ALICE} {BOB} X ok"


def test_a_number_is_a_name_only_in_keys_and_paths() -> None:
    made = aliases(known=("12",))
    alias = made.name("12")
    assert made.raw({"12": "12", "path": "a/12"}) == {alias: "12", "path": f"a/{alias}"}


def test_a_path_whose_name_cannot_be_found_is_hidden_as_a_whole() -> None:
    made = aliases()
    assert is_alias(made.path("Groups/Family trip", "Another name"))
    assert (
        made.path("Chats/Chat History with alice:", "alice") == f"Chats/Chat History with {ALICE}:"
    )
    assert made.path("Chats/ada.example", "ada.example") == "Chats/ada.example"
    assert made.path("", "alice") == ""


@pytest.mark.parametrize(
    "key",
    [
        "UserName",
        "Username",
        "user_name",
        "From",
        "to",
        "Friends",
        "Nickname",
        "MutedList",
        "TaggedUser",
        "People you assigned to moderate your LIVE",
    ],
)
def test_keys_that_name_people(key: str) -> None:
    assert names_a_person(key)
    assert aliases().raw({key: "alice"}) == {key: ALICE}
    assert aliases().raw({key: "ada.example"}) == {key: "ada.example"}
    assert aliases().raw({key: ["alice", "N/A", 7, None]}) == {key: [ALICE, "N/A", 7, None]}
    assert aliases().raw({key: "2024-01-31 10:00"}) == {key: "2024-01-31 10:00"}
    assert aliases().raw({key: "12"}) == {key: "12"}
    assert aliases().raw({key: "Enabled"}, drop=True) == {key: "Enabled"}
    assert aliases().raw({key: "alice"}, hints=False) == {key: "alice"}


@pytest.mark.parametrize("key", ["App Language", "shop_name", "Date From", "userId", "Name"])
def test_keys_that_do_not(key: str) -> None:
    assert not names_a_person(key)


def test_a_group_stays_a_group_under_the_alias_of_its_title() -> None:
    made = aliases()
    title = made.name("Family trip")
    assert is_alias(title)
    assert made.name("group:Family trip") == f"group:{title}"
    assert made.name(f"group:{title}") == f"group:{title}"
    assert made.path("Groups/Family trip", "group:Family trip") == f"Groups/{title}"


def test_raw_values_are_walked() -> None:
    made = aliases(known=("alice", "bob"))
    value = {
        "alice": {"list": ["alice", "no", {"x": "by bob"}]},
        "Chat with bob:": [1, 2.5, True, None],
        "Link": "https://www.tiktok.com/@carol/live?from=alice",
        "Text": "alice and bob at https://www.tiktok.com/@bob",
        "Title": "alice",
        "path": "Chats/Chat with bob:",
    }
    carol = made.name("carol")
    assert made.raw(value) == {
        ALICE: {"list": [ALICE, "no", {"x": f"by {BOB}"}]},
        f"Chat with {BOB}:": [1, 2.5, True, None],
        "Link": f"https://www.tiktok.com/@{carol}/live?from={ALICE}",
        "Text": f"alice and bob at https://www.tiktok.com/@{BOB}",
        "Title": ALICE,
        "path": f"Chats/Chat with {BOB}:",
    }


@pytest.mark.parametrize(
    ("value", "expected", "removed"),
    [
        ({"UserName": "alice", "Date": "2024"}, GONE, 0),
        ({"Friends": [{"UserName": "alice"}, {"UserName": "ada.example"}]}, {"Friends": [{"UserName": "ada.example"}]}, 1),
        ({"Friends": [{"UserName": "alice"}]}, GONE, 2),
        ({"a": {"bob": 1, "x": 2}}, {"a": {"x": 2}}, 1),
        ({"Moderators": ["alice", "ada.example"], "On": "Yes"}, {"Moderators": ["ada.example"], "On": "Yes"}, 1),
        ({"empty": [], "none": {}}, {"empty": [], "none": {}}, 0),
        ("N/A", "N/A", 0),
    ],
)  # fmt: skip
def test_what_is_about_others_is_dropped_from_raw_values(
    value: Any, expected: Any, removed: int
) -> None:
    made = aliases(known=("bob",))
    assert made.raw(value, drop=True) == expected
    assert made.removed == removed


# --- the schemas decide ------------------------------------------------------------------


def test_the_schemas_say_which_fields_name_people() -> None:
    assert dict(person_fields("event")) == {
        "object": "address", "person": "name", "about": "address", "details": "raw",
        "source": "raw",
    }  # fmt: skip
    assert dict(person_fields("message")) == {"from": "name", "source": "raw"}
    assert dict(person_fields("conversation")) == {
        "key": "name", "title": "name", "participants": "name", "source": "raw",
    }  # fmt: skip
    assert mark_of_others("message") == ("side", "them") and mark_of_others("event") is None
    assert is_named_after_a_person("message") and not is_named_after_a_person("event")
    assert dict(person_fields("of.a.plugin")) == {}
    for kind in ("message", "event"):
        raw = {name for name, how in person_fields(kind).items() if how in ("raw", "known")}
        assert not raw & set(identity_fields(kind)), "a digest cannot wait for all names"


# --- rows --------------------------------------------------------------------------------


def test_keep_touches_nothing() -> None:
    batch = chat({"side": "them", "from": "alice", "text": "x"})
    item = conversation()
    assert KEEP.batch(batch) is batch
    assert KEEP.rows(batch.collection, batch.rows) is batch.rows
    assert KEEP.refine(batch.collection) is None
    assert KEEP.items([item])[0] is item


def test_rows_of_a_conversation() -> None:
    mine = {"side": "me", "from": "ada.example", "text": "hello alice"}
    theirs = {"side": "them", "from": "alice", "text": "hello"}
    gone = {"side": "them", "from": "", "text": "from a deleted account"}
    made = people()
    batch = made.batch(chat(mine, theirs, gone))
    assert batch.collection == Collection("message", ALICE, {})
    assert batch.collection.header == {"conversation": ALICE}
    assert batch.path == f"Messages/Chat History with {ALICE}:"
    rows = made.rows(batch.collection, batch.rows)
    assert rows == [mine, {**theirs, "from": ALICE}, gone]
    assert rows[0] is mine, "nothing is copied unless something changes"
    assert theirs["from"] == "alice", "what the exporter gave is left alone"
    assert made.refine(batch.collection) is None, "no row had raw values"


def test_fields_that_no_schema_knows_are_raw() -> None:
    made = people()
    [row] = made.rows(WATCHED, [{"object": "x", "UserName": "bob", "with": "alice", "alice": 1}])
    made.rows(WATCHED, [{"person": "alice"}])
    refine = made.refine(WATCHED)
    assert refine is not None
    [line] = refine([msgspec.json.encode(row) + b"\n"])
    assert json.loads(line) == {"object": "x", "UserName": BOB, "with": ALICE, ALICE: 1}
    [post] = made.items(
        [Item("post:1", "post", {"type": "video", "audience": "public", "to": "bob"})]
    )
    assert post.record == {"type": "video", "audience": "public", "to": BOB}


def test_the_header_of_a_bundles_own_segment_is_renamed_too() -> None:
    header = {
        "kind": "message",
        "collection": "alice",
        "conversation": "alice",
        "rows": 1,
        "source": {"paths": ["Messages/Chat History with alice:", "odd"]},
    }
    batch = evolve(chat({"side": "me", "text": ""}), segment=header)
    made = people().batch(batch).segment
    assert made is not None
    assert json.dumps(made).count(ALICE) == 3 and "alice" not in json.dumps(made)
    assert list(made) == list(header) and is_alias(made["source"]["paths"][1])


def test_rows_of_others_are_dropped_and_counted() -> None:
    tally = Tally()
    made = OtherPeople(aliases(), tally, drop=True)
    mine = {"side": "me", "from": "my.old.name", "text": "hello"}
    rows = made.rows(CHAT, [mine, {"side": "them", "from": "alice", "text": "hello"}])
    assert [row["side"] for row in rows] == ["me"]
    events = [
        {"time": "2024-01-01T00:00:00Z", "person": "alice"},
        {"time": "2024-01-01T00:00:00Z", "person": "ada.example"},
        {"time": "2024-01-01T00:00:00Z", "person": "N/A"},
        {"time": "2024-01-01T00:00:00Z", "object": "x", "source": {"FriendUserName": "bob"}},
        {"time": "2024-01-01T00:00:00Z", "object": "https://www.tiktok.com/@alice/video/7"},
    ]
    kept = made.rows(WATCHED, events)
    assert kept[:2] == events[1:3]
    assert kept[2]["object"] == f"https://www.tiktok.com/@{ALICE}/video/7"
    assert tally.as_json() == {
        "event": {"found": 2, "not_asked": 2, "left_out": 2},
        "message": {"found": 1, "not_asked": 1, "left_out": 1},
    }


def test_names_known_later_are_found_in_earlier_rows() -> None:
    made = people()
    rows = made.rows(
        WATCHED, [{"object": "x", "source": {"Owner": "zoe"}, "details": {"with": "zoe"}}]
    )
    refine = made.refine(WATCHED)
    assert refine is not None
    made.rows(WATCHED, [{"person": "zoe"}])
    zoe = aliases().name("zoe")
    plain = msgspec.json.encode({"object": "zoe"}) + b"\n"
    lines = [msgspec.json.encode(row) + b"\n" for row in rows] + [plain]
    assert [json.loads(line) for line in refine(lines)] == [
        {"object": "x", "source": {"Owner": zoe}, "details": {"with": zoe}},
        {"object": "zoe"},
    ]
    assert refine(lines)[1] is plain
    assert [json.loads(line) for line in refine(refine(lines))] == [
        json.loads(line) for line in refine(lines)
    ]


def test_ends_of_rows_that_were_looked_at_once_hide_nothing() -> None:
    made = people()
    rows = [
        {"object": "x", "source": {"Title": ""}},
        {"object": "y", "source": {"Title": ""}},
        {"source": {"Owner": "zoe"}},
        {"object": "z"},
        {"source": {"Owner": "zoe", "source": {"Title": ""}}},
        {"object": ',"source":{"Title":""}}', "source": {"Owner": "zoe"}},
        {"object": "x", "source": {"Owner": "zoe", "source": {"Title": ""}}},
    ]
    made.rows(WATCHED, [*rows, {"person": "zoe"}])
    refine = made.refine(WATCHED)
    assert refine is not None
    lines = [msgspec.json.encode(row) + b"\n" for row in rows]
    for _ in range(2):
        written = b"".join(refine(lines))
        assert b"zoe" not in written
        assert written.count(b"person-") == 4


def test_names_in_rows_that_were_not_asked_for_are_known() -> None:
    made = people()
    made.notice(chat({"side": "them", "from": "zoe", "text": ""}, {"side": "me", "text": ""}))
    [item] = made.items(
        [Item("section:x:1", "section", {"name": "x", "path": "x", "value": ["zoe"]})]
    )
    assert item.record["value"] == [aliases().name("zoe")]


NAMES = st.text(string.ascii_letters + string.digits + "._ -/:é🙂", min_size=1, max_size=12)


@given(st.lists(st.tuples(NAMES, st.sampled_from(["me", "them"]), st.text()), max_size=20))
def test_a_bundle_read_back_gives_the_same_digests(found: list[tuple[str, str, str]]) -> None:
    """So a journal that was lost can be made again, and nothing is brought twice."""
    messages = [{"side": side, "from": name, "text": text} for name, side, text in found]
    events = [
        {"person": name, "object": f"https://example.com/@{name}/{text}", "text": text}
        for name, _, text in found
    ]
    for collection, rows in ((CHAT, messages), (WATCHED, events)):
        kind = collection.kind
        once = list(people().rows(collection, rows))
        again = list(people().rows(collection, once))
        assert again == once
        assume(all(row_check(kind).is_valid(row) for row in once))
        digest = row_digester(kind, bytes(16))
        assert digest(once) == digest(again)
        different = len({json.dumps(row) for row in rows})
        assert len({json.dumps(row) for row in once}) == different, "no two names meet"


# --- items -------------------------------------------------------------------------------


def test_a_conversation_is_named_by_the_alias_everywhere() -> None:
    [made] = people().items([conversation()])
    path = f"Messages/Chat History with {ALICE}:"
    assert made.id == f"conversation:{ALICE}"
    assert made.record == {
        "key": ALICE,
        "title": ALICE,
        "group": False,
        "participants": [ALICE],
        "source": {"path": path, "fields": {path: "odd"}},
    }
    assert people().items([made]) == [made], "twice is the same"


def test_a_dropped_conversation_keeps_only_its_key() -> None:
    tally = Tally()
    [made] = OtherPeople(aliases(), tally, drop=True).items([conversation()])
    assert made.id == f"conversation:{ALICE}"
    assert made.record == {
        "key": ALICE,
        "group": False,
        "source": {"path": f"Messages/Chat History with {ALICE}:"},
    }
    assert not validator("conversation").problems(made.record)
    assert tally.as_json()["conversation"]["trimmed"] == 1


def test_a_section_hides_its_digest_and_names() -> None:
    before = Item(
        "section:Chats/alice:0123456789abcdef",
        "section",
        {
            "name": "Chat with alice:",
            "path": "Chats/Chat with alice:",
            "value": {"UserName": "bob"},
        },
    )
    made = people()
    made.rows(CHAT, [{"side": "them", "from": "alice", "text": ""}])
    [section] = made.items([before])
    assert re.fullmatch("section:[a-z2-7]{16}", section.id)
    assert section.record == {
        "name": f"Chat with {ALICE}:",
        "path": f"Chats/Chat with {ALICE}:",
        "value": {"UserName": BOB},
    }
    [same] = people().items([before])
    assert same.id == section.id, "whatever names are known, so it is not brought twice"


def test_posts_keep_their_ids_and_texts() -> None:
    record = {
        "type": "video",
        "audience": "public",
        "caption": "with alice and @alice",
        "sound": "original sound - alice",
        "source": {"path": "Posts", "fields": {"TaggedUser": "alice"}},
    }
    made = people()
    made.rows(WATCHED, [{"person": "alice"}])
    [post] = made.items([Item("post:2024-01-01T00:00:00Z", "post", record)])
    assert post.id == "post:2024-01-01T00:00:00Z"
    assert post.record == {
        **record,
        "sound": f"original sound - {ALICE}",
        "source": {"path": "Posts", "fields": {"TaggedUser": ALICE}},
    }


def test_the_profile_stays_but_for_known_names() -> None:
    record = {
        "username": "ada.example",
        "links": [{"service": "instagram", "address": "https://instagram.com/@ada"}],
        "source": {"path": "Profile", "fields": {"userName": "Ada", "bestFriend": "alice"}},
    }
    made = people()
    made.rows(WATCHED, [{"person": "alice"}])
    [profile] = made.items([Item("profile", "profile", record)])
    assert profile.record["source"]["fields"] == {"userName": "Ada", "bestFriend": ALICE}
    assert {k: v for k, v in profile.record.items() if k != "source"} == {
        k: v for k, v in record.items() if k != "source"
    }


def test_kinds_without_a_schema_are_walked_and_their_ids_hidden() -> None:
    item = Item("playlist:alice", "playlist", {"UserName": "alice", "count": 2})
    assert people(drop=True).items([item]) == []
    [made] = people().items([item])
    assert made.record == {"UserName": ALICE, "count": 2}
    assert re.fullmatch("playlist:[a-z2-7]{16}", made.id)


@pytest.mark.parametrize(
    ("item", "alias_keeps", "drop_keeps"),
    [
        (rejected_item("Chats/x", [{"from": "alice", "time": "?"}], "bad"), True, False),
        (rejected_item("Chats/x", {"a": "\ud83d"}, "half a character"), False, False),
        (
            Item("section:x:1", "section", {"name": "x", "path": "x", "reason": "It is cut off.",
                                            "value": '{"From": "al'}),
            False, False,
        ),
        (Item("section:x:1", "section", {"name": "x", "path": "x", "value": [1]}), True, True),
    ],
)  # fmt: skip
def test_what_could_not_be_read_is_left_out(
    item: Item, alias_keeps: bool, drop_keeps: bool
) -> None:
    for drop, keeps in ((False, alias_keeps), (True, drop_keeps)):
        tally = Tally()
        made = OtherPeople(aliases(), tally, drop=drop).items([item])
        assert len(made) == keeps
        assert tally.total("left_out") == (not keeps)
        assert [one["code"] for one in tally.problems] == ["people"] * (not keeps and not drop)


LONG = st.text(string.ascii_lowercase + string.digits + "._", min_size=4, max_size=16).filter(
    lambda name: any(map(str.isalpha, name)) and name.strip("._") == name
)
RAW = st.recursive(
    st.none() | st.booleans() | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["zz-1", "zz-2", "zz-3"]), inner, max_size=3)
    ),
    max_leaves=8,
)


OURS = (
    "https://zz.example side them text from object source person key title group participants "
    "source path fields odd zz more UserName value name conversation Messages/Chat History with"
)
"""What is in the test's data apart from names."""


def strings(value: Any) -> Iterator[str]:
    """Give all keys and texts of a value."""
    if isinstance(value, dict):
        yield from value
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from strings(inner)
    elif isinstance(value, str):
        yield value


def planted(value: Any, names: list[str], draw: Any) -> Any:
    """Put names at places of a raw value: whole, in keys, in links, in paths."""
    name = draw(st.sampled_from(names))
    return draw(
        st.sampled_from(
            [
                {"zz": name, "more": value},
                {name: value},
                {f"zz with {name}:": value},
                [f"https://zz.example/@{name}/1?zz={name}", value],
                {"path": f"ZZ/ZZ with {name}:/0", "zz": [value, name]},
                {"UserName": name, "zz": value},
            ]
        )
    )


@given(st.data(), st.lists(LONG, min_size=1, max_size=5, unique=True), st.booleans())
def test_no_name_is_left_in_any_byte(data: st.DataObject, names: list[str], drop: bool) -> None:
    assume(not any(name in OURS for name in names))
    draw = data.draw
    made = people(drop=drop)
    batches = [chat({"side": "them", "from": name, "text": ""}, key=name) for name in names]
    out: list[Any] = []
    sources = [
        {"object": f"https://zz.example/@{name}", "source": planted(draw(RAW), names, draw)}
        for name in names
    ]
    rows = made.rows(WATCHED, [*sources, *({"person": name} for name in names)])
    for batch in batches:
        renamed = made.batch(batch)
        out += [renamed.collection.key, renamed.collection.header, renamed.path]
        out += made.rows(batch.collection, batch.rows)
    items = [conversation(name) for name in names]
    for number in range(3):
        value = planted(draw(RAW), names, draw)
        name = draw(st.sampled_from(names))
        record = {"name": name, "path": f"ZZ/with {name}:", "value": value}
        items.append(Item(f"section:{name}:{number}", "section", record))
    refine = made.refine(WATCHED)
    lines = [msgspec.json.encode(row) + b"\n" for row in rows]
    out += [json.loads(line) for line in (refine(lines) if refine else lines)]
    out += [[item.id, item.record] for item in made.items(items)]
    text = "\n".join(strings(out))
    text = re.sub(r"person-[a-z2-7]{16}|section:[a-z2-7]{16}", "", text)
    assert [name for name in names if name in text] == []
