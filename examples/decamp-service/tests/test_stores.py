"""What decamp asks of a service's stores: durable, all or nothing, one at a time."""

import os
import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from decamp_service.attempts import SqliteAttempts
from decamp_service.copies import Copies
from decamp_service.database import Database
from decamp_service.inbox import SqliteInbox
from decamp_service.locks import Locks
from decamp_service.people import People
from decamp_service.tokens import SqliteTokens

from decamp.auth import Grant
from decamp.errors import Locked
from decamp.oauth.authorization import Attempt
from decamp.oauth.tokens import Tokens
from decamp.webhooks import CopyReady, Notice

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def tokens(name: str) -> Tokens:
    grant = Grant(
        account="open-id",
        asked=frozenset({"portability.all.ongoing", "portability.all.single"}),
        scopes=frozenset({"portability.all.ongoing"}),
        since=NOW,
        until=NOW + timedelta(days=365),
    )
    return Tokens(f"act.{name}", f"rft.{name}", NOW + timedelta(hours=2), grant)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "service.db")


def store(folder: Path) -> SqliteTokens:
    return SqliteTokens(Database(folder / "service.db"), Locks(folder / "locks"))


def taken(folder: Path) -> bool:
    """Tell whether somebody holds the lock of alice's tokens."""
    try:
        with Locks(folder / "locks").hold("tokens of alice", patience=0):
            return False
    except Locked:
        return True


# --- tokens ------------------------------------------------------------------------------


def test_tokens_are_there_for_every_other_process(tmp_path: Path) -> None:
    first = store(tmp_path)
    assert first.load("alice") is None
    first.save("alice", tokens("one"))
    first.save("alice", tokens("two"))
    first.save("bob", tokens("three"))
    assert store(tmp_path).load("alice") == tokens("two")
    store(tmp_path).delete("alice")
    first.delete("alice")
    assert first.load("alice") is None
    assert first.load("bob") == tokens("three")


@pytest.mark.skipif(sys.platform == "win32", reason="modes of files are those of POSIX")
def test_nobody_else_can_read_the_files(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    with store(folder).lock("alice"):
        store(folder).save("alice", tokens("one"))
    for path in folder.rglob("*"):
        inside = path.parent.name == "locks"  # empty files in a private folder
        assert inside or path.stat().st_mode & 0o077 == 0, path
    assert folder.stat().st_mode & 0o077 == 0


def test_the_lock_keeps_other_connections_out_and_ends_with_its_block(tmp_path: Path) -> None:
    with store(tmp_path).lock("alice"):
        with store(tmp_path).lock("bob"):
            pass
        assert taken(tmp_path)
    assert not taken(tmp_path)


def test_the_lock_ends_with_an_error_too(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="of the caller"), store(tmp_path).lock("alice"):
        raise ValueError("of the caller")
    assert not taken(tmp_path)


def test_load_and_save_do_not_wait_for_the_lock(tmp_path: Path) -> None:
    mine = store(tmp_path)
    with mine.lock("alice"):
        mine.save("alice", tokens("one"))
        assert mine.load("alice") == tokens("one")


def test_another_process_waits_for_the_lock_and_a_killed_one_lets_go(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib, time; from test_stores import store\n"
        "with store(pathlib.Path(sys.argv[1])).lock('alice'):\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])},
    )
    try:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        assert taken(tmp_path)
        holder.kill()
        with store(tmp_path).lock("alice"):
            pass
    finally:
        holder.kill()
        holder.communicate()


def test_twenty_threads_hold_it_one_after_the_other(tmp_path: Path) -> None:
    inside, most, turns = 0, 0, []

    def work(number: int) -> None:
        nonlocal inside, most
        with store(tmp_path).lock("alice"):
            inside += 1
            most = max(most, inside)
            kept = store(tmp_path).load("alice")
            count = int(kept.access.removeprefix("act.")) if kept else 0
            store(tmp_path).save("alice", tokens(str(count + 1)))
            inside -= 1
            turns.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1 and sorted(turns) == list(range(20))
    assert store(tmp_path).load("alice") == tokens("20")


def test_of_processes_that_begin_at_once_one_makes_the_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A web process and a worker on a new folder: SQLite would let one of them fail now and then."""
    monkeypatch.setitem(Locks.hold.__wrapped__.__kwdefaults__, "patience", 0)
    with Locks(tmp_path / "locks").hold("tables"), pytest.raises(Locked):
        Database(tmp_path / "service.db")
    assert Database(tmp_path / "service.db").rows("SELECT * FROM tokens") == []


# --- inbox -------------------------------------------------------------------------------

READY = Notice(id="a1", name="ready", at=NOW, event=CopyReady("7"), body=b"{}")
OTHER = Notice(id="b2", name="other", at=None, event=None, body=b"\xff")
LATER = datetime.now(UTC) + timedelta(days=7)


def test_the_inbox_takes_each_notice_once_and_keeps_their_order(database: Database) -> None:
    inbox = SqliteInbox(database)
    assert inbox.add(OTHER, LATER)
    assert inbox.add(READY, LATER)
    assert not SqliteInbox(database).add(OTHER, LATER)
    assert inbox.waiting() == [OTHER, READY]
    inbox.done("b2")
    assert SqliteInbox(database).waiting() == [READY]
    assert not inbox.add(OTHER, LATER), "what is done is remembered"


def test_the_inbox_forgets_after_its_time(database: Database) -> None:
    inbox = SqliteInbox(database)
    inbox.add(OTHER, datetime.now(UTC) - timedelta(seconds=1))
    inbox.add(READY, LATER)
    assert inbox.waiting() == [READY]
    assert inbox.add(OTHER, LATER)


def test_of_many_repetitions_at_once_one_is_new(database: Database) -> None:
    inbox, new = SqliteInbox(database), []
    threads = [
        threading.Thread(target=lambda: new.append(inbox.add(READY, LATER))) for _ in range(10)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(new) == [False] * 9 + [True]


# --- sessions and copies -----------------------------------------------------------------


def test_a_sign_in_is_taken_once(database: Database) -> None:
    attempt = Attempt.begin("https://x.example/callback", ["a"], NOW, key="alice")
    SqliteAttempts(database).put(attempt)
    assert SqliteAttempts(database).take("nonsense") is None
    assert SqliteAttempts(database).take(attempt.state) == attempt
    assert SqliteAttempts(database).take(attempt.state) is None


def test_of_two_that_take_a_sign_in_at_once_one_gets_it(database: Database) -> None:
    attempt = Attempt.begin("https://x.example/callback", ["a"], NOW)
    SqliteAttempts(database).put(attempt)
    got: list[Attempt | None] = []
    threads = [
        threading.Thread(target=lambda: got.append(SqliteAttempts(database).take(attempt.state)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one is None for one in got) == [False] + [True] * 7


def test_old_sign_ins_are_thrown_away(database: Database) -> None:
    old = Attempt.begin("https://x.example/callback", ["a"], NOW)
    SqliteAttempts(database).put(old)
    SqliteAttempts(database).put(
        Attempt.begin("https://x.example/callback", ["a"], NOW + timedelta(hours=1))
    )
    assert SqliteAttempts(database).take(old.state) is None


def test_the_state_of_a_sign_in_belongs_to_one_browser(database: Database) -> None:
    people = People(database, lambda: NOW)
    alice, mallory = people.enter("alice"), people.enter("mallory")
    people.remember(alice, "state")
    assert (people.state(alice), people.state(mallory), people.state("none")) == ("state", "", "")
    people.leave(alice)
    assert (people.who(alice), people.state(alice)) == (None, "")


def test_a_session_ends_by_itself_and_everywhere(database: Database) -> None:
    now = [NOW]
    people = People(database, lambda: now[0])
    phone, laptop = people.enter("alice"), people.enter("alice")
    assert people.who(phone) == people.who(laptop) == "alice"
    people.leave_everywhere("alice")
    assert people.who(phone) is people.who(laptop) is None
    phone = people.enter("alice")
    now[0] += timedelta(days=31)
    assert people.who(phone) is None


def test_what_lies_in_the_table_is_no_session(database: Database, tmp_path: Path) -> None:
    cookie = People(database, lambda: NOW).enter("alice")
    with sqlite3.connect(tmp_path / "service.db") as db:
        assert cookie not in str(db.execute("SELECT * FROM sessions").fetchall())


def test_a_copy_that_was_woken_meanwhile_is_not_put_off(database: Database) -> None:
    now = [NOW]
    copies = Copies(database, lambda: now[0])
    copies.connected("alice", "open-id")
    copies.asked("alice", "7")
    [copy] = copies.due()
    now[0] += timedelta(seconds=1)
    copies.wake("alice")
    copies.wait(copy, "TikTok makes your copy.", NOW + timedelta(hours=1))
    assert [one.person for one in copies.due()] == ["alice"]
    [copy] = copies.due()
    copies.wait(copy, "TikTok makes your copy.", NOW + timedelta(hours=1))
    assert copies.due() == []
    now[0] += timedelta(hours=1)
    assert len(copies.due()) == 1


def test_a_copy_that_was_stopped_meanwhile_stays_so(database: Database) -> None:
    copies = Copies(database, lambda: NOW)
    copies.connected("alice", "open-id")
    [copy] = copies.due()
    copies.stop("alice", "disconnected")
    copies.end(copy, "done", "All is here.")
    copies.wait(copy, "TikTok makes your copy.", NOW)
    copies.wake("alice")
    copies.again("alice")
    found = copies.of("alice")
    assert found is not None and found.state == "stopped" and "disconnected" in found.said
    assert copies.due() == []
    assert copies.connected("alice", "open-id")
    assert len(copies.due()) == 1


def test_a_copy_whose_account_is_closing_only_goes(database: Database) -> None:
    copies = Copies(database, lambda: NOW)
    copies.connected("alice", "open-id")
    [copy] = copies.due()
    copies.close("alice")
    copies.close("bob")  # who never connected
    assert not copies.connected("alice", "open-id")
    copies.stop("alice", "disconnected")
    copies.end(copy, "done", "All is here.")
    copies.wait(copy, "TikTok makes your copy.", NOW + timedelta(hours=1))
    copies.again("alice")
    assert [(one.person, one.state) for one in copies.due()] == [
        ("alice", "closing"),
        ("bob", "closing"),
    ]
    assert copies.of_account("open-id") == []
    copies.forget("alice")
    assert copies.of("alice") is None


def test_copies_are_found_by_request_and_by_account(database: Database) -> None:
    copies = Copies(database, lambda: NOW)
    copies.connected("alice", "open-id")
    copies.connected("bob", "another")
    copies.asked("bob", "7")
    assert copies.of_request("7") == "bob"
    assert copies.of_request("8") is None
    assert copies.of_account("open-id") == ["alice"]
    assert copies.of_account("") == []
