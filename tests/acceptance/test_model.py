"""Years of exports, in any order: a model of an account, and everything that happens to it.

Everything is checked by a model that is not decamp's code: nothing is lost, nothing comes
twice, the newest caption wins, a stranger's file stays, and `verify` and `undo` are right.
DECAMP_ACCEPTANCE_EXAMPLES and DECAMP_ACCEPTANCE_STEPS make it longer.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import bagit
import hypothesis.strategies as st
import pytest
from attrs import define, field
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from bundle_faults import KILLED, run_with_fault
from decamp import registry, upkeep
from decamp.assembly import Request, opened, transfer, undoable
from decamp.home import Home
from journey import tree as tree_of
from model_service import Export, Row, Service, at, read_posts, read_rows

EXAMPLES = int(os.environ.get("DECAMP_ACCEPTANCE_EXAMPLES", "40"))
STEPS = int(os.environ.get("DECAMP_ACCEPTANCE_STEPS", "14"))
EVERYTHING = frozenset({"profile", "activity", "messages", "posts"})
REGISTRY = registry.load()


def nothing(event: object) -> None:
    """Take an event."""


def tree(bundle: Path) -> dict[str, str]:
    """Digest every file but what a killed run has left, which the next one clears away."""
    return {path: one for path, one in tree_of(bundle).items() if not path.startswith(".decamp")}


@define
class Truth:
    """What has to be at the destination, and what may be."""

    low: Counter[Row] = field(factory=Counter)
    high: Counter[Row] = field(factory=Counter)
    posts: dict[int, set[int]] = field(factory=dict)
    """Number of each post that has to be there, with the versions that it may have."""
    maybe: dict[int, set[int]] = field(factory=dict)
    """The same of posts that may be there: a run that brought them was killed."""
    newest: dict[int, int] = field(factory=dict)

    def copy(self) -> Truth:
        return Truth(
            Counter(self.low),
            Counter(self.high),
            {k: set(v) for k, v in self.posts.items()},
            {k: set(v) for k, v in self.maybe.items()},
            dict(self.newest),
        )

    def tried(self, export: Export) -> None:
        """A run with it was killed."""
        self.high |= export.rows
        for number, version in export.posts.items():
            self.maybe.setdefault(number, set()).add(version)

    def delivered(self, export: Export, *, unsure: bool) -> None:
        self.low |= export.rows
        self.high |= export.rows
        for number, version in export.posts.items():
            newest = self.newest.get(number, -1)
            versions = self.posts.setdefault(number, set())
            if export.number >= newest:
                self.newest[number] = export.number
                if not unsure:
                    versions.clear()
            if export.number >= newest or unsure:
                versions.add(version)
            versions |= self.maybe.get(number, set())


class Years(RuleBasedStateMachine):
    """One account, two computers, one bundle."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="decamp-model-"))
        self.service = Service(self.folder)
        self.bundle = self.folder / "bundle"
        self.homes = [Home(self.folder / name) for name in ("a", "b")]
        self.truth = Truth()
        self.undo_stack: list[tuple[int, dict[str, str], Truth]] = []
        self.read_back = False
        """A journal was lost or overtaken: how old each caption is, is not known any more."""
        self.interrupted = False
        self.strangers: dict[Path, str] = {}

    def teardown(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    @initialize()
    def begin(self) -> None:
        self.service.posts[self.service.number()] = (5, 0)
        self.service.searches += [(at(n), f"search {n}") for n in range(4)]
        number = self.service.number()
        self.service.names[number] = f"partner{number}"
        self.service.chats[number] = [(at(n), True, f"chat {number} {n}") for n in range(3)]
        self.service.export(EVERYTHING)

    # --- at the service ------------------------------------------------------------------

    @rule(second=st.integers(0, 3))
    def post(self, second: int) -> None:
        if second not in self.service.gone:
            self.service.posts[self.service.number()] = (second, 0)

    @rule(data=st.data())
    def edit_a_caption(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from([None, *self.service.posts]))
        if number is not None:
            second, version = self.service.posts[number]
            self.service.posts[number] = (second, version + 1)

    @rule(data=st.data())
    def delete_a_post(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from([None, *self.service.posts]))
        if number is not None:
            self.service.gone.add(self.service.posts.pop(number)[0])

    @rule(again=st.booleans())
    def search(self, again: bool) -> None:
        made = self.service.number()
        row = (at(100 + made), f"search {made}")
        if again and self.service.searches:
            row = self.service.searches[-1]  # equal rows are several events
        self.service.searches += [row]

    @rule(data=st.data(), theirs=st.booleans(), new=st.booleans())
    def write_a_message(self, data: st.DataObject, theirs: bool, new: bool) -> None:
        made = self.service.number()
        if new or not self.service.chats:
            self.service.names[made] = f"partner{made}"
            self.service.chats[made] = []
            number = made
        else:
            number = data.draw(st.sampled_from(sorted(self.service.chats)))
        message = (at(200 + made), theirs, f"chat {number} {made}")
        self.service.chats[number] += [message]

    @rule()
    def trim(self) -> None:
        del self.service.searches[: len(self.service.searches) // 2]
        for messages in self.service.chats.values():
            del messages[: len(messages) // 2]

    @rule(data=st.data())
    def rename_a_partner(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from([None, *self.service.names]))
        if number is not None:
            self.service.names[number] = f"renamed{self.service.number()}"

    @rule()
    def rename_the_account(self) -> None:
        self.service.name = f"name{self.service.number()}"

    @rule(
        kinds=st.sampled_from(
            [EVERYTHING, EVERYTHING, *(frozenset({kind}) for kind in sorted(EVERYTHING))]
        )
    )
    def export(self, kinds: frozenset[str]) -> None:
        self.service.export(kinds)

    # --- at home -------------------------------------------------------------------------

    def run(self, export: Export, machine: int) -> dict[str, Any]:
        return transfer(
            Request(source=str(export.path), destination=str(self.bundle)),
            registry=REGISTRY,
            home=self.homes[machine],
            emit=nothing,
            stop=threading.Event(),
            ask=lambda question: True,
        )

    @rule(data=st.data(), machine=st.sampled_from([0, 0, 0, 1]), latest=st.booleans())
    def transfer(self, data: st.DataObject, machine: int, latest: bool) -> None:
        exports = self.service.exports
        export = exports[-1] if latest else data.draw(st.sampled_from(exports))
        before = tree(self.bundle)
        others = self.undo_stack and self.undo_stack[-1][0] != machine
        receipt = self.run(export, machine)
        codes = {one["code"] for one in receipt["problems"]}
        assert receipt["exit_code"] in ((0, 3) if codes == {"ambiguous"} else (0,)), receipt
        if others:
            self.read_back = True
        self.check_rows_and_posts(export, listed=bool(codes))
        after = tree(self.bundle)
        if others or self.interrupted:
            self.undo_stack.clear()
        if after != before and not self.interrupted:
            self.undo_stack.append((machine, before, self.truth.copy()))
        self.truth.delivered(export, unsure=self.read_back or bool(codes))
        self.interrupted = False
        self.check()

    def check_rows_and_posts(self, export: Export, *, listed: bool) -> None:
        """What this very export holds is there now."""
        rows = read_rows(self.bundle) if self.bundle.exists() else Counter()
        assert export.rows <= rows, export.rows - rows
        if not listed:
            held = {number for number, _ in read_posts(self.bundle)}
            assert export.posts.keys() <= held

    @rule(data=st.data(), machine=st.sampled_from([0, 0, 1]), step=st.integers(1, 60))
    def killed(self, data: st.DataObject, machine: int, step: int) -> None:
        export = data.draw(st.sampled_from(self.service.exports))
        ended = run_with_fault(lambda: self.run(export, machine), self.bundle, step)
        assert ended in (0, KILLED)
        if self.undo_stack and self.undo_stack[-1][0] != machine:
            self.read_back = True
        self.undo_stack.clear()
        self.truth.tried(export)
        if ended == KILLED:
            self.interrupted = True

    @rule(machine=st.integers(0, 1))
    def lose_the_journal(self, machine: int) -> None:
        shutil.rmtree(self.homes[machine].folder, ignore_errors=True)
        self.undo_stack.clear()
        self.read_back = True

    @rule(machine=st.integers(0, 1))
    def back_up_the_journal(self, machine: int) -> None:
        backup = self.folder / f"backup-{machine}"
        shutil.rmtree(backup, ignore_errors=True)
        if self.homes[machine].folder.exists():
            shutil.copytree(self.homes[machine].folder, backup)

    @rule(machine=st.integers(0, 1))
    def go_back_to_an_older_journal(self, machine: int) -> None:
        backup = self.folder / f"backup-{machine}"
        if backup.exists():
            shutil.rmtree(self.homes[machine].folder, ignore_errors=True)
            shutil.copytree(backup, self.homes[machine].folder)
            self.undo_stack.clear()
            self.read_back = True

    @rule(number=st.integers(0, 2))
    def put_in_a_file(self, number: int) -> None:
        if not (self.bundle / "decamp.json").exists():
            return
        path = self.bundle / f"stranger-{number}.txt"
        path.write_text("mine")
        self.strangers[path] = "mine"
        self.undo_stack.clear()

    @rule()
    def undo(self) -> None:
        if not self.undo_stack or self.interrupted:
            return  # no precondition: where a kill hits, threads decide
        machine, before, truth = self.undo_stack.pop()
        home = self.homes[machine]
        found = undoable("", home=home)
        with opened(found.at, registry=REGISTRY, home=home) as place:
            undoing = upkeep.Undoing(place, found.run)
            document = upkeep.undo(undoing, emit=nothing, stop=threading.Event())
        assert document["exit_code"] == 0, document
        assert tree(self.bundle) == before
        self.truth = truth
        self.check()

    @rule(machine=st.integers(0, 1))
    def forget(self, machine: int) -> None:
        home = self.homes[machine]
        with opened(str(self.bundle), registry=REGISTRY, home=home) as place:
            if place.route is not None:
                upkeep.forget(place, dry_run=False)
                self.undo_stack.clear()
                self.read_back = True

    @rule(machine=st.integers(0, 1), deep=st.booleans())
    def verify(self, machine: int, deep: bool) -> None:
        if self.interrupted or not (self.bundle / "decamp.json").exists():
            return
        with opened(str(self.bundle), registry=REGISTRY, home=self.homes[machine]) as place:
            document = upkeep.verify(
                place, deep=deep, sample=0, emit=nothing, stop=threading.Event()
            )
        assert document["intact"], document
        assert document["added"] == sorted(map(str, self.strangers))

    # --- what has to hold ----------------------------------------------------------------

    def check(self) -> None:
        if not self.bundle.exists() or not any(self.bundle.glob("bagit.txt")):
            assert not self.truth.low and not self.truth.posts
            return
        rows = read_rows(self.bundle)
        assert self.truth.low <= rows, ("lost", self.truth.low - rows)
        assert rows <= self.truth.high, ("doubled", rows - self.truth.high)
        posts = read_posts(self.bundle)
        twice = [number for number, count in Counter(n for n, _ in posts).items() if count > 1]
        assert not twice, ("twice", twice)
        held = dict(posts)
        for number, versions in self.truth.posts.items():
            if number in held:
                assert held[number] in versions, (number, held[number], versions)
        for path, content in self.strangers.items():
            assert path.read_text() == content
        bagit.Bag(str(self.bundle)).validate()


@pytest.mark.timeout(3600)  # it takes what it takes; only a hang is a failure
def test_years_in_any_order() -> None:
    run_state_machine_as_test(
        Years,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize="DECAMP_ACCEPTANCE_EXAMPLES" not in os.environ,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
