"""Two people, from the first page to the last; the service is started anew for every step.

TikTok is decamp's sandbox: its own sign-in, its own clock, its own webhooks.
"""

import logging
import sqlite3
from pathlib import Path

import pytest
from bagit import Bag
from service_runner import HOUR, USERS, Browser, Runner, connect, consent, later, requests

from decamp_tiktok.sandbox.service import SandboxServer


def held(folder: Path, text: str) -> list[Path]:
    return [
        path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()
    ]


# --- the way it should go ----------------------------------------------------------------


def test_two_people_get_their_copies(tiktok: SandboxServer, service: Runner) -> None:
    alice = connect(service, tiktok, "alice")
    connect(service, tiktok, "bob")
    assert "waiting" in alice.page()

    service.work()
    assert requests(tiktok) == 2
    service.work()
    assert requests(tiktok) == 2, "each is asked for once"
    assert "preparing" in service.state("alice")[1]
    assert not service.copy("alice").exists()

    later(service, tiktok, hours=1, seconds=1)
    service.work()
    for person, user in USERS.items():
        assert service.state(person)[0] == "done", service.state(person)
        Bag(str(service.copy(person))).validate()
        assert held(service.copy(person) / "data" / "profile", user)
        assert list(service.copy(person).glob("data/posts/*/*/1.*")), "with videos or photos"
    assert not held(service.copy("alice"), USERS["bob"])
    assert "new entries are in your copy" in alice.page()
    assert requests(tiktok) == 2
    copies = [*service.settings.folder.rglob("*.copy"), *service.settings.folder.rglob("*.spool")]
    assert copies == [], "TikTok's copy, and rows on their way, are deleted"


def test_again_brings_only_what_is_new(tiktok: SandboxServer, service: Runner) -> None:
    alice = connect(service, tiktok, "alice")
    service.work()
    later(service, tiktok, hours=2)
    service.work()
    before = {path: path.read_bytes() for path in service.copy("alice").rglob("data/*/*/*.jsonl")}
    assert before

    alice.press("again")
    service.work()
    assert requests(tiktok) == 2
    later(service, tiktok, hours=2)
    service.work()
    assert service.state("alice")[0] == "done"
    assert {path: path.read_bytes() for path in before} == before, "what was there has not changed"


def test_without_webhooks_it_asks_from_time_to_time(tiktok: SandboxServer, service: Runner) -> None:
    connect(service, tiktok, "alice")
    service.work()
    tiktok.advance(hours=2)  # nobody listens
    service.work()
    assert service.state("alice")[0] == "done"
    assert requests(tiktok) == 1


def test_a_webhook_wakes_a_copy_that_is_not_due(tiktok: SandboxServer, service: Runner) -> None:
    connect(service, tiktok, "alice")
    service.work()
    [copy] = [service.house().copies.of("alice")]
    assert copy is not None and copy.request
    service.house().copies.wait(copy, "Not for a day.", service.now() + 30 * HOUR)
    tiktok.advance(minutes=59)
    service.work()
    assert service.state("alice") == ("waiting", "Not for a day.")
    later(service, tiktok, minutes=2)
    service.work()
    assert service.state("alice")[0] == "done"


@pytest.mark.parametrize(
    "switches", [{"signature_header": "Tiktok-Signature"}, {"ready_event_user": "present"}]
)
def test_webhooks_in_every_plausible_form(
    switches: dict[str, str], tiktok: SandboxServer, service: Runner
) -> None:
    tiktok.simulator.behave(**switches)
    connect(service, tiktok, "alice")
    service.work()
    later(service, tiktok, hours=1, seconds=1)
    assert [one.status for one in tiktok.simulator.webhooks.deliveries] == [200]
    service.work()
    assert service.house().inbox.waiting() == []
    assert service.state("alice")[0] == "done"


def test_a_webhook_that_says_whose_it_is_settles_a_lost_answer(
    tiktok: SandboxServer, service: Runner
) -> None:
    tiktok.simulator.behave(ready_event_user="present")
    tiktok.fail("add:lost")
    connect(service, tiktok, "alice")
    service.work()
    copy = service.house().copies.of("alice")
    assert copy is not None and copy.state == "waiting" and not copy.request
    later(service, tiktok, hours=1, seconds=1)
    service.work()
    assert service.state("alice")[0] == "done", service.state("alice")
    assert requests(tiktok) == 1, "it was not asked for again"


def test_a_webhook_is_sent_again_until_the_service_is_there(
    tiktok: SandboxServer, service: Runner
) -> None:
    connect(service, tiktok, "alice")
    service.work()
    tiktok.advance(hours=1)
    later(service, tiktok, hours=8)
    statuses = [one.status for one in tiktok.simulator.webhooks.deliveries]
    assert statuses[0] is None and statuses[-1] == 200
    with service.web():
        tiktok.simulator.webhooks.repeat()
        tiktok.simulator.webhooks.settle()
    assert [one.status for one in tiktok.simulator.webhooks.deliveries][-2:] == [200, 200]
    assert len(service.house().inbox.waiting()) == 1


# --- taking it back ----------------------------------------------------------------------


def test_disconnected_in_tiktok(
    tiktok: SandboxServer, service: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    alice = connect(service, tiktok, "alice")
    connect(service, tiktok, "bob")
    service.work()
    with service.web():
        tiktok.simulator.disconnect(tiktok.simulator.user(USERS["alice"]), 2)
        tiktok.advance(seconds=1)
    assert service.house().tokens.load("alice") is not None, "the worker does it, not the request"
    with caplog.at_level(logging.INFO):
        service.work()
    assert "a permission of alice was taken back: account-deleted" in caplog.text
    assert service.house().tokens.load("alice") is None
    state, said = service.state("alice")
    assert state == "stopped" and "account-deleted" in said
    assert "Proceed to TikTok" in alice.page()
    later(service, tiktok, hours=2)
    service.work()
    assert service.state("alice")[0] == "stopped"
    assert service.state("bob")[0] == "done", "nobody else is touched"


def test_disconnected_here(tiktok: SandboxServer, service: Runner) -> None:
    alice = connect(service, tiktok, "alice")
    service.work()
    tokens = service.house().tokens.load("alice")
    assert tokens is not None
    assert alice.press("disconnect").status_code == 303
    assert service.house().tokens.load("alice") is None
    assert all(grant.ended for grant in tiktok.simulator.tokens.grants)
    assert service.state("alice")[0] == "stopped"


def test_disconnected_there_and_then_here(tiktok: SandboxServer, service: Runner) -> None:
    alice = connect(service, tiktok, "alice")
    service.work()
    tiktok.simulator.disconnect(tiktok.simulator.user(USERS["alice"]))
    assert alice.press("disconnect").status_code == 303, "there is nothing left to take back"
    assert service.house().tokens.load("alice") is None
    assert service.state("alice")[0] == "stopped"


def test_a_late_word_about_a_former_consent_takes_nothing_away(
    tiktok: SandboxServer, service: Runner
) -> None:
    alice = connect(service, tiktok, "alice")
    service.work()
    tiktok.advance(minutes=1)
    alice.press("disconnect")  # the service is down again when TikTok tells of it
    tiktok.advance(seconds=5)
    consent(alice, tiktok, "alice")
    later(service, tiktok, minutes=30)
    told = [(one.event.name, one.status) for one in tiktok.simulator.webhooks.deliveries]
    assert ("authorization.removed", 200) in told
    service.work()
    assert service.house().tokens.load("alice") is not None
    assert service.state("alice")[0] == "waiting"
    later(service, tiktok, hours=2)
    service.work()
    assert service.state("alice")[0] == "done"


def test_a_closed_account_leaves_nothing(tiktok: SandboxServer, service: Runner) -> None:
    alice = connect(service, tiktok, "alice")
    connect(service, tiktok, "bob")
    service.work()
    later(service, tiktok, hours=2)
    service.work()
    account = service.house().copies.of("alice").account
    assert held(service.settings.folder, USERS["alice"])
    alice.press("close")
    assert "Who are you?" in alice.page()
    with service.house().alone("alice"):
        service.work()
        assert service.copy("alice").exists(), "a worker is still at it"
    later(service, tiktok, seconds=1)
    service.work()
    assert all(
        grant.ended
        for grant in tiktok.simulator.tokens.grants
        if grant.user.username == USERS["alice"]
    )
    with sqlite3.connect(service.settings.folder / "service.db") as db:
        db.execute("VACUUM")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert held(service.settings.folder, USERS["alice"]) == []
    assert held(service.settings.folder, account) == []
    assert service.state("bob")[0] == "done"


def test_what_tiktok_does_not_take_back(tiktok: SandboxServer, service: Runner) -> None:
    alice = connect(service, tiktok, "alice")
    service.work()
    tiktok.fail("revoke:500")
    page = alice.press("disconnect")
    assert page.status_code == 400 and "TikTok" in page.text
    assert service.house().tokens.load("alice") is not None, "so that it can be tried again"
    assert service.state("alice")[0] == "waiting"
    tiktok.fail("revoke:500")
    alice.press("close")
    service.work()
    assert service.house().tokens.load("alice") is None
    assert service.house().copies.of("alice") is None
    assert not service.copy("alice").parent.exists()


def test_a_sign_in_that_ends_after_its_account_was_closed(
    tiktok: SandboxServer, service: Runner
) -> None:
    phone, laptop = Browser(service), Browser(service)
    phone.press("enter", person="alice")
    laptop.press("enter", person="alice")
    asked = phone.press("connect")
    laptop.press("close")
    phone.press("enter", person="alice")
    address = tiktok.sign_in(asked.headers["location"], user=USERS["alice"])
    assert phone.open(address).status_code == 400, "the session that began it is gone"
    assert service.house().tokens.load("alice") is None
    service.work()
    assert service.house().copies.of("alice") is None


def test_a_sign_in_while_the_account_is_closing_is_taken_back(
    tiktok: SandboxServer, service: Runner
) -> None:
    alice = connect(service, tiktok, "alice")
    alice.press("close")
    connect(service, tiktok, "alice")
    assert service.house().tokens.load("alice") is None
    assert all(grant.ended for grant in tiktok.simulator.tokens.grants)
    service.work()
    assert service.house().copies.of("alice") is None
    connect(service, tiktok, "alice")
    service.work()
    assert service.state("alice")[0] == "waiting"
