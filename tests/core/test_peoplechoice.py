"""What is fixed for a place, and what is asked for: who wins, and when nobody can."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from decamp.engine.people.choice import PeopleChoice, choose, require_way
from decamp.engine.people.names import KEEP, OtherPeople
from decamp.engine.tally import Tally
from decamp.errors import ConfigError
from decamp.events import ignore
from decamp.journal import Journal, Route
from decamp.model import Account, Destination, Origin


class Safe:
    """A place for secrets in memory."""

    def __init__(self, *, closed: bool = False) -> None:
        self.kept: dict[str, str] = {}
        self.closed = closed

    def require(self) -> None:
        if self.closed:
            raise ConfigError("closed")

    def get(self, name: str) -> str | None:
        return self.kept.get(name)

    def set(self, name: str, value: str) -> None:
        self.kept[name] = value

    def delete(self, name: str) -> None:
        self.kept.pop(name, None)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal.open(tmp_path / "journal.db")
    yield opened
    opened.close()


@pytest.fixture
def route(journal: Journal) -> Route:
    return journal.add_route("tiktok", "disk", "/b", ["name:ada.example"], "2026-01-01T00:00:00Z")


def at(people: str | None = None, check: str = "") -> Destination:
    """Give a place: empty, or one that holds what was written in some way."""
    holds = None if people is None else Origin(Account(names=("ada",)), None, people, check)
    return Destination("/b", "b", holds)


def fixed(journal: Journal, route: Route, safe: Safe, way: str = "alias") -> PeopleChoice:
    choice = choose(way, journal, [], at(), safe)
    choice.fix(journal, route, safe, ignore, dry_run=False)
    return choice


def again(journal: Journal) -> list[Route]:
    return journal.routes("tiktok", "disk", "/b")


def test_keep_needs_no_secret(journal: Journal, route: Route) -> None:
    safe = Safe(closed=True)
    choice = choose(None, journal, [route], at(), safe)
    assert choice == PeopleChoice(first=True)
    choice.fix(journal, route, safe, ignore, dry_run=False)
    assert [one.people for one in again(journal)] == ["keep"]
    assert choice.people(set, Tally()) is KEEP


def test_a_first_run_makes_a_secret_and_later_ones_find_it(journal: Journal, route: Route) -> None:
    safe = Safe()
    first = fixed(journal, route, safe)
    [(name, value)] = safe.kept.items()
    assert name == "people:" + first.check.partition(":")[0]
    assert value == first.secret.hex() and len(first.secret) == 32
    for held in (at("alias", first.check), at("keep"), at()):
        later = choose(None, journal, again(journal), held, safe)
        assert (later.way, later.check, later.secret) == ("alias", first.check, first.secret)
        assert not later.new
    assert isinstance(later.people(lambda: {"ada"}, Tally()), OtherPeople)


def test_a_journal_that_was_lost_goes_by_what_the_place_says(
    journal: Journal, route: Route
) -> None:
    safe = Safe()
    first = fixed(journal, route, safe, "drop")
    found = choose(None, journal, [], at("drop", first.check), safe)
    assert (found.way, found.secret) == ("drop", first.secret)
    marked = first.marked(Origin(Account()))
    assert (marked.people, marked.people_check) == ("drop", first.check)


def test_what_is_fixed_stays(journal: Journal, route: Route) -> None:
    safe = Safe()
    first = fixed(journal, route, safe)
    for held in (at("alias", first.check), at("keep")):
        with pytest.raises(ConfigError, match="--people drop"):
            choose("drop", journal, again(journal), held, safe)
    assert choose("drop", journal, again(journal), at(), safe).way == "drop", "nothing is there"
    with pytest.raises(ConfigError, match="--people alias"):
        choose("alias", journal, [], at("keep"), safe)


@pytest.mark.parametrize("kept", [None, "00" * 32])
def test_a_secret_that_is_gone_or_another_is_refused(
    kept: str | None, journal: Journal, route: Route
) -> None:
    first = fixed(journal, route, Safe())
    safe = Safe()
    if kept:
        safe.kept["people:" + first.check.partition(":")[0]] = kept
    with pytest.raises(ConfigError, match="secret behind them"):
        choose(None, journal, again(journal), at("alias", first.check), safe)
    anew = choose(None, journal, again(journal), at(), safe)
    assert anew.new and anew.secret not in (first.secret, bytes(32))


def test_a_place_without_secrets_is_noticed_before_anything_is_read(
    journal: Journal, route: Route
) -> None:
    with pytest.raises(ConfigError, match="closed"):
        choose("alias", journal, [route], at(), Safe(closed=True))


def test_a_dry_run_keeps_no_secret(journal: Journal, route: Route) -> None:
    safe = Safe()
    choice = choose("alias", journal, [route], at(), safe)
    choice.fix(journal, route, safe, ignore, dry_run=True)
    assert safe.kept == {}


def test_the_owner_has_to_be_known(journal: Journal, route: Route) -> None:
    choice = choose("alias", journal, [route], at(), Safe())
    with pytest.raises(ConfigError) as caught:
        choice.people(set, Tally())
    assert "--account" in caught.value.hint


def test_ways_are_checked() -> None:
    for way in (None, "keep", "alias", "drop"):
        require_way(way)
    with pytest.raises(ConfigError, match="hide") as caught:
        require_way("hide")
    assert caught.value.hint == "Choose among: keep, alias, drop."
