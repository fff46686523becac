"""Secrets go to the keyring, or to a private file if that is asked for, or nowhere."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from keyring.backends.chainer import ChainerBackend
from keyring.backends.fail import Keyring as FailKeyring
from keyring.backends.null import Keyring as NullKeyring

from decamp.credentials import FILE, VARIABLE, NoSecrets, SecretStore
from decamp.errors import ConfigError
from memory_keyring import LockedKeyring, MemoryKeyring, using


def in_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> SecretStore:
    monkeypatch.setenv(VARIABLE, "file")
    return SecretStore(folder)


@pytest.mark.parametrize("place", ["keyring", "file"])
def test_it_keeps_gives_and_forgets(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with using(MemoryKeyring()):
        store = in_file(tmp_path, monkeypatch) if place == "file" else SecretStore(tmp_path)
        store.require()
        assert store.get("people:1") is None
        store.delete("people:1")
        store.set("people:1", "ümläut 🔑")
        store.set("people:2", "two")
        store.set("people:2", "three")
        other = SecretStore(tmp_path)
        assert (other.get("people:1"), other.get("people:2")) == ("ümläut 🔑", "three")
        other.delete("people:1")
        assert (store.get("people:1"), store.get("people:2")) == (None, "three")
    assert (tmp_path / FILE).exists() == (place == "file")


def test_the_keyring_has_them_under_our_name(tmp_path: Path) -> None:
    with using(MemoryKeyring()) as backend:
        SecretStore(tmp_path).set("people:1", "x")
        assert isinstance(backend, MemoryKeyring)
        assert backend.kept == {("decamp", "people:1"): "x"}
    assert list(tmp_path.iterdir()) == []


class PlaintextKeyring(MemoryKeyring):
    """What keyrings.alt brings under this name writes passwords to a readable file."""


class Impossible(MemoryKeyring):
    @property
    def priority(self) -> float:  # type: ignore[override]
        raise RuntimeError("needs a desktop")


def chained() -> ChainerBackend:
    class Chain(ChainerBackend):
        backends = [NullKeyring()]  # type: ignore[assignment] # noqa: RUF012

    return Chain()


@pytest.mark.parametrize(
    "backend", [FailKeyring, NullKeyring, PlaintextKeyring, Impossible, chained]
)
def test_what_is_no_keyring_is_refused_with_the_way_out(backend: type, tmp_path: Path) -> None:
    with using(backend()):
        for attempt in (
            lambda: SecretStore(tmp_path).require(),
            lambda: SecretStore(tmp_path).set("a", "b"),
        ):
            with pytest.raises(ConfigError) as caught:
                attempt()
            assert "DECAMP_SECRETS=file" in caught.value.hint
        if backend in (FailKeyring, NullKeyring):
            assert SecretStore(tmp_path).get("a") is None
            SecretStore(tmp_path).delete("a")
    assert list(tmp_path.iterdir()) == []


class Forgetful(MemoryKeyring):
    def set_password(self, service: str, username: str, password: str) -> None:
        pass


def test_a_keyring_that_loses_what_it_took_is_noticed(tmp_path: Path) -> None:
    with using(Forgetful()), pytest.raises(ConfigError, match="lost it"):
        SecretStore(tmp_path).set("a", "b")


def test_a_locked_keyring_is_said(tmp_path: Path) -> None:
    with using(LockedKeyring()), pytest.raises(ConfigError, match="KeyringLocked") as caught:
        SecretStore(tmp_path).get("a")
    assert "Unlock it" in caught.value.hint


def test_a_keyring_of_plain_text_is_called_that(tmp_path: Path) -> None:
    with using(PlaintextKeyring()), pytest.raises(ConfigError) as caught:
        SecretStore(tmp_path).set("people:1", "x")
    assert "PlaintextKeyring, keeps secrets as plain text" in caught.value.message


@pytest.mark.parametrize("error", [EOFError(), ValueError("Incorrect Password"), OSError("bus")])
def test_whatever_a_keyring_raises_is_said(error: Exception, tmp_path: Path) -> None:
    """keyrings.alt's encrypted file asks for a password, also where nobody is there."""

    class Asking(MemoryKeyring):
        def get_password(self, service: str, username: str) -> str | None:
            raise error

    with using(Asking()), pytest.raises(ConfigError, match="did not answer as it should") as caught:
        SecretStore(tmp_path).get("people:1")
    assert "Unlock it" in caught.value.hint


def test_no_place_keeps_nothing() -> None:
    with pytest.raises(ConfigError):
        NoSecrets().set("a", "b")
    NoSecrets().delete("a")
    assert NoSecrets().get("a") is None


def test_an_unknown_place_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "cloud")
    with pytest.raises(ConfigError, match="cloud"):
        SecretStore(tmp_path).require()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
def test_the_file_is_private_from_its_first_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = os.umask(0)
    try:
        folder = tmp_path / "home"
        store = in_file(folder, monkeypatch)
        store.set("a", "b")
        store.set("c", "d")
    finally:
        os.umask(before)
    assert stat.S_IMODE((folder / FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert sorted(path.name for path in folder.iterdir()) == [FILE, "secrets.lock"]

    (folder / FILE).chmod(0o644)
    with pytest.raises(ConfigError) as caught:
        store.get("a")
    assert caught.value.hint.startswith("Make it private: chmod 600")


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff\xfe", b'{"a": 1}'])
def test_a_damaged_file_is_said_and_left_alone(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = in_file(tmp_path, monkeypatch)
    (tmp_path / FILE).write_bytes(content)
    (tmp_path / FILE).chmod(0o600)
    for attempt in (lambda: store.get("a"), lambda: store.set("a", "b"), store.require):
        with pytest.raises(ConfigError, match="cannot be read"):
            attempt()
    assert (tmp_path / FILE).read_bytes() == content


def test_a_folder_that_cannot_be_written_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    store = in_file(tmp_path / "file" / "home", monkeypatch)
    with pytest.raises(Exception, match=r"cannot be read|cannot keep"):
        store.set("a", "b")


def test_two_processes_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = (
        "import sys; from pathlib import Path; from decamp.credentials import SecretStore\n"
        "store = SecretStore(Path(sys.argv[1]))\n"
        "for number in range(20): store.set(f'{sys.argv[2]}:{number}', 'x')"
    )
    environment = os.environ | {VARIABLE: "file"}
    running = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path), who], env=environment)
        for who in "ab"
    ]
    assert [process.wait(timeout=240) for process in running] == [0, 0]
    store = in_file(tmp_path, monkeypatch)
    assert all(store.get(f"{who}:{n}") == "x" for who in "ab" for n in range(20))
