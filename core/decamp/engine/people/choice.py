"""What was chosen for other people's names, fixed for a destination by its first run.

Two ways in one place would be worth nothing: names that one run replaces, another would
write. So the choice stands in the journal and in the destination's own marker, and the
secret behind the aliases in the keyring, under a random name that both of them know.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets as chance
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet

from attrs import evolve, frozen

from decamp.credentials import Secrets
from decamp.engine.people.aliases import Aliases
from decamp.engine.people.names import KEEP, WAYS, OtherPeople, People
from decamp.engine.tally import Tally
from decamp.errors import ConfigError
from decamp.events import Emit, Notice
from decamp.journal import Journal, Route
from decamp.model import Destination, Origin

__all__ = ["WORDS", "PeopleChoice", "choose", "delete_secret", "require_way"]

WORDS = {
    "keep": "Other people's names come as they are in the export. To have them replaced or left "
    "out, choose an empty destination and add --people alias or drop.",
    "alias": "Other people's names are replaced by aliases. What people wrote is not changed: a "
    "message, a comment or a caption may still name somebody.",
    "drop": "What is about other people is left out. What you wrote is not changed: a message, a "
    "comment or a caption may still name somebody.",
}
"""Says to a person what becomes of names."""

_CHECKED = b"decamp: the secret behind aliases"


@frozen
class PeopleChoice:
    """What becomes of other people's names in this run."""

    way: str = "keep"
    """``keep``, ``alias`` or ``drop``."""
    check: str = ""
    """Name of the secret and a digest made with it, parted by a colon; empty: none yet."""
    secret: bytes = b""
    new: bool = False
    """The secret is not kept anywhere yet."""
    first: bool = False
    """Nothing was brought to this destination before."""

    def people(self, own: Callable[[], AbstractSet[str]], tally: Tally) -> People:
        """Make what changes the data on its way.

        Args:
            own: Gives the names of the account's owner, which stay; asked only if needed,
                because a source may have to look for them.

        Raises:
            ConfigError: Nobody knows which name is the owner's.
        """
        if self.way == "keep":
            return KEEP
        names = own()
        if not names:
            raise ConfigError(
                f"With --people {self.way} other people's names are replaced, but this export does "
                "not say which name is yours.",
                hint="Add --account with your user name, so that yours stays.",
            )
        return OtherPeople(Aliases(self.secret, names), tally, drop=self.way == "drop")

    def marked(self, origin: Origin) -> Origin:
        """Write the choice into what the destination is told."""
        return evolve(origin, people=self.way, people_check=self.check)

    def fix(
        self,
        journal: Journal,
        route: Route,
        secrets: Secrets,
        emit: Emit,
        *,
        dry_run: bool,
        public: bool = False,
    ) -> None:
        """Keep the choice, before anything is written with it.

        A run that is killed in between leaves a choice without a secret, and no secret that
        nobody knows of; as nothing is at the destination, the next run makes a new one.

        Args:
            dry_run: The journal is a copy; the secret is not kept, and the plan says the rest.
            public: Nothing that is about other people goes there, so keeping names is no news.
        """
        if (route.people, journal.people_check(route.id)) != (self.way, self.check):
            journal.set_people(route.id, self.way, self.check)
        if self.new and not dry_run:
            secrets.set(_name(self.check), self.secret.hex())
        if self.first and not dry_run and not (public and self.way == "keep"):
            emit(Notice("info", WORDS[self.way]))


def require_way(asked: str | None) -> None:
    """Make sure that a way is one of `WAYS`.

    Raises:
        ConfigError: It is not.
    """
    if asked is not None and asked not in WAYS:
        raise ConfigError(
            f"--people {asked} is not understood.", hint=f"Choose among: {', '.join(WAYS)}."
        )


def choose(
    asked: str | None,
    journal: Journal,
    routes: Sequence[Route],
    destination: Destination,
    secrets: Secrets,
) -> PeopleChoice:
    """Find out what is fixed, and get the secret; nothing is kept yet.

    Args:
        asked: What ``--people`` said.
        routes: The routes from this service to this destination account.

    Raises:
        ConfigError: Something else is fixed, the secret is gone, or none can be kept.
    """
    require_way(asked)
    held = destination.holds
    fixed = next((route for route in routes if route.people), None)
    way, check = (fixed.people, journal.people_check(fixed.id)) if fixed else ("", "")
    if held is not None:
        way = way or held.people
        check = check or held.people_check
        if asked is not None and asked != way:
            raise _fixed(destination, way, asked)
    else:
        way = asked or way or "keep"
    if way == "keep":
        return PeopleChoice(first=held is None)
    found = secrets.get(_name(check)) if check else None
    if found is not None and _fits(check, secret := bytes.fromhex(found)):
        return PeopleChoice(way, check, secret, first=held is None)
    if held is not None:
        raise _lost(destination)
    secrets.require()
    secret = chance.token_bytes(32)
    name = chance.token_hex(8)
    return PeopleChoice(way, f"{name}:{_digest(secret)}", secret, new=True, first=True)


def delete_secret(journal: Journal, route: Route, secrets: Secrets) -> None:
    """Delete the secret behind a route's aliases, unless another route uses it too.

    After that nobody can tell, or try out, whose name an alias stands for; and nothing more
    can be brought to the destination with the same aliases.
    """
    check = journal.people_check(route.id)
    others = (journal.people_check(one.id) for one in journal.all_routes() if one.id != route.id)
    if check and check not in others:
        secrets.delete(_name(check))


def _name(check: str) -> str:
    return f"people:{check.partition(':')[0]}"


def _digest(secret: bytes) -> str:
    return hmac.new(secret, _CHECKED, hashlib.sha256).hexdigest()[:16]


def _fits(check: str, secret: bytes) -> bool:
    return hmac.compare_digest(check.partition(":")[2], _digest(secret))


_NOUNS = {
    "keep": "as they are (--people keep)",
    "alias": "as aliases (--people alias)",
    "drop": "left out (--people drop)",
}


def _fixed(destination: Destination, way: str, asked: str) -> ConfigError:
    return ConfigError(
        f"At {destination.title} other people's names are {_NOUNS[way]}; its first run has fixed "
        f"that, so --people {asked} cannot be had there.",
        hint="Leave the option out; or choose a new, empty destination.",
    )


def _lost(destination: Destination) -> ConfigError:
    return ConfigError(
        f"The names of other people at {destination.title} are aliases, and the secret behind "
        "them is not in this machine's keyring, so the same aliases cannot be made.",
        hint="Use the machine, the account and the settings (DECAMP_HOME, DECAMP_SECRETS) it was "
        "written with; or choose a new, empty destination. Nothing was changed.",
    )
