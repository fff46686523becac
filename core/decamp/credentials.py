"""Secrets: in the system's keyring, or, if that is asked for, in a private file.

The keyring is the ``keyring`` package's: macOS Keychain, Windows Credential Locker, the
Secret Service of a Linux desktop. Machines without one, such as servers, have to say
``DECAMP_SECRETS=file``: a secret never comes to lie in a file by accident.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec
from attrs import frozen

from decamp.errors import ConfigError
from decamp.filesystems import make_private, no_room, replace_private

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

__all__ = [
    "FILE",
    "NOTES",
    "VARIABLE",
    "NoSecrets",
    "SecretStore",
    "Secrets",
    "notes_of",
    "secrets_of",
]

VARIABLE = "DECAMP_SECRETS"
"""Set to ``file``, secrets are kept in a file of decamp's own."""

FILE = "secrets.json"
"""Its name, below decamp's home."""

NOTES = "notes.json"
"""What plugins remember that is no secret, below decamp's home."""

_SERVICE = "decamp"
_HINT = (
    f"Set {VARIABLE}=file to keep secrets in a file that only you can read, in decamp's own "
    "folder; set it for each later run too."
)


class Secrets(Protocol):
    """Keeps texts that nobody else may read, by name."""

    def require(self) -> None:
        """Make sure that a secret could be kept, without keeping one.

        Raises:
            ConfigError: None can be kept here; the hint says what to do.
        """
        ...

    def get(self, name: str) -> str | None:
        """Give a secret; None if there is none of this name."""
        ...

    def set(self, name: str, value: str) -> None:
        """Keep a secret, durably on return."""
        ...

    def delete(self, name: str) -> None:
        """Forget a secret; none of this name is fine."""
        ...


class NoSecrets:
    """A place that keeps nothing: for surroundings without a home."""

    def require(self) -> None:
        """Refuse."""
        raise ConfigError("There is no place to keep a secret.", hint=_HINT)

    def get(self, name: str) -> str | None:  # noqa: ARG002
        """Give none."""
        return None

    def set(self, name: str, value: str) -> None:  # noqa: ARG002
        """Refuse."""
        self.require()

    def delete(self, name: str) -> None:
        """Do nothing: there is none."""


class SecretStore:
    """Secrets of one user; which place they lie in is found out when the first is needed.

    Args:
        folder: decamp's home, for the file.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._found: Secrets | None = None

    @property
    def _place(self) -> Secrets:
        if self._found is None:
            chosen = os.environ.get(VARIABLE, "")
            if chosen not in ("", "file"):
                raise ConfigError(
                    f"{VARIABLE} is {chosen!r}, which decamp does not know.",
                    hint=f"Leave it out for the system's keyring, or set {VARIABLE}=file.",
                )
            self._found = _File(self._folder / FILE) if chosen else _Keyring()
        return self._found

    def require(self) -> None:
        """Make sure that a secret could be kept, without keeping one."""
        self._place.require()

    def get(self, name: str) -> str | None:
        """Give a secret; None if there is none of this name."""
        return self._place.get(name)

    def set(self, name: str, value: str) -> None:
        """Keep a secret, and read it back to be sure."""
        self.require()
        self._place.set(name, value)
        if self._place.get(name) != value:
            raise ConfigError("The system's keyring took a secret and lost it.", hint=_HINT)

    def delete(self, name: str) -> None:
        """Forget a secret; none of this name is fine."""
        self._place.delete(name)


def secrets_of(plugin: str, folder: Path) -> Secrets:
    """Give a plugin its own secrets; it meets no others.

    Args:
        plugin: Its name.
        folder: decamp's home.
    """
    return _Own(SecretStore(folder), f"plugin:{plugin}:")


def notes_of(plugin: str, folder: Path) -> Secrets:
    """Give the file in which a plugin remembers what is no secret; it is private all the same.

    Args:
        plugin: Its name.
        folder: decamp's home.
    """
    return _Own(_File(folder / NOTES), f"plugin:{plugin}:")


@frozen
class _Own:
    """A part of a place, by the beginning of the names."""

    _place: Secrets
    _prefix: str

    def require(self) -> None:
        self._place.require()

    def get(self, name: str) -> str | None:
        return self._place.get(f"{self._prefix}{name}")

    def set(self, name: str, value: str) -> None:
        self._place.set(f"{self._prefix}{name}", value)

    def delete(self, name: str) -> None:
        self._place.delete(f"{self._prefix}{name}")


class _Keyring:
    """The system's keyring."""

    def __init__(self) -> None:
        import keyring

        self._backend: KeyringBackend = keyring.get_keyring()

    def require(self) -> None:
        # The fail backend refuses and the null backend forgets: both have priority 0 or less.
        chosen = next(iter(getattr(self._backend, "backends", ())), self._backend)
        name = type(chosen).__name__
        if "plaintext" in name.lower():
            raise ConfigError(
                f"The keyring that is set up here, {name}, keeps secrets as plain text, so decamp "
                "keeps none in it.",
                hint=_HINT,
            )
        try:
            usable = chosen.priority > 0
        except RuntimeError:  # this is how a backend says that it cannot work here
            usable = False
        if not usable:
            raise ConfigError("This machine has no keyring to keep a secret in.", hint=_HINT)

    def get(self, name: str) -> str | None:
        from keyring.errors import NoKeyringError

        try:
            with _refused():
                return self._backend.get_password(_SERVICE, name)
        except NoKeyringError:
            return None

    def set(self, name: str, value: str) -> None:
        with _refused():
            self._backend.set_password(_SERVICE, name, value)

    def delete(self, name: str) -> None:
        from keyring.errors import NoKeyringError, PasswordDeleteError

        with suppress(NoKeyringError, PasswordDeleteError), _refused():
            self._backend.delete_password(_SERVICE, name)


@contextmanager
def _refused() -> Iterator[None]:
    """Tell what the keyring says in our words; a keyring that is not there passes through."""
    from keyring.errors import NoKeyringError, PasswordDeleteError

    try:
        yield
    except (NoKeyringError, PasswordDeleteError):
        raise
    except Exception as error:  # backends are others' code, and raise what they like
        raise ConfigError(
            f"The system's keyring did not answer as it should ({type(error).__name__}).",
            hint=f"Unlock it and run the same command again. Or: {_HINT[0].lower()}{_HINT[1:]}",
        ) from error


class _File:
    """A JSON file that only its owner can read, replaced as a whole."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def require(self) -> None:
        self._read()

    def get(self, name: str) -> str | None:
        return self._read().get(name)

    def set(self, name: str, value: str) -> None:
        with self._changing() as kept:
            kept[name] = value

    def delete(self, name: str) -> None:
        if name in self._read():
            with self._changing() as kept:
                kept.pop(name, None)

    def _read(self) -> dict[str, str]:
        try:
            with self._path.open("rb") as file:
                if os.name != "nt" and os.fstat(file.fileno()).st_mode & 0o077:
                    raise ConfigError(
                        f"Others on this machine can read {self._path}.",
                        hint=f"Make it private: chmod 600 {self._path}",
                    )
                return msgspec.json.decode(file.read(), type=dict[str, str])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"What is kept in {self._path} cannot be read ({type(error).__name__}).",
                hint="Put a former copy of the file back. Without it, what needs something in it "
                "cannot go on.",
            ) from error

    @contextmanager
    def _changing(self) -> Iterator[dict[str, str]]:
        from filelock import FileLock

        make_private(self._path.parent)
        with FileLock(self._path.with_suffix(".lock"), mode=0o600):
            kept = self._read()
            yield kept
            self._write(kept)

    def _write(self, kept: dict[str, str]) -> None:
        try:
            replace_private(
                self._path, msgspec.json.format(msgspec.json.encode(kept), indent=2) + b"\n"
            )
        except OSError as error:
            full = no_room(error, self._path)
            if full is not None:
                raise full from error
            raise ConfigError(
                f"Something could not be kept in {self._path} ({error.strerror}).",
                hint="Set DECAMP_HOME to a folder that you can write to.",
            ) from error
