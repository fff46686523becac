"""What is kept of connections, and where."""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve

from decamp.auth import Grant
from decamp.connections import (
    Connection,
    Connections,
    ConnectionTokens,
    find_keys,
    forget_secrets,
    keep_keys,
    require_name,
    variables_of,
)
from decamp.credentials import SecretStore
from decamp.errors import ConfigError, Locked
from decamp.home import Home
from decamp.housekeeping import strangers
from decamp.oauth import ClientKeys, Tokens
from decamp.validation import validator
from memory_keyring import MemoryKeyring, using

NOW = datetime(2026, 11, 25, 21, tzinfo=UTC)
GRANT = Grant(
    account="account-1",
    asked=frozenset({"a", "b"}),
    scopes=frozenset({"a"}),
    since=NOW,
    until=NOW + timedelta(days=365),
)
ONE = Connection("one", "thing", {"api": "http://127.0.0.1:1"}, GRANT)


@pytest.fixture
def place(home):
    return Home(home)


@pytest.fixture
def connections(place):
    return Connections(place)


@pytest.fixture
def keyring():
    with using(MemoryKeyring()) as backend:
        yield backend


@pytest.fixture
def store(connections, place, keyring):
    return ConnectionTokens(connections, SecretStore(place.folder), place.turn)


def test_they_are_kept_listed_and_forgotten(connections, place):
    assert connections.all() == []
    assert connections.get("one") is None
    connections.remove("one")
    assert not place.folder.joinpath("connections.json").exists()
    two = evolve(ONE, name="two", options={}, grant=evolve(GRANT, until=None))
    connections.put(two)
    connections.put(ONE)
    assert connections.all() == [ONE, two]
    connections.put(evolve(ONE, plugin="other"))
    assert connections.get("one").plugin == "other"
    connections.remove("one")
    assert connections.all() == [two]
    document = json.loads((place.folder / "connections.json").read_text())
    assert not validator("connections").problems(document)


def test_a_grant_that_changed_is_noted_and_what_is_gone_stays_gone(connections):
    connections.put(ONE)
    connections.regrant("one", evolve(GRANT, scopes=frozenset()))
    assert connections.get("one").grant.scopes == frozenset()
    connections.remove("one")
    connections.regrant("one", GRANT)
    assert connections.all() == []


def test_many_at_once_lose_nothing(connections):
    threads = [
        threading.Thread(target=connections.put, args=(evolve(ONE, name=f"c{n:02}"),))
        for n in range(20)
    ]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(connections.all()) == 20


@pytest.mark.parametrize("name", ["", "x", "1a", "Name", "a b", "a/b", "a.b", "ä1", "a" * 41, "a:"])
def test_names_are_no_paths_and_no_drives(name):
    with pytest.raises(ConfigError, match="cannot be the name"):
        require_name(name)


def test_good_names_are_taken():
    for name in ("tiktok", "my-2nd", "ab"):
        require_name(name)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
def test_the_file_is_private_under_any_umask(connections, place):
    before = os.umask(0)
    try:
        connections.put(ONE)
        connections.put(evolve(ONE, name="two"))
    finally:
        os.umask(before)
    for path in [place.folder, *place.folder.rglob("*")]:
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path


def test_tokens_lie_among_the_secrets_and_their_grant_in_the_file(
    store, connections, keyring, place
):
    connections.put(ONE)
    tokens = Tokens("CANARYact", "CANARYrft", NOW, GRANT)
    assert store.load("one") is None
    store.save("one", tokens)
    assert store.load("one") == tokens
    assert "CANARY" not in (place.folder / "connections.json").read_text()
    [kept] = keyring.kept
    assert kept == ("decamp", "connection:one:tokens")
    assert len(keyring.kept[kept]) < 1280 - 2 * 400, "Windows allows no more, with long tokens"
    store.delete("one")
    store.delete("one")
    assert store.load("one") is None
    assert keyring.kept == {}


def test_what_the_service_grants_now_stands_in_the_list(store, connections):
    connections.put(ONE)
    store.save("one", Tokens("a", "r", None, evolve(GRANT, scopes=frozenset({"b"}))))
    assert connections.get("one").grant.scopes == {"b"}


def test_cut_off_between_secret_and_grant_the_new_pair_is_there(store, connections, monkeypatch):
    connections.put(ONE)
    store.save("one", Tokens("old", "old", NOW, GRANT))

    def cut_off(name, grant):
        raise KeyboardInterrupt

    monkeypatch.setattr(connections, "regrant", cut_off)
    with pytest.raises(KeyboardInterrupt):
        store.save("one", Tokens("new", "new", NOW, evolve(GRANT, scopes=frozenset())))
    assert store.load("one") == Tokens("new", "new", NOW, GRANT)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a forked process")
def test_killed_at_every_step_of_keeping_a_pair(connections, place, monkeypatch):
    """The old pair or the new one, whole; and nothing that nobody knows is left."""
    monkeypatch.setenv("DECAMP_SECRETS", "file")
    store = ConnectionTokens(connections, SecretStore(place.folder), place.turn)
    old = Tokens("old", "old", NOW, GRANT)
    new = Tokens("new", "new", NOW, evolve(GRANT, scopes=frozenset({"b"})))
    found, step, ended = [], 0, -9
    while ended == -9:
        step += 1
        connections.put(ONE)
        store.save("one", old)
        child = os.fork()
        if not child:
            _die_at(step, str(place.folder))
            store.save("one", new)
            os._exit(0)
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        kept = store.load("one")
        assert (kept.access, kept.refresh) in {("old", "old"), ("new", "new")}
        assert kept.grant in (GRANT, new.grant)
        assert kept.grant == GRANT or kept.access == "new", "a grant never comes before its pair"
        assert strangers(place) == []
        found.append(kept)
    assert ended == 0
    assert step > 10
    assert {one.access for one in found} == {"old", "new"}
    assert found[-1] == new


def _die_at(step, folder):
    """Kill this process before its n-th step in a folder (PEP 578)."""
    left = [step]

    def hook(event, details):
        if event in {"open", "os.rename", "os.remove", "os.mkdir"} and folder in str(details[:1]):
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def test_damaged_tokens_are_said(store, connections, keyring):
    connections.put(ONE)
    keyring.set_password("decamp", "connection:one:tokens", '{"access": "CANARY"}')
    with pytest.raises(ConfigError, match="cannot be read") as caught:
        store.load("one")
    assert "CANARY" not in str(caught.value)


def test_one_at_a_time_may_renew(store, place, monkeypatch):
    entered = []
    with store.lock("one"):
        with store.lock("two"):
            entered.append("another connection is free")
        monkeypatch.setattr("decamp.home._TURN_SECONDS", 0.0)
        with pytest.raises(Locked, match="for minutes"), store.lock("one"):
            entered.append("never")
    with store.lock("one"):
        entered.append("free again")
    assert entered == ["another connection is free", "free again"]


def test_keys_come_from_the_environment_or_the_secrets(place, keyring, monkeypatch):
    secrets = SecretStore(place.folder)
    assert variables_of("my-2nd") == ("DECAMP_MY_2ND_CLIENT_KEY", "DECAMP_MY_2ND_CLIENT_SECRET")
    assert find_keys("my-2nd", secrets) is None
    keep_keys("my-2nd", ClientKeys("kept", "kept"), secrets)
    assert find_keys("my-2nd", secrets) == ClientKeys("kept", "kept")
    monkeypatch.setenv("DECAMP_MY_2ND_CLIENT_KEY", " given\n")
    with pytest.raises(ConfigError, match="CLIENT_SECRET is not"):
        find_keys("my-2nd", secrets)
    monkeypatch.setenv("DECAMP_MY_2ND_CLIENT_SECRET", "given")
    assert find_keys("my-2nd", secrets) == ClientKeys("given", "given")
    for name in variables_of("my-2nd"):
        monkeypatch.delenv(name)
    assert find_keys("my-2nd", secrets) == ClientKeys("kept", "kept")
    forget_secrets("my-2nd", secrets)
    assert keyring.kept == {}
