"""Moves the data: one round does all that can be done now, for everybody, and never waits."""

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from decamp.errors import Locked, TransferError
from decamp.events import Event, Stage
from decamp.service.transfer import Done, Waiting
from decamp_service.copies import Copy
from decamp_service.house import House

log = logging.getLogger("decamp_service")


def work(house: House, stop: threading.Event) -> None:
    """Do one round. Any number of workers may; the same copy is carried on by one at a time."""
    house.notices.work()
    for copy in house.copies.due():
        if stop.is_set():
            return
        try:
            with house.alone(copy.person):
                _step(house, copy, stop)
        except Locked:
            pass  # another worker is at it


def _step(house: House, copy: Copy, stop: threading.Event) -> None:
    if copy.state == "closing":
        house.erase(copy.person)
        return
    try:
        outcome = house.transfer(copy.person).advance(emit=_note(copy.person), stop=stop)
    except TransferError as error:
        _failed(house, copy, error.code, error.message, error.hint)
        return
    match outcome:
        case Waiting(until, reason, request):
            if request:
                house.copies.asked(copy.person, request)
            house.copies.wait(copy, reason, until)
            log.info("the copy of %s waits: %s", copy.person, reason)
        case Done(receipt) if receipt["state"] != "interrupted":
            error = receipt.get("error")
            if error:
                _failed(house, copy, error["code"], error["message"], error["hint"])
            else:
                house.copies.end(copy, "done", _said(receipt))
                log.info("the copy of %s is done", copy.person)
        case Done():
            pass  # this worker is ending; it is still due, and the next one goes on


def _said(receipt: Mapping[str, Any]) -> str:
    delivered = sum(one.get("delivered", 0) for one in receipt["counts"].values())
    said = [f"{delivered} new entries are in your copy."]
    if not receipt["verdict"]["complete"]:
        said.append(f"Not all could be had: {'; '.join(receipt['verdict']['reasons'])}.")
    return " ".join(said)


def _note(person: str) -> Callable[[Event], None]:
    def note(event: Event) -> None:
        if isinstance(event, Stage):
            log.info("the copy of %s: %s", person, event.stage)

    return note


def _failed(house: House, copy: Copy, code: str, message: str, hint: str) -> None:
    # Signing in again helps against the one, trying again against the other.
    state = "stopped" if code in ("auth", "access-denied") else "failed"
    house.copies.end(copy, state, f"{message} {hint}")
    log.warning("the copy of %s %s: %s", copy.person, state, message)
