"""Transfers with other people's names replaced or left out, judged by every byte that is there."""

from __future__ import annotations

import json
import re
import shutil
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

import bagit
import pytest
from keyring.backends.null import Keyring as NullKeyring

from archives import written
from cli_run import Cli
from decamp import registry
from decamp.assembly import Request, plan, transfer
from decamp.credentials import SecretStore
from decamp.engine.people.choice import delete_secret
from decamp.events import Event, Notice
from decamp.home import Home
from decamp.identity import record_digest, row_digester, row_keys
from decamp.journal import Journal
from decamp.validation import validator
from decamp_tiktok.sandbox import ArchiveOptions, Counts, write_archive
from hand_people import OTHERS, OWNER, export_with_people
from journey import tree
from memory_keyring import MemoryKeyring, using

ALIAS = re.compile(r"person-[a-z2-7]{16}|section:[a-z2-7]{16}")
FREE = {"text", "caption", "Content", "Text", "Title", "comment"}
"""Members that hold what people wrote, which is never changed."""


class Person:
    """Somebody with a home, an export and a bundle."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bundle = folder, folder / "bundle"
        self.home = Home(folder / "home")
        self.notices: list[str] = []

    def transfer(self, source: Path, people: str | None = None, **changes: Any) -> dict[str, Any]:
        return self._run(transfer, source, people, **changes)

    def plan(self, source: Path, people: str | None = None, **changes: Any) -> dict[str, Any]:
        return self._run(plan, source, people, **changes)

    def _run(self, act: Any, source: Path, people: str | None, **changes: Any) -> dict[str, Any]:
        def emit(event: Event) -> None:
            if isinstance(event, Notice):
                self.notices.append(event.text)

        destination = str(changes.pop("destination", self.bundle))
        document: dict[str, Any] = act(
            Request(source=str(source), destination=destination, people=people, **changes),
            registry=registry.load(),
            home=self.home,
            emit=emit,
            stop=threading.Event(),
        )
        assert validator(act.__name__.replace("transfer", "receipt")).problems(document) == []
        return document


@pytest.fixture
def ada(tmp_path: Path) -> Iterator[Person]:
    with using(MemoryKeyring()):
        yield Person(tmp_path)


def hand(folder: Path, **options: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return written(export_with_people(**options), folder)


def without_texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_texts(inner) for key, inner in value.items() if key not in FREE}
    return [without_texts(inner) for inner in value] if isinstance(value, list) else value


def everything_but_texts(bundle: Path) -> Iterator[tuple[str, str]]:
    """Give all that is in a bundle but free text, and where; aliases taken out."""
    for path in sorted(bundle.rglob("*")):
        where = path.relative_to(bundle).as_posix()
        yield where, ALIAS.sub("", where)
        if not path.is_file():
            continue
        text = path.read_text(encoding="utf-8")
        if path.suffix in (".json", ".jsonl"):
            lines = text[:-1].split("\n") if path.suffix == ".jsonl" else [text]
            values = [without_texts(json.loads(line)) for line in lines]
            text = json.dumps(values, ensure_ascii=False)
        elif path.suffix == ".html":
            text = text.replace("with @dan.duets", "")  # a caption
        yield where, ALIAS.sub("", text)


def found_in(bundle: Path, names: set[str]) -> set[tuple[str, str]]:
    """List names that are somewhere in a bundle, but for free text, each with where."""
    found: set[tuple[str, str]] = set()
    short = {name for name in names if len(name) < 6}
    word = re.compile(r"[^\W]+")
    for where, text in everything_but_texts(bundle):
        found |= {(where, name) for name in names - short if name in text}
        found |= {(where, name) for name in short.intersection(word.findall(text))}
    return found


def rows(bundle: Path, area: str) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for path in sorted((bundle / "data" / area).rglob("*.jsonl"))
        for line in path.read_text(encoding="utf-8")[:-1].split("\n")[1:]
    ]


def names_in(document: Any) -> set[str]:
    """List the names of all people in an export of the sandbox."""
    found: set[str] = set()
    if isinstance(document, dict):
        for key, value in document.items():
            if key.startswith("Chat History with "):
                found.add(key.removeprefix("Chat History with ").rstrip(":"))
            if key in ("UserName", "From") and isinstance(value, str):
                found.add(value)
            found |= names_in(value)
    elif isinstance(document, list):
        for value in document:
            found |= names_in(value)
    return found


def sandbox(folder: Path, month: int, **options: Any) -> tuple[Path, set[str], str]:
    path = folder / f"{month}.zip"
    options = {"seed": 7, "counts": Counts(watched=300, posts=6), **options}
    at = datetime(2026, month, 1, 12, tzinfo=UTC)
    write_archive(path, ArchiveOptions(exported_at=at, **options))
    with zipfile.ZipFile(path) as archive:
        document = json.loads(archive.read(archive.namelist()[0]))
    return path, names_in(document) - {"", "example.user"}, "example.user"


@pytest.mark.parametrize("people", ["alias", "drop"])
@pytest.mark.parametrize("generation", ["A", "B", "C", "D"])
def test_no_name_of_others_is_left(generation: Any, people: str, ada: Person) -> None:
    first, names, owner = sandbox(ada.folder, 5, generation=generation)
    later, more, _ = sandbox(ada.folder, 11, generation=generation)
    assert len(names) > 30 and more - names, "there are people, and new ones"

    receipt = ada.transfer(first, people)
    assert receipt.get("error") is None
    assert found_in(ada.bundle, names) == set()
    again = ada.transfer(later)
    assert again.get("error") is None and again["people"] == people
    assert found_in(ada.bundle, names | more) == set()

    assert owner in json.dumps(json.loads((ada.bundle / "decamp.json").read_bytes()))
    assert any(row.get("from") == owner for row in rows(ada.bundle, "messages"))
    bagit.Bag(str(ada.bundle)).validate()


def test_names_are_found_wherever_they_hide(ada: Person) -> None:
    plain = Person(ada.folder / "plain")
    plain.transfer(hand(ada.folder / "e"), "keep")
    assert {name for _, name in found_in(plain.bundle, set(OTHERS))} >= set(OTHERS) - {
        "rupert.lists"
    }

    receipt = ada.transfer(hand(ada.folder / "e"), "alias")
    assert receipt.get("error") is None and receipt["people"] == "alias"
    assert found_in(ada.bundle, set(OTHERS)) == set()
    texts = [row["text"] for row in rows(ada.bundle, "messages")]
    assert "hello ada, says alice.wonder" in texts, "what people wrote is not changed"
    assert {row["from"] for row in rows(ada.bundle, "messages")} >= {OWNER}
    watched = [row["object"] for row in rows(ada.bundle, "activity/watched")]
    assert f"https://www.tiktok.com/@{OWNER}/video/7" in watched
    assert len(rows(plain.bundle, "messages")) == len(rows(ada.bundle, "messages"))
    assert len(rows(plain.bundle, "activity")) == len(rows(ada.bundle, "activity"))
    assert receipt["counts"]["message"].get("rejected") == plain_counts(
        plain, "message", "rejected"
    )
    bagit.Bag(str(ada.bundle)).validate()


def plain_counts(person: Person, kind: str, column: str) -> int | None:
    journal = Journal.open(person.home.journal)
    try:
        [run] = journal.runs()
        assert run.report is not None
        found: int | None = run.report["counts"][kind].get(column)
        return found
    finally:
        journal.close()


def test_what_is_about_others_is_left_out_and_said(ada: Person) -> None:
    receipt = ada.transfer(hand(ada.folder / "e"), "drop")
    assert receipt.get("error") is None and receipt["exit_code"] == 0
    assert found_in(ada.bundle, set(OTHERS)) == set()
    messages = rows(ada.bundle, "messages")
    assert messages and {row["side"] for row in messages} == {"me"}
    kept = {path.name for path in (ada.bundle / "data" / "activity").iterdir()}
    assert kept == {"watched", "shared", "commented"}
    assert [row["object"] for row in rows(ada.bundle, "activity/watched")] == [
        f"https://www.tiktok.com/@{OWNER}/video/7"
    ], "the other row says who made the video, so it is about somebody else"
    verdict = receipt["verdict"]
    assert not verdict["complete"]
    assert any(
        "other people's data, which you asked to leave out" in why for why in verdict["reasons"]
    )
    assert any("lack what is about other people" in why for why in verdict["reasons"])
    for counts in receipt["counts"].values():
        assert counts.get("not_asked", 0) == counts.get("left_out", 0)
        known = sum(
            counts.get(column, 0) for column in ("new", "unchanged", "changed", "not_asked")
        )
        assert counts["found"] == known
    same = ada.transfer(hand(ada.folder / "e"))
    assert same["verdict"] == verdict, "the very same export again says so too"
    bagit.Bag(str(ada.bundle)).validate()


@pytest.mark.parametrize("people", ["alias", "drop"])
def test_a_later_export_has_the_same_aliases_and_nothing_twice(people: str, ada: Person) -> None:
    ada.transfer(hand(ada.folder / "e"), people)
    before = tree(ada.bundle / "data")
    once = rows(ada.bundle, "activity"), rows(ada.bundle, "messages")
    planned = ada.plan(hand(ada.folder / "later", later=True))
    receipt = ada.transfer(hand(ada.folder / "later", later=True))
    assert receipt.get("error") is None and receipt["exit_code"] == 0
    after = tree(ada.bundle / "data")
    assert {path: after.get(path) for path in before} == before, "nothing that was there changes"
    new = [path for path in after if path not in before and not path.startswith("data/sections")]
    alias = people == "alias"
    assert len([path for path in new if path.startswith("messages")]) == alias
    assert len([path for path in new if path.startswith("activity/followers")]) == alias
    assert len(rows(ada.bundle, "activity")) == len(once[0]) + alias
    assert len(rows(ada.bundle, "messages")) == len(once[1]) + alias
    for kind in ("message", "event", "conversation", "post"):
        for column in ("found", "new", "unchanged", "left_out"):
            told = [document["counts"][kind].get(column, 0) for document in (planned, receipt)]
            assert told[0] == told[1], (kind, column)
    for kind in ("conversation", "profile"):
        assert receipt["counts"][kind].get("new", 0) == 0
    assert found_in(ada.bundle, set(OTHERS)) == set()
    bagit.Bag(str(ada.bundle)).validate()


@pytest.mark.parametrize("people", ["keep", "alias", "drop"])
def test_the_bundle_read_back_gives_the_digests_of_the_journal(people: str, ada: Person) -> None:
    """So a journal that was lost can be made again, whatever became of names."""
    ada.transfer(hand(ada.folder / "e"), people)
    journal = Journal.open(ada.home.journal)
    try:
        [route] = journal.all_routes()
        collections: dict[tuple[str, str], list[Any]] = {}
        for path in (ada.bundle / "data").rglob("*.jsonl"):
            lines = path.read_text(encoding="utf-8")[:-1].split("\n")
            header, *found = map(json.loads, lines)
            collections.setdefault((header["kind"], header["collection"]), []).extend(found)
        assert len(collections) > 4
        for (kind, key), found in collections.items():
            keys = row_keys(row_digester(kind, journal.salt)(found))
            buckets = journal.buckets(route.id, f"{kind}:{key}").values()
            assert sorted(keys) == sorted(chain.from_iterable(one.keys() for one in buckets))
        for path in (ada.bundle / "data").rglob("*.json"):
            record = json.loads(path.read_text(encoding="utf-8"))
            [known] = journal.known_many(route.id, [record["item_id"]]).values()
            assert record_digest(known.kind, record) == known.digest
    finally:
        journal.close()


@pytest.mark.parametrize("people", ["alias", "drop"])
def test_a_bundle_as_the_source(people: str, ada: Person) -> None:
    plain, second, third = (ada.folder / name for name in ("plain", "second", "third"))
    ada.transfer(hand(ada.folder / "e"), destination=plain)
    receipt = ada.transfer(plain, people, destination=second)
    assert receipt.get("error") is None
    assert found_in(second, set(OTHERS)) == set()
    assert "hello" in [row["text"] for row in rows(second, "messages")]
    bagit.Bag(str(second)).validate()

    ada.transfer(second, people, destination=third)
    assert found_in(third, set(OTHERS)) == set()
    folders = [{path.name for path in (one / "data/messages").iterdir()} for one in (second, third)]
    assert folders[0] == folders[1], "an alias is not replaced by another"
    bagit.Bag(str(third)).validate()


@pytest.mark.parametrize("people", ["alias", "drop"])
def test_a_lost_journal_goes_on_with_the_same_aliases(people: str, ada: Person) -> None:
    ada.transfer(hand(ada.folder / "e"), people)
    before = tree(ada.bundle / "data")
    once = len(rows(ada.bundle, "activity")), len(rows(ada.bundle, "messages"))
    shutil.rmtree(ada.home.folder)
    same = ada.transfer(hand(ada.folder / "e"))
    assert (same.get("error"), same["people"]) == (None, people)
    assert tree(ada.bundle / "data") == before, "nothing comes twice"
    refused = ada.transfer(hand(ada.folder / "e"), "keep")
    assert refused["exit_code"] == 2
    shutil.rmtree(ada.home.folder)
    later = ada.transfer(hand(ada.folder / "later", later=True))
    assert (later.get("error"), later["people"]) == (None, people)
    alias = people == "alias"
    now = len(rows(ada.bundle, "activity")), len(rows(ada.bundle, "messages"))
    assert now == (once[0] + alias, once[1] + alias)
    assert found_in(ada.bundle, set(OTHERS)) == set()
    bagit.Bag(str(ada.bundle)).validate()


def test_two_bundles_have_aliases_that_cannot_be_compared(ada: Person) -> None:
    export = hand(ada.folder / "e")
    ada.transfer(export, "alias")
    ada.transfer(export, "alias", destination=ada.folder / "second")
    folders = [
        {path.name for path in (bundle / "data" / "messages").iterdir()}
        for bundle in (ada.bundle, ada.folder / "second")
    ]
    assert len(folders[0]) == len(folders[1]) == 6
    assert not folders[0] & folders[1]


@pytest.mark.parametrize(("first", "then"), [("alias", "keep"), ("alias", "drop"), (None, "alias")])
def test_the_first_run_fixes_it(first: str | None, then: str, ada: Person) -> None:
    export = hand(ada.folder / "e")
    ada.transfer(export, first)
    before = tree(ada.bundle)
    for act in (ada.transfer, ada.plan):
        refused = act(export, then)
        assert refused["exit_code"] == 2
        assert refused["error"]["code"] == "config"
        assert f"--people {first or 'keep'}" in refused["error"]["message"]
    assert ada.transfer(export, first)["exit_code"] == 0
    assert tree(ada.bundle) == before
    shutil.rmtree(ada.bundle)
    assert ada.transfer(export, then)["people"] == then, "nothing is there any more"


def test_the_first_run_says_what_becomes_of_names(ada: Person) -> None:
    export = hand(ada.folder / "e")
    ada.transfer(export)
    assert sum("names come as they are in the export" in text for text in ada.notices) == 1
    ada.notices.clear()
    ada.transfer(hand(ada.folder / "later", later=True))
    assert not any("names" in text for text in ada.notices)
    ada.plan(export, "alias", destination=ada.folder / "b")
    assert not any("names" in text for text in ada.notices), "the plan itself says it"


def test_a_plan_keeps_no_secret(ada: Person) -> None:
    with using(MemoryKeyring()) as backend:
        document = ada.plan(hand(ada.folder / "e"), "alias")
        assert isinstance(backend, MemoryKeyring)
        assert document["people"] == "alias" and backend.kept == {}
    assert not ada.home.folder.exists()


def test_without_its_secret_nothing_is_added(ada: Person) -> None:
    ada.transfer(hand(ada.folder / "e"), "alias")
    before = tree(ada.bundle)
    later = hand(ada.folder / "later", later=True)
    for backend in (MemoryKeyring(), NullKeyring()):
        with using(backend):
            for act in (ada.transfer, ada.plan):
                refused = act(later)
                assert refused["exit_code"] == 2
                assert "the secret behind them" in refused["error"]["message"]
    assert tree(ada.bundle) == before
    assert ada.transfer(later)["exit_code"] == 0


def test_another_secret_under_the_same_name_is_noticed(ada: Person) -> None:
    ada.transfer(hand(ada.folder / "e"), "alias")
    with using(MemoryKeyring()) as backend:
        assert isinstance(backend, MemoryKeyring)
        name = json.loads((ada.bundle / "decamp.json").read_bytes())["people_check"].partition(":")[
            0
        ]
        backend.kept["decamp", f"people:{name}"] = "00" * 32
        assert ada.transfer(hand(ada.folder / "later", later=True))["exit_code"] == 2


def test_a_secret_can_be_deleted_for_good(ada: Person) -> None:
    with using(MemoryKeyring()) as backend:
        ada.transfer(hand(ada.folder / "e"), "alias")
        journal = Journal.open(ada.home.journal)
        [route] = journal.all_routes()
        other = journal.add_route("tiktok", "disk", "elsewhere", ["name:x"], "2026-01-01T00:00:00Z")
        journal.set_people(other.id, "alias", journal.people_check(route.id))
        assert isinstance(backend, MemoryKeyring)
        delete_secret(journal, route, SecretStore(ada.home.folder))
        assert len(backend.kept) == 1, "another route still needs it"
        journal.set_people(other.id, "keep")
        delete_secret(journal, other, SecretStore(ada.home.folder))
        delete_secret(journal, route, SecretStore(ada.home.folder))
        assert backend.kept == {}
        journal.close()


def test_an_export_that_does_not_say_whose_it_is_needs_a_name(ada: Person) -> None:
    document = export_with_people()
    del document["Profile"]
    export = written(document, ada.folder)
    refused = ada.transfer(export, "alias")
    assert refused["exit_code"] == 2 and "--account" in refused["error"]["hint"]
    assert not ada.bundle.exists()
    assert ada.transfer(export, "alias", account=OWNER)["exit_code"] == 0
    assert any(row["from"] == OWNER for row in rows(ada.bundle, "messages"))
    assert found_in(ada.bundle, set(OTHERS)) == set()


def test_names_are_known_also_where_messages_are_not_asked_for(ada: Person) -> None:
    ada.transfer(hand(ada.folder / "e"), "alias", kinds=("other",))
    assert found_in(ada.bundle, set(OTHERS)) == set()
    assert not (ada.bundle / "data" / "messages").exists()


@contextmanager
def in_words(tmp_path: Path) -> Iterator[tuple[Cli, str, str]]:
    yield Cli(tmp_path / "home"), str(hand(tmp_path / "e")), str(tmp_path / "bundle")


def test_on_the_command_line(tmp_path: Path) -> None:
    with in_words(tmp_path) as (decamp, export, bundle):
        none = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
        for words in (("transfer", export, bundle), ("plan", export, bundle)):
            refused = decamp(*words, "--people", "alias", **none)
            assert refused.code == 2
            assert "no keyring" in refused.err and "DECAMP_SECRETS=file" in refused.err
        assert not Path(bundle).exists()
        assert decamp("transfer", export, bundle, "--people", "hide").code == 2

        planned = decamp("plan", export, bundle, "--people", "alias", DECAMP_SECRETS="file")
        assert planned.code == 0 and "names are replaced by aliases" in planned.err
        done = decamp(
            "transfer", export, bundle, "--people", "alias", "--json", DECAMP_SECRETS="file"
        )
        assert done.code == 0, done.err
        assert done.err.count("may still name somebody") == 2, "at the start, and at the end"
        assert done.document["people"] == "alias"
        assert (tmp_path / "home" / "secrets.json").exists()
        assert found_in(Path(bundle), set(OTHERS)) == set()

        changed = decamp("transfer", export, bundle, "--people", "keep", DECAMP_SECRETS="file")
        assert changed.code == 2 and "its first run has fixed that" in changed.err
        lost = decamp("transfer", export, bundle, **none)
        assert lost.code == 2 and "DECAMP_SECRETS" in lost.err
