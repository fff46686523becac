"""Looking at a bundle, taking a run back, settling and forgetting: through the command line."""

from __future__ import annotations

import gc
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from cli_run import Cli
from decamp import registry, upkeep
from decamp.assembly import opened, undoable
from decamp.events import Event, Stage, StageProgress
from decamp.home import Home
from decamp.journal import Effect, Intent, Journal
from decamp.model import Item
from hand_files import account, documents, pack
from journey import tree
from terminal import at_terminal, needs_terminal

POST = "data/posts/2024/2024-01-01T000001Z/post.json"


def export(path: Path, words: str, caption: str = "as posted", name: str = "hand.made") -> Path:
    posts = [
        {"Date": f"2024-01-01 00:00:0{n}", "Link": "", "Title": f"{caption} {n}"} for n in range(3)
    ]
    return pack(path, account(name, words, Post={"Posts": {"VideoList": posts}}))


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path / "home")


@pytest.fixture
def bundle(cli: Cli, tmp_path: Path) -> Path:
    target = tmp_path / "bundle"
    done = cli("transfer", str(export(tmp_path / "a.zip", "one two")), str(target))
    assert done.code == 0, done.err
    return target


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


# --- verify ------------------------------------------------------------------------------------


def test_a_sound_copy(cli: Cli, bundle: Path) -> None:
    before = tree(bundle)
    for words, proof in (([], "size"), (["--deep"], "digest"), (["--sample", "100"], "digest")):
        ended = cli("verify", str(bundle), *words, "--json")
        assert ended.code == 0, ended.err
        assert ended.document["proofs"] == {proof: ended.document["items"]}
        assert ended.document["intact"]
    assert cli("verify").code == 0, "that of the latest run"
    assert tree(bundle) == before


@pytest.mark.parametrize(
    ("harm", "problem"),
    [
        (flip, "changed"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "changed"),
        (Path.unlink, "missing"),
    ],
    ids=["flipped", "truncated", "deleted"],
)
def test_harm_is_found(
    cli: Cli, bundle: Path, harm: Callable[[Path], object], problem: str
) -> None:
    harm(bundle / POST)
    ended = cli("verify", str(bundle), "--deep", "--json")
    assert ended.code == 3
    [found] = ended.document["problems"]
    assert (found["item"], found["problem"]) == ("post:2024-01-01T00:00:01Z", problem)
    assert str(bundle / POST) in ended.err
    shutil.rmtree(cli.home)
    again = cli("verify", str(bundle), "--deep", "--json")
    assert again.code == 3, "also on a computer that knows nothing of it"
    assert again.document["against"] == "destination"


def test_a_strangers_file_is_told_and_no_harm(cli: Cli, bundle: Path) -> None:
    (bundle / "data" / "mine.txt").write_text("mine")
    ended = cli("verify", str(bundle), "--deep", "--json")
    assert ended.code == 0
    assert ended.document["added"] == [str(bundle / "data" / "mine.txt")]


def test_a_bundle_that_is_gone_is_missing(cli: Cli, bundle: Path) -> None:
    shutil.rmtree(bundle)
    for words in ([str(bundle)], [str(bundle), "--deep"], []):
        ended = cli("verify", *words, "--json")
        assert ended.code == 3, ended.err
        items = ended.document["items"]
        assert len([one for one in ended.document["problems"] if one["item"]]) == items > 3
        assert f"All {items} items that decamp brought are missing" in ended.err
        assert "decamp verify PLACE" in ended.err
        assert "is gone" not in ended.err, "one sentence says it for all"
    bundle.mkdir()
    assert cli("verify", str(bundle)).code == 3, "an empty folder, too"
    assert not list(bundle.iterdir())


def test_what_was_taken_back_is_not_missing(cli: Cli, bundle: Path) -> None:
    assert cli("undo", "--yes").code == 0
    ended = cli("verify", str(bundle))
    assert ended.code == 2
    assert "nothing that decamp wrote" in ended.err


def test_looking_and_taking_back_say_how_far_they_are(
    cli: Cli, bundle: Path, tmp_path: Path
) -> None:
    events: list[Event] = []
    home, loaded, stop = Home(tmp_path / "home"), registry.load(), threading.Event()
    with opened(str(bundle), registry=loaded, home=home) as place:
        upkeep.verify(place, deep=True, sample=0, emit=events.append, stop=stop)
    looked = [event.done for event in events if isinstance(event, StageProgress)]
    events.clear()
    with opened(str(bundle), registry=loaded, home=home) as place:
        undoing = upkeep.Undoing(place, undoable("", home=home).run)
        upkeep.undo(undoing, emit=events.append, stop=stop)
    stage, *told = events
    assert isinstance(stage, Stage)
    assert stage.total == len(told) == looked[-1]
    assert [event.done for event in told if isinstance(event, StageProgress)] == [*range(len(told))]


def test_nothing_to_look_at(cli: Cli, tmp_path: Path) -> None:
    ended = cli("verify", str(tmp_path / "nowhere"))
    assert ended.code == 2
    assert "nothing that decamp wrote" in ended.err
    assert cli("verify").code == 2


# --- undo --------------------------------------------------------------------------------------


def test_the_first_run_is_taken_back_and_can_come_again(
    cli: Cli, bundle: Path, tmp_path: Path
) -> None:
    before = tree(bundle)
    asked = cli("undo")
    assert asked.code == 2
    assert "--yes" in asked.err
    assert cli("undo", "--dry-run").code == 0
    assert tree(bundle) == before
    ended = cli("undo", "--yes", "--json")
    assert ended.code == 0, ended.err
    assert ended.document["removed"] > 0
    assert list(bundle.iterdir()) == []
    assert cli("status", "--json").document["runs"][0]["state"] == "undone"
    again = cli("transfer", str(tmp_path / "a.zip"), str(bundle), "--json")
    assert again.code == 0
    assert again.document["counts"]["post"]["delivered"] == 3
    assert tree(bundle) == before


def test_undo_typed_again_takes_nothing_back_somewhere_else(
    cli: Cli, bundle: Path, tmp_path: Path
) -> None:
    before = tree(bundle)
    assert cli("transfer", str(tmp_path / "a.zip"), str(tmp_path / "other")).code == 0
    assert cli("undo", "--yes").code == 0
    again = cli("undo", "--yes")
    assert again.code == 2
    first = cli("runs", "--json").document["runs"][-1]["run"]
    assert f"{first}, to disk:{bundle}" in again.err and f"decamp undo {first}" in again.err
    assert tree(bundle) == before
    assert cli("undo", first, "--yes").code == 0


def test_a_later_run_is_taken_back_to_what_was_before(
    cli: Cli, bundle: Path, tmp_path: Path
) -> None:
    before = tree(bundle)
    newer = export(tmp_path / "b.zip", "one two three", "edited", "new.name")
    assert cli("transfer", str(newer), str(bundle), "--account", "hand.made").code == 0
    after = tree(bundle)
    assert after != before
    first = cli("runs", "--json").document["runs"][1]["run"]
    stays = cli("undo", first, "--yes", "--json")
    assert stays.code == 3, "the later run changed its items"
    second = cli("runs", "--json").document["runs"][0]["run"]
    assert any(f"later run {second}" in one["reason"] for one in stays.document["stays"])
    shutil.rmtree(bundle)
    shutil.rmtree(cli.home)
    cli("transfer", str(tmp_path / "a.zip"), str(bundle))
    cli("transfer", str(newer), str(bundle), "--account", "hand.made")
    assert tree(bundle) == after
    ended = cli("undo", "--yes")
    assert ended.code == 0, ended.err
    assert tree(bundle) == before
    assert cli("verify", "--deep").code == 0
    assert cli("transfer", str(newer), str(bundle), "--account", "hand.made").code == 0
    assert tree(bundle) == after


def test_what_was_changed_since_stays(cli: Cli, bundle: Path) -> None:
    record = bundle / POST
    edited = json.dumps(json.loads(record.read_text()) | {"caption": "mine"})
    record.write_text(edited)
    (bundle / "notes.txt").write_text("mine")
    ended = cli("undo", "--yes", "--json")
    assert ended.code == 3
    assert [one["item"] for one in ended.document["stays"]] == ["post:2024-01-01T00:00:01Z"]
    assert record.read_text() == edited
    assert (bundle / "notes.txt").read_text() == "mine"
    assert sorted(p.name for p in (bundle / "data").rglob("*.json")) == ["post.json"]


def test_what_stays_has_a_way_on(cli: Cli, bundle: Path) -> None:
    record = bundle / POST
    record.write_text("mine")
    run = cli("runs", "--json").document["runs"][0]["run"]
    for said in ("Removed ", "Nothing was taken back."):
        ended = cli("undo", "--yes")
        assert ended.code == 3
        assert said in ended.err
        assert "is left at" not in ended.err
        assert f"then run:\n  decamp undo {run}" in ended.err
    record.rename(bundle.parent / "mine.json")
    ended = cli("undo", run, "--yes")
    assert ended.code == 0
    assert f"Nothing that decamp brought is left at {bundle}." in ended.err
    assert not list(bundle.iterdir())


def test_a_bundle_that_is_away_is_not_taken_back(cli: Cli, bundle: Path) -> None:
    """As when a disk is not plugged in: nothing may be said to be removed, nor be forgotten."""
    away, before = bundle.with_name("away"), tree(bundle)
    bundle.rename(away)
    for words in (["--dry-run"], ["--yes"]):
        ended = cli("undo", *words)
        assert ended.code == 6
        assert f"nothing that decamp wrote at {bundle} any more" in ended.err
        assert f"decamp forget disk:{bundle}" in ended.err
    assert not bundle.exists()
    away.rename(bundle)
    assert tree(bundle) == before
    assert cli("undo", "--yes").code == 0
    assert not list(bundle.iterdir())


def test_no_other_run_is_taken_back_than_the_one_that_is_named(
    cli: Cli, bundle: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    assert cli("transfer", str(tmp_path / "a.zip"), str(other)).code == 0
    before = tree(bundle), tree(other)
    first = cli("runs", "--json").document["runs"][-1]["run"]
    for words, said in (
        (["nosuchrun"], "There is no run 'nosuchrun'."),
        ([first[:1]], f"2 runs begin with '{first[:1]}'."),
        ([first, "--at", str(other)], f"The run {first} did not go to {other}."),
    ):
        ended = cli("undo", *words, "--yes")
        assert ended.code == 2
        assert said in ended.err
    assert (tree(bundle), tree(other)) == before
    assert cli("undo", first, "--at", str(bundle), "--yes").code == 0
    assert f"The run {first} was taken back already." in cli("undo", first, "--yes").err
    assert tree(other) == before[1]


def test_an_undo_that_can_do_nothing_yet_does_not_ask(
    cli: Cli, bundle: Path, tmp_path: Path
) -> None:
    newer = export(tmp_path / "b.zip", "one two", "edited")
    assert cli("transfer", str(newer), str(bundle)).code == 0
    before = tree(bundle)
    second, first = (one["run"] for one in cli("runs", "--json").document["runs"])
    assert cli("undo", first, "--yes").code == 3
    ended = cli("undo", first)
    assert ended.code == 3
    assert f"the later run {second} has changed it" in ended.err
    assert "Nothing was taken back." in ended.err
    assert {*tree(bundle)} < {*before}


def test_an_undo_that_was_killed_at_its_very_end_is_completed(cli: Cli, bundle: Path) -> None:
    assert cli("undo", "--yes").code == 0
    with closing(sqlite3.connect(cli.home / "journal.db", isolation_level=None)) as db:
        db.execute("UPDATE runs SET state = 'done'")
    (cli.home / "journal.db.sum").unlink()  # as after a kill
    ended = cli("undo")
    assert ended.code == 0, ended.err
    assert "Nothing was left to take back." in ended.err
    assert f"Nothing that decamp brought is left at {bundle}." in ended.err
    assert cli("status", "--json").document["runs"][0]["state"] == "undone"


def test_what_a_cut_off_run_had_announced_is_told_before_it_is_removed(
    cli: Cli, bundle: Path
) -> None:
    run = cli("runs", "--json").document["runs"][0]["run"]
    announced = Item("post:2024-01-01T00:00:09Z", "post", {"id": "post:2024-01-01T00:00:09Z"})
    with closing(Journal.open(cli.home / "journal.db")) as journal:
        [route] = journal.all_routes()
        journal.intend(route.id, run, [Intent(announced, "digest", 1)], full=False)
    asked = cli("undo", run)
    assert asked.code == 2
    assert re.search("To be removed too, if it arrived +1 item\\n", asked.err)
    ended = cli("undo", run, "--yes")
    assert ended.code == 0, ended.err
    assert not list(bundle.iterdir())


def test_only_a_strangers_file_is_left(cli: Cli, bundle: Path) -> None:
    (bundle / "notes.txt").write_text("mine")
    ended = cli("undo", "--yes")
    assert ended.code == 0, ended.err
    assert [path.name for path in bundle.iterdir()] == ["notes.txt"]
    assert cli("status", "--json").document["runs"][0]["state"] == "undone"


def test_a_file_in_data_keeps_the_marker_and_that_is_said(cli: Cli, bundle: Path) -> None:
    (bundle / "data/mine.txt").write_text("mine")
    ended = cli("undo", "--yes")
    assert ended.code == 0, ended.err
    assert sorted(path.name for path in bundle.iterdir()) == ["data", "decamp.json"]
    assert "stays in its folder data (files: 1), and with it decamp.json" in " ".join(
        ended.err.split()
    )
    looked = cli("verify", str(bundle))
    assert looked.code == 0, looked.err
    assert "Nothing that decamp brought is left at" in looked.err
    assert "byte for byte" not in looked.err


def test_very_many_are_taken_back_while_few_are_held(cli: Cli, tmp_path: Path) -> None:
    posts = [
        {"Date": f"2024-01-01 {n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}", "Link": ""}
        for n in range(900)
    ]
    many = account("hand.made", "one", Post={"Posts": {"VideoList": posts}})
    assert cli("transfer", str(pack(tmp_path / "a.zip", many)), str(tmp_path / "bundle")).code == 0
    held: list[int] = []

    def count(event: Event) -> None:
        if isinstance(event, StageProgress) and event.done % 100 == 99:
            held.append(sum(isinstance(one, Effect) for one in gc.get_objects()))

    home, loaded = Home(tmp_path / "home"), registry.load()
    with opened(str(tmp_path / "bundle"), registry=loaded, home=home) as place:
        undoing = upkeep.Undoing(place, undoable("", home=home).run)
        document = upkeep.undo(undoing, emit=count, stop=threading.Event())
    assert document["removed"] > 900
    assert len(held) == 9
    assert max(held) <= 500, "one page of them, and one group that is not yet written down"


def test_an_undo_that_was_killed_is_repeated(cli: Cli, bundle: Path) -> None:
    chance = random.Random("undo")
    for _ in range(6):
        process = subprocess.Popen(
            [sys.executable, "-m", "decamp", "undo", "--yes"],
            env=cli.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(0.2 + chance.random() * 0.4)  # the outcome does not depend on it
        process.send_signal(signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
        process.wait()
    ended = cli("undo", "--yes")
    assert ended.code in (0, 2), ended.err  # 2: one of them had come to its end
    assert list(bundle.iterdir()) == []


# --- resolve -----------------------------------------------------------------------------------


def test_an_edit_that_is_settled_no_longer_colours_the_exit_code(
    cli: Cli, bundle: Path, tmp_path: Path
) -> None:
    record = bundle / POST
    edited = json.dumps(json.loads(record.read_text()) | {"caption": "mine"})
    record.write_text(edited)
    newer = export(tmp_path / "b.zip", "one two", "edited")
    for _ in range(2):
        assert cli("transfer", str(newer), str(bundle)).code == 3
    listed = cli("resolve", "--json")
    assert [one["state"] for one in listed.document["open"]] == ["conflict"]
    assert cli("resolve", "--keep", "post:nothing").code == 2
    kept = cli("resolve", "--keep", "post:2024-01-01T00:00:01Z", "--json")
    assert (kept.document["kept"], kept.document["open"]) == (1, [])
    assert cli("transfer", str(newer), str(bundle)).code == 0
    assert record.read_text() == edited
    newest = export(tmp_path / "c.zip", "one two", "edited once more")
    assert cli("transfer", str(newest), str(bundle)).code == 3, "another version, another question"
    assert record.read_text() == edited


def test_an_edit_that_is_given_up(cli: Cli, bundle: Path, tmp_path: Path) -> None:
    record = bundle / POST
    record.write_text(json.dumps(json.loads(record.read_text()) | {"caption": "mine"}))
    newer = export(tmp_path / "b.zip", "one two", "edited")
    cli("transfer", str(newer), str(bundle))
    record.unlink()
    assert cli("resolve", "--all", "again", "--json").document["again"] == 1
    assert cli("transfer", str(newer), str(bundle)).code == 0
    assert json.loads(record.read_text())["caption"] == "edited 1"


@needs_terminal
def test_each_answer_is_kept_as_it_is_given(cli: Cli, bundle: Path, tmp_path: Path) -> None:
    for record in bundle.glob("data/posts/*/*/post.json"):
        record.write_text(json.dumps(json.loads(record.read_text()) | {"caption": "mine"}))
    cli("transfer", str(export(tmp_path / "b.zip", "one two", "edited")), str(bundle))
    kept = []

    def hang_on(said: str) -> str:
        with closing(sqlite3.connect(cli.home / "journal.db")) as db:
            kept.extend(db.execute("SELECT id FROM items WHERE state = 'kept'"))
        return "leave"

    asked = "[keep/again/leave]"
    ended = at_terminal(
        cli, "resolve", answers=[(asked, "keep"), (asked, hang_on), (asked, "again")]
    )
    assert kept == [("post:2024-01-01T00:00:00Z",)], "before the next question is answered"
    assert "1 item settled: what is there stays." in ended.err
    assert "1 item will be sent by the next run." in ended.err
    assert len(cli("resolve", "--json").document["open"]) == 1


def test_of_very_many_the_first_are_shown(cli: Cli, tmp_path: Path) -> None:
    target = tmp_path / "bundle"

    def posted(caption: str) -> Path:
        posts = [
            {"Date": f"2024-01-01 00:00:{n:02}", "Link": "", "Title": f"{caption} {n}"}
            for n in range(14)
        ]
        return pack(
            tmp_path / f"{caption}.zip",
            account("hand.made", "one", Post={"Posts": {"VideoList": posts}}),
        )

    assert cli("transfer", str(posted("old")), str(target)).code == 0
    for record in target.glob("data/posts/*/*/post.json"):
        record.write_text(json.dumps(json.loads(record.read_text()) | {"caption": "mine"}))
    assert cli("transfer", str(posted("new")), str(target)).code == 3
    ended = cli("resolve")
    assert ended.err.count("met something else in its place.") == 10
    assert "14 items are open. To answer for all of them:\n  decamp resolve --all keep" in ended.err
    assert "... and 4 more; --json lists them." in ended.err
    assert "--all keep or --all again" in ended.err
    assert cli("resolve", "--all", "keep", "--json").document["kept"] == 14


# --- forget ------------------------------------------------------------------------------------


def test_forgetting_leaves_the_bundle_and_nothing_is_doubled(
    cli: Cli, bundle: Path, tmp_path: Path
) -> None:
    before = tree(bundle)
    assert cli("forget", str(bundle)).code == 2
    assert cli("forget", str(bundle), "--dry-run").code == 0
    assert cli("forget", str(bundle), "--yes").code == 0
    assert cli("runs", "--json").document["runs"] == []
    assert cli("forget", str(bundle), "--yes").code == 2
    assert tree(bundle) == before
    again = cli("transfer", str(tmp_path / "a.zip"), str(bundle), "--json")
    assert again.code == 0
    assert again.document["counts"]["post"] == {"found": 3, "unchanged": 3}
    assert tree(bundle) == before
    assert len([one for one in documents(bundle) if one.get("text") == "one"]) == 1
    assert cli("undo", "--yes").code == 2, "nothing that this journal remembers"
